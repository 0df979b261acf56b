// ClientTimer: how long a client is waited for, and a pulse for streams that are quiet. Allowing
// more time is a store: the timer beneath is armed anew only when it fires, or for an earlier end.
//
// Part of a connection, on the thread of its loop. What it waits for does not keep the connection
// alive.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "core/base/clock.hpp"
#include "core/rest/io_loop.hpp"

namespace storm::rest {

class ClientTimer {
 public:
  ClientTimer(const Executor& executor, const Clock& clock) : clock_(clock), timer_(executor) {}

  // Once, first. `late` is called when the client took too long; only while `owner` lives.
  void start(std::weak_ptr<void> owner, std::function<void()> late);
  // From now on the client has so long; nothing allowed before counts any more.
  void allow(std::chrono::milliseconds time);
  void allow_any_time() { deadline_.reset(); }
  // Calls `pulse` from now on each so often.
  void beat(std::chrono::milliseconds every, std::function<void()> pulse);
  void stop();

 private:
  void arm();
  void fire();

  const Clock& clock_;
  Timer timer_;
  std::weak_ptr<void> owner_;
  std::function<void()> late_;
  std::function<void()> pulse_;
  std::int64_t every_ = 0;              // nanoseconds
  std::optional<MonoTime> next_pulse_;  // no value: it does not beat
  std::optional<MonoTime> deadline_;    // no value: the client has any time
  std::optional<MonoTime> armed_for_;   // no value: the timer does not run
  bool stopped_ = false;
};

}  // namespace storm::rest
