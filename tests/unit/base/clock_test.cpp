#include "core/base/clock.hpp"

#include "catch.hpp"

TEST_CASE("clock: a time is printed in UTC with microseconds", "[base]") {
  CHECK(storm::to_rfc3339(1'700'000'000'123'456'789) == "2023-11-14T22:13:20.123456Z");
  CHECK(storm::to_rfc3339(-1) == "1969-12-31T23:59:59.999999Z");
  CHECK(storm::to_rfc3339(0).empty());
}

TEST_CASE("clock: the manual clock moves only when it is told to", "[base]") {
  storm::ManualClock clock(5);
  CHECK(clock.wall_now() == 5);
  clock.advance(7);
  CHECK(clock.mono_now() == 12);
}
