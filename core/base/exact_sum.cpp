#include "core/base/exact_sum.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace storm {
namespace {

constexpr int kScaleBits = 32;
constexpr int kMantissaBits = std::numeric_limits<double>::digits;

}  // namespace

void ExactSum::add_part(int scale, Wide amount) {
  if (amount == 0) return;
  const auto at = std::ranges::lower_bound(parts_, scale, {}, &Part::scale);
  if (at == parts_.end() || at->scale != scale) {
    parts_.insert(at, {scale, amount});
  } else if (at->amount += amount; at->amount == 0) {
    parts_.erase(at);
  }
}

void ExactSum::add(std::int64_t number, std::int64_t times) {
  add_part(0, static_cast<Wide>(number) * times);
}

void ExactSum::add(double number, std::int64_t times) {
  if (!std::isfinite(number)) return;
  constexpr double kIntegersEnd = 9223372036854775808.0;  // 2^63
  if (std::trunc(number) == number && number >= -kIntegersEnd && number < kIntegersEnd)
    return add(static_cast<std::int64_t>(number), times);
  int exponent = 0;
  const double mantissa = std::frexp(number, &exponent);
  const auto digits = static_cast<Wide>(std::ldexp(mantissa, kMantissaBits));
  exponent -= kMantissaBits;
  const int scale = exponent >= 0 ? exponent / kScaleBits
                                  : -((-exponent + kScaleBits - 1) / kScaleBits);  // rounded down
  const int shift = exponent - scale * kScaleBits;
  add_part(scale, digits * (Wide{1} << shift) * times);
}

std::optional<std::int64_t> ExactSum::integer() const {
  if (parts_.empty()) return 0;
  const Wide amount = parts_.front().amount;
  if (parts_.size() > 1 || parts_.front().scale != 0 ||
      amount > std::numeric_limits<std::int64_t>::max() ||
      amount < std::numeric_limits<std::int64_t>::min()) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(amount);
}

double ExactSum::number() const {
  long double sum = 0;
  for (const Part& part : parts_)
    sum += std::ldexp(static_cast<long double>(part.amount), part.scale * kScaleBits);
  return static_cast<double>(sum);
}

}  // namespace storm
