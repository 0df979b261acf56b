#include "core/rest/client_timer.hpp"

#include <algorithm>
#include <utility>

namespace storm::rest {

void ClientTimer::start(std::weak_ptr<void> owner, std::function<void()> late) {
  owner_ = std::move(owner);
  late_ = std::move(late);
}

void ClientTimer::allow(std::chrono::milliseconds time) {
  deadline_ = clock_.mono_now() + std::chrono::nanoseconds(time).count();
  if (!armed_for_ || *deadline_ < *armed_for_) arm();
}

void ClientTimer::beat(std::chrono::milliseconds every, std::function<void()> pulse) {
  every_ = std::chrono::nanoseconds(every).count();
  pulse_ = std::move(pulse);
  next_pulse_ = clock_.mono_now() + every_;
  if (!armed_for_ || *next_pulse_ < *armed_for_) arm();
}

void ClientTimer::stop() {
  stopped_ = true;
  deadline_.reset();
  next_pulse_.reset();
  timer_.cancel();
}

void ClientTimer::arm() {
  armed_for_.reset();
  if (stopped_ || (!deadline_ && !next_pulse_)) return;
  armed_for_ = !deadline_     ? *next_pulse_
               : !next_pulse_ ? *deadline_
                              : std::min(*deadline_, *next_pulse_);
  timer_.expires_after(
      std::chrono::nanoseconds(std::max<MonoTime>(*armed_for_ - clock_.mono_now(), 0)));
  timer_.async_wait([this, owner = owner_](const boost::system::error_code& fault) {
    const auto alive = owner.lock();
    if (!fault && alive) fire();
  });
}

void ClientTimer::fire() {
  if (stopped_) return;
  const MonoTime now = clock_.mono_now();
  if (deadline_ && now >= *deadline_) {
    deadline_.reset();
    late_();
  } else if (next_pulse_ && now >= *next_pulse_) {
    next_pulse_ = now + every_;
    pulse_();
  }
  arm();
}

}  // namespace storm::rest
