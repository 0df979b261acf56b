#include "cli/display_text.hpp"

#include "catch.hpp"

using namespace storm::cli;

TEST_CASE("display text: nothing that steers a terminal passes", "[cli]") {
  CHECK(printable("a\x1b[31mb\n\x7f") == "a?[31mb??");
  CHECK(printable("\xc2\x9b"
                  "31m") == "?31m");
  CHECK(printable("caf\xc3\xa9 \xff\xc3") == "caf\xc3\xa9 ??");
}

TEST_CASE("display text: widths and cuts count characters", "[cli]") {
  CHECK(display_width("h\xc3\xa9llo") == 5);
  CHECK(cut_to("h\xc3\xa9llo world", 8, "...") == "h\xc3\xa9llo...");
  CHECK(cut_to("short", 5, "...") == "short");
  CHECK(cut_to("\xc3\xa9\xc3\xa9\xc3\xa9", 2, "…") == "\xc3\xa9…");
}
