#include "core/daemon/signals.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace storm {
namespace {

sigset_t watched() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  return signals;
}

}  // namespace

Signals::Signals() {
  const sigset_t signals = watched();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::thread([this] { run(); }).detach();
}

Signals::Wish Signals::wait() {
  std::unique_lock lock(mutex_);
  arrived_.wait(lock, [this] { return stop_ || reload_; });
  if (stop_) return Wish::Stop;
  reload_ = false;
  return Wish::Reload;
}

void Signals::run() {
  const sigset_t signals = watched();
  bool stopping = false;
  while (!stopping) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0) continue;
    stopping = signal != SIGHUP;
    {
      const std::lock_guard lock(mutex_);
      (stopping ? stop_ : reload_) = true;
    }
    arrived_.notify_all();
  }
  std::this_thread::sleep_for(kStopTime);
  fmt::print(stderr, "stormd: something does not stop; leaving without it\n");
  std::_Exit(1);
}

}  // namespace storm
