#include "core/base/result.hpp"

#include "catch.hpp"

using storm::Errc;
using storm::Error;
using storm::Result;

namespace {

Result<int> half(int number) {
  if (number % 2) return Error{Errc::InvalidArgument, "odd"};
  return number / 2;
}
Result<int> quarter(int number) {
  const int once = STORM_TRY(half(number));
  return half(once);
}
Result<void> check(int number) {
  STORM_TRY(quarter(number));
  return {};
}

}  // namespace

TEST_CASE("result: STORM_TRY passes values on and returns the first error", "[base]") {
  CHECK(*quarter(12) == 3);
  CHECK(quarter(6).error().message == "odd");
  CHECK(check(8));
  CHECK(check(7).error().code == Errc::InvalidArgument);
}
