#include "text_operator.hpp"

#include "catch.hpp"
#include "storm/cpp/fault.hpp"

namespace storm::text {
namespace {

storm_rc match(std::string_view pattern, std::string_view subject, std::string_view options = "") {
  return TextPattern::compile(pattern, options)->match(subject);
}

std::string refusal(std::string_view pattern, std::string_view options = "") {
  try {
    TextPattern::compile(pattern, options);
  } catch (const sdk::Fault& fault) {
    CHECK(fault.code() == STORM_E_INVALID);
    return fault.message();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("text: what is wrong with a pattern is said with its place", "[text]") {
  CHECK(refusal("ab(c") == "the pattern is wrong at character 5: missing closing parenthesis");
  CHECK(refusal("a", "ig") == "unknown option \"g\" in $options; the options are i, m, s, x and u");
  CHECK(refusal(std::string(kPatternBytesMax + 1, 'a')) ==
        "the pattern is longer than 16384 bytes");
  CHECK(refusal(std::string(kPatternBytesMax, 'a')) == "accepted");
  CHECK(refusal(std::string_view("a\0b", 3)) == "the pattern holds a NUL character");
  CHECK(refusal("a\\Gb") == "\\G is not supported; use \\A for the start of the text");
  CHECK(refusal("a\\\\Gb") == "accepted");
}

TEST_CASE("text: a match is found wherever it starts", "[text]") {
  // A search goes on in rounds of kStartsPerRound places.
  for (const std::size_t before :
       {std::size_t{0}, kStartsPerRound - 2, kStartsPerRound - 1, kStartsPerRound,
        kStartsPerRound + 1, 3 * kStartsPerRound, 10 * kStartsPerRound + 7}) {
    INFO(before << " bytes before");
    const std::string spaces(before, ' ');
    CHECK(match("needle", spaces + "needle") == STORM_YES);
    CHECK(match("n..dle$", spaces + "needle") == STORM_YES);
    CHECK(match("(?<=  )needle", spaces + "needle") == (before >= 2 ? STORM_YES : STORM_OK));
    CHECK(match("\\bneedle", spaces + "xneedle") == STORM_OK);
    CHECK(match("\\Aneedle", spaces + "needle") == (before == 0 ? STORM_YES : STORM_OK));
    CHECK(match("^needle", spaces + "\nneedle", "m") == STORM_YES);
    CHECK(match("needle\\z", spaces + "needle ") == STORM_OK);
    CHECK(match("$", spaces) == STORM_YES);
    std::string umlauts;
    for (std::size_t i = 0; i < before; ++i) umlauts += "ü";
    CHECK(match("ß.Ñ", umlauts + "ßxñ", "i") == STORM_YES);
    CHECK(match("[^ü]", umlauts) == STORM_OK);
  }
}

TEST_CASE("text: letters of any script know their other case", "[text]") {
  CHECK(match("straße", "STRAßE", "i") == STORM_YES);
  CHECK(match("привет", "ПРИВЕТ", "i") == STORM_YES);
  CHECK(match("привет", "ПРИВЕТ") == STORM_OK);
}

TEST_CASE("text: a subject over the limit never matches, unless its start decides", "[text]") {
  const std::string longest(kSubjectBytesMax, 'a');
  CHECK(match("a$", longest) == STORM_YES);
  CHECK(match("a$", longest + "a") == STORM_E_QUOTA);
  CHECK(match("^aaa", longest + "a") == STORM_YES);
}

TEST_CASE("text: a pattern that explodes is cut off", "[text]") {
  const std::string subject = std::string(40, 'a') + "!";
  CHECK(match("(a+)+$", subject) == STORM_E_QUOTA);
  CHECK(match("(*NO_JIT)(a+)+$", subject) == STORM_E_QUOTA);
  CHECK(match("(a+)+$", std::string(40, 'a')) == STORM_YES);
}

TEST_CASE("text: what is not UTF-8 is told apart from what does not match", "[text]") {
  for (const char* bytes : {"\xff", "ab\xc3", "\xed\xa0\x80", "\xf8\x88\x80\x80\x80"}) {
    CHECK(match("b$|x", bytes) == STORM_E_INVALID);
  }
  CHECK(match("x", std::string(1000, 'a') + "\xff") == STORM_E_INVALID);
}

TEST_CASE("text: a NUL in the subject is a character like any other", "[text]") {
  CHECK(match("^a.b$", std::string_view("a\0b", 3)) == STORM_YES);
}

}  // namespace storm::text
