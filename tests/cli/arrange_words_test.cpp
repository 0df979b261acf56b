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
  CHECK(arrange_words({"plugin", "check", "x.so", "--strict"}).words ==
        Words{"plugin", "check", "--", "x.so", "--strict"});
  CHECK(arrange_words({"plugin", "check", "--help"}).words == Words{"plugin", "check", "--help"});
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

TEST_CASE("arrange words: a misspelt flag is named, not the value behind it", "[cli]") {
  const auto refused = arrange_words({"--tiemout", "3", "status"});
  REQUIRE(refused.failed);
  CHECK(refused.error.message == "unknown option \"--tiemout\"");
  CHECK(refused.error.details.front() == "did you mean: --timeout");
  CHECK(arrange_words({"group", "--tiemout", "3", "ls"}).error.message ==
        "unknown option \"--tiemout\"");
  // One that stands behind a value is still found.
  CHECK(arrange_words({"-C", "--odd", "--tiemout=3", "3"}).error.message ==
        "unknown option \"--tiemout\"");
  CHECK(arrange_words({"--timeout", "3", "stats"}).error.message == "unknown command \"stats\"");
}

TEST_CASE("arrange words: -q without a query behind it asks for ids", "[cli]") {
  CHECK(arrange_words({"group", "ls", "-q"}).words == Words{"group", "ls", "--quiet"});
  CHECK(arrange_words({"get", "groups", "-q"}).words == Words{"group", "ls", "--quiet"});
  CHECK(arrange_words({"group", "members", "web", "-q", "-w"}).words ==
        Words{"group", "members", "web", "--quiet", "-w"});
  CHECK(arrange_words({"group", "ls", "-q", "{}"}).words == Words{"group", "ls", "-q", "{}"});
  CHECK(arrange_words({"group", "ls", "-q", ""}).words == Words{"group", "ls", "-q", ""});
  CHECK(arrange_words({"watch", "-q"}).words == Words{"watch", "-q"});
}

TEST_CASE("arrange words: help of a command is its --help", "[cli]") {
  CHECK(arrange_words({"help", "group"}).words == Words{"group", "--help"});
  CHECK(arrange_words({"help", "groups", "list"}).words == Words{"group", "ls", "--help"});
  CHECK(arrange_words({"help", "events"}).words == Words{"events", "--help"});
  CHECK(arrange_words({"help", "query"}).words == Words{"help", "query"});
  CHECK(arrange_words({"help"}).words == Words{"help"});
  CHECK(arrange_words({"help", "nothing-like-it"}).words == Words{"help", "nothing-like-it"});
}
