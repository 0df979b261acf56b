#include "cli/print_table.hpp"

#include "catch.hpp"

using namespace storm::cli;

namespace {
Table sample() {
  return {{{"ID"}, {"NAMES", ColumnStyle::Flexible}, {"STATUS", ColumnStyle::State}},
          {{"a1", "a rather long name of something", "running"}, {"a2", "", ""}}};
}
}  // namespace

TEST_CASE("print table: three spaces apart, nothing behind the last cell", "[cli]") {
  CHECK(to_text(sample(), {}) ==
        "ID   NAMES                             STATUS\n"
        "a1   a rather long name of something   running\n"
        "a2\n");
  CHECK(to_text({{{"ID"}}, {}}, {}) == "ID\n");
  CHECK(to_text({{{"ID"}}, {{"x"}}}, {.headers = false}) == "x\n");
}

TEST_CASE("print table: flexible columns give way to the width of a terminal", "[cli]") {
  TableOptions options;
  options.terminal.width = 32;
  const std::string text = to_text(sample(), options);
  CHECK(text ==
        "ID   NAMES               STATUS\n"
        "a1   a rather long na…   running\n"
        "a2\n");
  options.terminal.width = 4;  // never below the least width
  CHECK_THAT(to_text(sample(), options), Catch::Matchers::Contains("a rather …"));
}

TEST_CASE("print table: states are coloured when colours are on", "[cli]") {
  TableOptions options;
  options.terminal.colors = true;
  CHECK_THAT(to_text(sample(), options), Catch::Matchers::Contains("\x1b[32mrunning\x1b[0m"));
  CHECK_THAT(to_text(sample(), {}), !Catch::Matchers::Contains("\x1b["));
}
