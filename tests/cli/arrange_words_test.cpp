#include "cli/arrange_words.hpp"

#include "catch.hpp"

using storm::cli::arrange_words;
using Words = std::vector<std::string>;

TEST_CASE("arrange words: aliases of nouns and verbs become one name each", "[cli]") {
  CHECK(arrange_words({"groups", "list"}).words == Words{"group", "ls"});
  CHECK(arrange_words({"apps", "ls"}).words == Words{"application", "ls"});
  CHECK(arrange_words({"triggers", "delete", "x"}).words == Words{"job", "rm", "x"});
  CHECK(arrange_words({"RES", "show", "x"}).words == Words{"resource", "get", "x"});
  CHECK(arrange_words({"plugins", "new", "x"}).words == Words{"plugin", "new", "x"});
}

TEST_CASE("arrange words: the verb may come first", "[cli]") {
  CHECK(arrange_words({"get", "groups"}).words == Words{"group", "ls"});
  CHECK(arrange_words({"get", "groups", "web", "db"}).words == Words{"group", "get", "web", "db"});
  CHECK(arrange_words({"get", "group/web"}).words == Words{"group", "get", "web"});
  CHECK(arrange_words({"-C", "host", "get", "-o", "json", "apps"}).words ==
        Words{"-C", "host", "application", "ls", "-o", "json"});
}

TEST_CASE("arrange words: flags keep their values and their places", "[cli]") {
  CHECK(arrange_words({"-C", "groups", "apps", "-o", "wide", "ls"}).words ==
        Words{"-C", "groups", "application", "-o", "wide", "ls"});
  CHECK(arrange_words({"--connect=h", "res", "ls", "-q", "{}"}).words ==
        Words{"--connect=h", "resource", "ls", "-q", "{}"});
}

TEST_CASE("arrange words: an unknown word is refused with what is near to it", "[cli]") {
  const auto noun = arrange_words({"gruops", "ls"});
  REQUIRE(noun.failed);
  CHECK(noun.error.exit == storm::cli::ExitCode::Usage);
  CHECK(noun.error.details.front() == "did you mean: groups, group");
  const auto verb = arrange_words({"group", "sl"});
  REQUIRE(verb.failed);
  CHECK(verb.error.message == "group has no command \"sl\"");
  CHECK(arrange_words({"resources", "members", "x"}).failed);
}
