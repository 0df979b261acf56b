#include "core/base/exact_sum.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "catch.hpp"

using storm::ExactSum;

TEST_CASE("exact sum: what was added is taken away without a trace", "[base]") {
  ExactSum sum;
  sum.add(0.1);
  sum.add(1e300);
  sum.add(std::int64_t{7});
  sum.add(5e-324);
  sum.add(1e300, -1);
  sum.add(5e-324, -1);
  sum.add(std::int64_t{7}, -1);
  CHECK(sum.number() == 0.1);
  sum.add(0.1, -1);
  CHECK(sum == ExactSum());
  CHECK(sum.integer() == 0);
}

TEST_CASE("exact sum: integers stay exact and leave 64 bits only when they must", "[base]") {
  constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();
  ExactSum sum;
  sum.add(kLargest);
  sum.add(std::int64_t{-1});
  CHECK(sum.integer() == kLargest - 1);
  sum.add(2.0);
  CHECK_FALSE(sum.integer());
  CHECK(sum.number() == 9223372036854775808.0);
  sum.add(kLargest, -1);
  CHECK(sum.integer() == 1);
}

TEST_CASE("exact sum: the order of what is added does not matter", "[base]") {
  std::mt19937_64 random(7);
  std::vector<double> numbers;
  for (int i = 0; i < 200; ++i) {
    const int exponent = static_cast<int>(random() % 600) - 300;
    numbers.push_back(std::ldexp(static_cast<double>(random() % 1'000'000) - 5e5, exponent));
  }
  ExactSum forwards, backwards;
  for (const double number : numbers) forwards.add(number);
  for (auto at = numbers.rbegin(); at != numbers.rend(); ++at) backwards.add(*at, 3);
  for (const double number : numbers) backwards.add(number, -2);
  CHECK(forwards == backwards);
}

TEST_CASE("exact sum: what is infinite or no number adds nothing", "[base]") {
  ExactSum sum;
  sum.add(std::numeric_limits<double>::infinity());
  sum.add(std::numeric_limits<double>::quiet_NaN());
  CHECK(sum == ExactSum());
}
