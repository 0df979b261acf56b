#include "core/config/quote_lines.hpp"

#include "catch.hpp"

using storm::with_quoted_lines;

TEST_CASE("quoted lines: each fault stands above the line it is about", "[config]") {
  const storm::ConfigFile file{"a.yaml", "listen: []\nexcutors: []\r\nlog: {level: loud}"};
  CHECK(with_quoted_lines("a.yaml:2:1: unknown key\na.yaml:3:14: unknown level", file) ==
        "a.yaml:2:1: unknown key\n"
        "  2 | excutors: []\n"
        "    | ^\n"
        "a.yaml:3:14: unknown level\n"
        "  3 | log: {level: loud}\n"
        "    |              ^");
}

TEST_CASE("quoted lines: what names no place of the file stays as it is", "[config]") {
  const storm::ConfigFile file{"a.yaml", "one\nt\x1b[31mwo\n" + std::string(300, 'x')};
  for (const char* message :
       {"", "cannot read it", "b.yaml:1:1: of another file", "a.yaml:9:1: beyond the end",
        "a.yaml:1:99: beyond the line", "a.yaml:1: no column", "a.yaml:x:1: no line",
        "a.yaml:2:1: would steer a terminal", "a.yaml:3:1: too long"}) {
    INFO(message);
    CHECK(with_quoted_lines(message, file) == message);
  }
}
