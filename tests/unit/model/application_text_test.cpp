#include "core/model/application_text.hpp"

#include "catch.hpp"

using storm::parse_component;
using storm::parse_exposed;

TEST_CASE("application text: an arrow links a group to services of another", "[model]") {
  auto parsed = parse_component("frontend => database[postgres, admin] => disk[nfs]");
  REQUIRE(parsed);
  CHECK(parsed->group.text == "frontend");
  REQUIRE(parsed->links.size() == 2);
  CHECK(parsed->links[0].group.text == "database");
  CHECK(parsed->links[0].services[1].text == "admin");
  CHECK(parsed->links[0].services[1].offset == 31);
  CHECK(parsed->links[1].group.text == "disk");
}

TEST_CASE("application text: a group alone is a component", "[model]") {
  auto parsed = parse_component("  hello-world ");
  REQUIRE(parsed);
  CHECK(parsed->group.text == "hello-world");
  CHECK(parsed->links.empty());
}

TEST_CASE("application text: what is wrong is said with its column", "[model]") {
  CHECK(parse_component("a =>").error().message == "expected the name of a group at column 5");
  CHECK(parse_component("a => b").error().message ==
        "expected the services of \"b\" in brackets at column 7");
  CHECK(parse_component("a => b[").error().message == "expected the name of a service at column 8");
  CHECK(parse_component("a => b[x").error().message == "expected \",\" or \"]\" at column 9");
  CHECK(parse_component("a => b[x] y").error().message ==
        "expected \"=>\" or the end at column 11");
  CHECK(parse_component("").error().message == "expected the name of a group at column 1");
  CHECK_FALSE(parse_component(std::string(100'000, 'a')));
}

TEST_CASE("application text: an exposed service names its group", "[model]") {
  auto parsed = parse_exposed("frontend[http]");
  REQUIRE(parsed);
  CHECK(parsed->group.text == "frontend");
  CHECK(parsed->services[0].text == "http");
  CHECK_FALSE(parse_exposed("frontend"));
}
