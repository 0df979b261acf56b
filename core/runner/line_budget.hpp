// How many lines somebody may write: a burst, then so many a second; what is above that is counted.
// A value of its owner's thread.
#pragma once
#include <cstdint>

#include "core/base/clock.hpp"

namespace storm::runner {

class LineBudget {
 public:
  LineBudget(double per_second, double burst)
      : per_second_(per_second), burst_(burst), left_(burst) {}

  // Whether there is room for a line; if not it is counted as dropped.
  bool take(MonoTime now);
  // How many were dropped since it was last asked.
  std::uint64_t take_dropped();

 private:
  const double per_second_;
  const double burst_;
  double left_;
  MonoTime filled_at_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace storm::runner
