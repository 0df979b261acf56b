// Watchdog: tells the service manager that stormd lives for as long as its engine answers. A thread
// of its own asks, from construction to destruction; an answer may come later than that.
#pragma once
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <thread>

#include "core/daemon/service_notifier.hpp"

namespace storm {

class Watchdog {
 public:
  // Calls `answered` when the engine got to it; may wait for room until `give_up()`.
  // [watchdog's thread]
  using Probe =
      std::function<void(const std::function<bool()>& give_up, std::function<void()> answered)>;

  // Asks every `period`, and not again before there was an answer. The notifier outlives it.
  Watchdog(const ServiceNotifier& notifier, std::chrono::microseconds period, Probe probe);

 private:
  void run(const std::stop_token& stop);

  const ServiceNotifier& notifier_;
  const std::chrono::microseconds period_;
  const Probe probe_;
  // Outlives this while a probe is on its way.
  const std::shared_ptr<std::atomic<bool>> answered_ = std::make_shared<std::atomic<bool>>(true);
  std::jthread thread_;  // last: uses the others
};

}  // namespace storm
