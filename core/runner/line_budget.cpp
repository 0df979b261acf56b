#include "core/runner/line_budget.hpp"

#include <algorithm>
#include <utility>

namespace storm::runner {

bool LineBudget::take(MonoTime now) {
  const auto passed = static_cast<double>(now - filled_at_);
  if (filled_at_ != 0 && passed > 0) {
    left_ =
        std::min(burst_, left_ + per_second_ * passed / static_cast<double>(kNanosecondsPerSecond));
  }
  filled_at_ = now;
  if (left_ < 1) {
    ++dropped_;
    return false;
  }
  left_ -= 1;
  return true;
}

std::uint64_t LineBudget::take_dropped() { return std::exchange(dropped_, 0); }

}  // namespace storm::runner
