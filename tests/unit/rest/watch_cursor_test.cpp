#include "core/rest/watch_cursor.hpp"

#include "catch.hpp"

using namespace storm::rest;

TEST_CASE("watch cursor: what was given out is read again", "[rest]") {
  for (const WatchCursor cursor :
       {WatchCursor{0, 0}, WatchCursor{1, 2}, WatchCursor{UINT32_MAX, UINT64_MAX}}) {
    const auto read = WatchCursor::parse(cursor.to_text());
    REQUIRE(read);
    CHECK(*read == cursor);
  }
}

TEST_CASE("watch cursor: one changed digit, a cut and a longer text are refused by name",
          "[rest]") {
  const std::string good = WatchCursor{0x1234abcd, 987654321}.to_text();
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string forged = good;
    forged[i] = forged[i] == '7' ? '8' : '7';
    const auto read = WatchCursor::parse(forged);
    REQUIRE_FALSE(read);
    CHECK(read.error().message.find(forged) != std::string::npos);
    CHECK_FALSE(WatchCursor::parse(good.substr(0, i)));
  }
  CHECK_FALSE(WatchCursor::parse(good + "0"));
  CHECK_FALSE(WatchCursor::parse(""));
  std::string upper = good;
  for (char& c : upper) c = c == 'a' ? 'A' : c;
  CHECK((upper == good || !WatchCursor::parse(upper)));
  CHECK_FALSE(WatchCursor::parse(std::string(1'000'000, 'f')));
}
