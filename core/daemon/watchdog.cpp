#include "core/daemon/watchdog.hpp"

#include <condition_variable>
#include <mutex>
#include <utility>

namespace storm {

Watchdog::Watchdog(const ServiceNotifier& notifier, std::chrono::microseconds period, Probe probe)
    : notifier_(notifier),
      period_(period),
      probe_(std::move(probe)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void Watchdog::run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  const auto give_up = [&stop] { return stop.stop_requested(); };
  while (!stop.stop_requested()) {
    if (answered_->exchange(false)) {
      notifier_.alive();
      probe_(give_up, [answered = answered_] { *answered = true; });
    }
    stopped.wait_for(lock, stop, period_, [] { return false; });
  }
}

}  // namespace storm
