#include "pattern_hint.hpp"

#include "catch.hpp"

namespace storm::text {
namespace {

// "prefix a b", "any of a", with "!" in front when the hint is exact; "" for none.
std::string hint(std::string_view pattern, std::string_view options = "") {
  const PatternHint found = hint_of(pattern, options);
  if (found.kind == PatternHint::Kind::None) return "";
  std::string text = found.exact ? "!" : "";
  text += found.kind == PatternHint::Kind::Prefix ? "prefix" : "any of";
  for (const std::string& key : found.keys) text += " " + key;
  return text;
}

}  // namespace

TEST_CASE("pattern hint: an anchored text is a prefix", "[text]") {
  CHECK(hint("^library/postgres:") == "!prefix library/postgres:");
  CHECK(hint("^library/postgres:", "s") == "!prefix library/postgres:");
  CHECK(hint("\\Aabc") == "!prefix abc");
  CHECK(hint("^postgres\\:9\\.6-alpine") == "!prefix postgres:9.6-alpine");
  CHECK(hint("^redis:[0-9]+$") == "prefix redis:");
  CHECK(hint("^a(b|c)") == "prefix a");
  CHECK(hint("^a.*") == "prefix a");
  CHECK(hint("^a\\d") == "prefix a");
}

TEST_CASE("pattern hint: a quantifier takes its character along", "[text]") {
  CHECK(hint("^abc*") == "prefix ab");
  CHECK(hint("^abc?d") == "prefix ab");
  CHECK(hint("^abc{0,2}") == "prefix ab");
  CHECK(hint("^abc+") == "prefix abc");
  CHECK(hint("^abé*") == "prefix ab");
  CHECK(hint("^a\\.*") == "prefix a");
  CHECK(hint("^a*") == "");
}

TEST_CASE("pattern hint: a whole text is an equality, with or without a last newline", "[text]") {
  CHECK(hint("^abc$") == "!any of abc abc\n");
  CHECK(hint("^abc\\Z") == "!any of abc abc\n");
  CHECK(hint("^abc\\z") == "!any of abc");
  CHECK(hint("^a$|^b\\z") == "!any of a a\n b");
}

TEST_CASE("pattern hint: alternatives count when each is anchored", "[text]") {
  CHECK(hint("^a|^b") == "prefix a b");
  CHECK(hint("^a|b") == "");
  CHECK(hint("^a\\|b") == "!prefix a|b");
  CHECK(hint("^a(b|c)|^d") == "prefix a d");
}

TEST_CASE("pattern hint: what cannot be told for sure gives none", "[text]") {
  for (const char* pattern :
       {"abc", "", "(?i)^abc", "(^abc)", "^(?:abc)", "[a]^b", "^a[|]|b", "^a(?#(|)|b", "^ab\\Q\\E*",
        "^ab\\E*", "^ab(?#x)*", "^\\x61", "^^a", "(*UTF)^a"}) {
    INFO(pattern);
    CHECK(hint(pattern) == "");
  }
  CHECK(hint("^abc", "i") == "");
  CHECK(hint("^abc", "m") == "");
  CHECK(hint("^a bc", "x") == "");
}

}  // namespace storm::text
