#include "core/rest/limits.hpp"

#include "catch.hpp"

// The text scenarios give a loaded machine several times as long, so they cannot tell.
TEST_CASE("limits: a stream says something at least every 10 s", "[rest]") {
  const storm::rest::Limits limits;
  CHECK(limits.stream_blank_every <= std::chrono::seconds(10));
  CHECK(limits.watch_bookmark_every <= std::chrono::seconds(10));
}
