#include "core/rest/moment.hpp"

#include "catch.hpp"

using namespace storm;
using namespace storm::rest;

namespace {
constexpr WallTime kNow = 1'700'000'000 * kNanosecondsPerSecond;  // 2023-11-14T22:13:20Z
}

TEST_CASE("moment: a time is read in any zone and to the nanosecond", "[rest]") {
  CHECK(*parse_moment("2023-11-14T22:13:20Z", 0) == kNow);
  CHECK(*parse_moment("2023-11-14T23:43:20+01:30", 0) == kNow);
  CHECK(*parse_moment("2023-11-14T21:13:20-01:00", 0) == kNow);
  CHECK(*parse_moment("2023-11-14T22:13:20.000000001Z", 0) == kNow + 1);
  CHECK(*parse_moment(to_rfc3339(kNow + 5'000), 0) == kNow + 5'000);
}

TEST_CASE("moment: how long ago is counted from now", "[rest]") {
  CHECK(*parse_moment("0s", kNow) == kNow);
  CHECK(*parse_moment("90s", kNow) == kNow - 90 * kNanosecondsPerSecond);
  CHECK(*parse_moment("2h", kNow) == kNow - 7200 * kNanosecondsPerSecond);
  CHECK(*parse_moment("1d", kNow) == kNow - 86400 * kNanosecondsPerSecond);
}

TEST_CASE("moment: anything else is refused with what is expected", "[rest]") {
  for (const char* text :
       {"", "h", "-1s", "1w", "1.5h", "99999999999999999d", "2023-11-14", "2023-13-01T00:00:00Z",
        "2023-11-14T22:13:20", "2023-11-14T22:13:20.Z", "2023-11-14T22:13:20Zx", "yesterday"}) {
    INFO(text);
    const auto moment = parse_moment(text, kNow);
    REQUIRE_FALSE(moment);
    CHECK(moment.error().message.find("Expected a time") == 0);
  }
}
