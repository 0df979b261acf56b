#include <string>

#include "catch.hpp"
#include "glob_pattern.hpp"
#include "storm/cpp/fault.hpp"

namespace storm::glob {
namespace {

storm_rc match(std::string_view pattern, std::string_view text) {
  std::size_t steps = 0;
  return GlobPattern::compile(pattern).match(text, steps);
}

bool matches(std::string_view pattern, std::string_view text) {
  return match(pattern, text) == STORM_YES;
}

std::string refusal(const std::string& pattern) {
  try {
    for (const std::string& one : expand_braces(pattern)) GlobPattern::compile(one);
  } catch (const sdk::Fault& fault) {
    CHECK(fault.code() == STORM_E_INVALID);
    return fault.message();
  }
  return {};
}

TEST_CASE("glob: a star takes any characters and none, slashes too", "[glob]") {
  CHECK(matches("library/post*", "library/postgres:9.6"));
  CHECK(matches("library/post*", "library/post"));
  CHECK_FALSE(matches("library/post*", "my/library/postgres"));
  CHECK(matches("*/postgres:*", "localhost:5000/team/postgres:9"));
  CHECK(matches("*", ""));
  CHECK(matches("a**b", "ab"));
  CHECK(matches("*ab*ab*", "aab_abab"));
  CHECK_FALSE(matches("*ab*ab", "ab_aba"));
}

TEST_CASE("glob: a question mark takes one character of UTF-8", "[glob]") {
  CHECK(matches("w?b", "web"));
  CHECK(matches("w?b", "wéb"));
  CHECK(matches("?", "\xf0\x9f\x90\xb3"));
  CHECK_FALSE(matches("w?b", "wb"));
  CHECK(matches("??", "\xff\xfe"));  // no UTF-8: byte by byte
}

TEST_CASE("glob: classes take one of their characters, or one that is none of them", "[glob]") {
  CHECK(matches("web-[0-9a]", "web-7"));
  CHECK(matches("web-[0-9a]", "web-a"));
  CHECK_FALSE(matches("web-[0-9a]", "web-b"));
  CHECK(matches("[!a-c]", "é"));
  CHECK_FALSE(matches("[^a-c]", "b"));
  CHECK(matches("[]x]", "]"));
  CHECK(matches("[a-]", "-"));
  CHECK(matches("[\\]]", "]"));
  CHECK(matches("[à-é]", "è"));
}

TEST_CASE("glob: a backslash makes a character plain", "[glob]") {
  CHECK(matches("a\\*", "a*"));
  CHECK_FALSE(matches("a\\*", "ab"));
  CHECK(matches("\\\\", "\\"));
}

TEST_CASE("glob: braces are taken apart, also inside each other", "[glob]") {
  const auto all = [](const char* pattern) {
    std::string joined;
    for (const std::string& one : expand_braces(pattern)) joined += one + " ";
    return joined;
  };
  CHECK(all("{web,api}-*") == "api-* web-* ");
  CHECK(all("a{b{c,d},}e") == "abce abde ae ");
  CHECK(all("[{]a") == "[{]a ");
  CHECK(all("[]{]a") == "[]{]a ");
  CHECK(all("\\{a,b}") == "\\{a,b} ");
}

TEST_CASE("glob: what a pattern begins with is known", "[glob]") {
  CHECK(GlobPattern::compile("library/post*").literal() == "library/post");
  CHECK(GlobPattern::compile("library/post*").is_prefix());
  CHECK(GlobPattern::compile("a\\*b").is_literal());
  CHECK(GlobPattern::compile("a\\*b").literal() == "a*b");
  CHECK(GlobPattern::compile("é?*").literal() == "é");
  CHECK_FALSE(GlobPattern::compile("é?*").is_prefix());
  CHECK(GlobPattern::compile("*a").literal().empty());
}

TEST_CASE("glob: a wrong pattern is refused in words", "[glob]") {
  using Catch::Matchers::Contains;
  CHECK_THAT(refusal("a["), Contains("[ without a ]"));
  CHECK_THAT(refusal("[]"), Contains("[ without a ]"));
  CHECK_THAT(refusal("{a"), Contains("{ without a }"));
  CHECK_THAT(refusal("a\\"), Contains("backslash"));
  CHECK_THAT(refusal("[z-a]"), Contains("range"));
  CHECK_THAT(refusal("{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}"), Contains("1000"));
  CHECK_THAT(refusal(std::string(2000, 'a')), Contains("1024"));
}

TEST_CASE("glob: a text that takes too many steps is cut off", "[glob]") {
  CHECK(match("*a*a*a*ab", std::string(2'000'000, 'a')) == STORM_E_QUOTA);
  CHECK(match("a*", std::string(2'000'000, 'a')) == STORM_YES);
}

}  // namespace
}  // namespace storm::glob
