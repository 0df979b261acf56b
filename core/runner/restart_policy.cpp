#include "core/runner/restart_policy.hpp"

#include <algorithm>

namespace storm::runner {

std::int64_t RestartPolicy::died(MonoTime now, std::int64_t life, const std::string& build,
                                 const std::string& reason) {
  const std::lock_guard lock(mutex_);
  reason_ = reason;
  while (!deaths_.empty() && now - deaths_.front() > limits_.row) deaths_.pop_front();
  deaths_.push_back(now);
  if (life >= limits_.steady) next_pause_ = 0;
  const std::int64_t rest = pause(now);
  if (deaths_.size() < limits_.deaths_max) return rest;
  quarantined_build_ = build;
  not_before_ = now + limits_.pause_max;
  return limits_.pause_max;
}

std::int64_t RestartPolicy::could_not_start(MonoTime now) {
  const std::lock_guard lock(mutex_);
  return pause(now);
}

std::int64_t RestartPolicy::pause(MonoTime now) {
  const std::int64_t rest = std::max(next_pause_, limits_.pause_first);
  next_pause_ = std::min(2 * rest, limits_.pause_max);
  not_before_ = now + rest;
  return rest;
}

std::int64_t RestartPolicy::left(MonoTime now, const std::string& build) {
  const std::lock_guard lock(mutex_);
  if (!quarantined_build_.empty()) {
    if (quarantined_build_ == build) return limits_.pause_max;
    quarantined_build_.clear();
    deaths_.clear();
    next_pause_ = 0;
    not_before_ = now;
  }
  return std::max<std::int64_t>(0, not_before_ - now);
}

bool RestartPolicy::quarantined() const {
  const std::lock_guard lock(mutex_);
  return !quarantined_build_.empty();
}

std::string RestartPolicy::reason() const {
  const std::lock_guard lock(mutex_);
  return reason_;
}

void RestartPolicy::clear() {
  const std::lock_guard lock(mutex_);
  quarantined_build_.clear();
  deaths_.clear();
  next_pause_ = 0;
  not_before_ = 0;
}

}  // namespace storm::runner
