// When the next generation of a plugin's process may start: after a pause that doubles with each
// failure, or not at all once so many died one after the other. A quarantine is of one build of the
// plugin under one build of stormd. [any-thread]
#pragma once
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

#include "core/base/clock.hpp"

namespace storm::runner {

class RestartPolicy {
 public:
  struct Limits {
    std::int64_t pause_first = 100 * kNanosecondsPerMillisecond;
    std::int64_t pause_max = 30 * kNanosecondsPerSecond;
    std::int64_t steady = 10 * kNanosecondsPerSecond;  // a life that begins the pauses anew
    std::int64_t row = 60 * kNanosecondsPerSecond;     // within which deaths are counted
    std::size_t deaths_max = 5;                        // of a row; then it is quarantined
  };
  explicit RestartPolicy(Limits limits) : limits_(limits) {}

  // A generation of `build` died after `life`. What it says is the pause until the next.
  std::int64_t died(MonoTime now, std::int64_t life, const std::string& build,
                    const std::string& reason);
  // It did not even begin, without dying: its plugin said that it cannot.
  std::int64_t could_not_start(MonoTime now);

  // How long until a generation of `build` may start; 0: now. A build that is not the one in
  // quarantine ends that.
  std::int64_t left(MonoTime now, const std::string& build);
  bool quarantined() const;
  std::string reason() const;  // of the last death; empty when there was none
  void clear();                // the quarantine, and what led to it

 private:
  std::int64_t pause(MonoTime now);  // Requires: mutex_ is held.

  const Limits limits_;
  mutable std::mutex mutex_;
  std::deque<MonoTime> deaths_;    // Guarded by mutex_. Within `row`.
  std::int64_t next_pause_ = 0;    // Guarded by mutex_.
  MonoTime not_before_ = 0;        // Guarded by mutex_.
  std::string quarantined_build_;  // Guarded by mutex_. Empty: none is.
  std::string reason_;             // Guarded by mutex_.
};

}  // namespace storm::runner
