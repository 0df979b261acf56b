// Samples of the plugin operator-text: $regex with $options.
#include <array>
#include <string_view>

#include "operator_samples.hpp"

namespace storm::conformance {
namespace {

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out + '"';
}

OperatorUse regex(std::string_view pattern, std::string_view options = "") {
  std::string modifiers = "{}";
  if (!options.empty()) modifiers = R"({"$options":)" + json_string(options) + "}";
  return {"$regex", json_string(pattern), std::move(modifiers)};
}

std::size_t below(Random& random, std::size_t end) { return random() % end; }

// Pieces that hints have to get right, glued at random.
std::string random_pattern(Random& random) {
  static constexpr std::array<std::string_view, 44> kPieces{
      "a",    "b",        "ab",   "a",      "b",    "\\.",   "\\-",   "\\/",    ".",
      "a*",   "b?",       "a+",   "b{0,1}", "a{2}", "(a)",   "(a|b)", "(?:ab)", "(?:a|b)?",
      "[ab]", "[^a|]",    "|",    "|^",     "$",    "\\z",   "\\Z",   "^",      "\\A",
      "\\|",  "\\Qa*\\E", "\\E*", "(?#|()", "(?i)", "(?x) ", "(?=a)", "(?!b)",  "(?<=a)",
      "\\d",  "\\n",      "{",    "}",      "é",    "é*",    "\\x61", "\n"};
  static constexpr std::array<std::string_view, 6> kStarts{"^", "^", "^", "\\A", "", "(?i)"};
  static constexpr std::array<std::string_view, 6> kEnds{"", "", "", "$", "\\z", "\\Z"};
  std::string pattern(kStarts[below(random, kStarts.size())]);
  for (std::size_t i = below(random, 5); i > 0; --i)
    pattern += kPieces[below(random, kPieces.size())];
  pattern += kEnds[below(random, kEnds.size())];
  return pattern;
}

std::string random_text(Random& random) {
  static constexpr std::array<std::string_view, 14> kPieces{"a", "a", "b", "b", "ab", "A", "\n",
                                                            ".", "-", "/", "|", "é",  "1", "{"};
  std::string text;
  for (std::size_t i = below(random, 6); i > 0; --i) text += kPieces[below(random, kPieces.size())];
  return text;
}

OperatorUse random_use(Random& random) {
  std::string options;
  for (const char option : std::string_view("imsx")) {
    if (below(random, 10) == 0) options += option;
  }
  return regex(random_pattern(random), options);
}

std::string repeated(std::string_view piece, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += piece;
  return text;
}

}  // namespace

OperatorSamples operator_samples() {
  OperatorSamples samples;
  samples.examples = {
      {regex("^library/postgres:"), "library/postgres:9.6", true},
      {regex("^library/postgres:"), "my/library/postgres:9.6", false},
      {regex("postgres", "i"), "POSTGRES", true},
      {regex("^b", "m"), "a\nb", true},
      {regex("^b"), "a\nb", false},
      {regex("a.b"), "a\nb", false},
      {regex("a.b", "s"), "a\nb", true},
      {regex("a b # c", "x"), "ab", true},
      {regex("^.$"), "é", true},
      {regex("^É$", "iu"), "é", true},
      {regex("x$"), "x\n", true},
      {regex("x\\z"), "x\n", false},
      {regex(""), "", true},
  };
  samples.garbage = {
      {"$regex", "1"},
      {"$regex", "null"},
      {"$regex", "[\"a\"]"},
      {"$regex", "{not json"},
      {"$regex", ""},
      {"$regex", "\"a\"", "[]"},
      {"$regex", "\"a\"", ""},
      {"$regex", "\"a\"", R"({"$options":1})"},
      {"$regex", "\"a\"", R"({"$options":"q"})"},
      {"$regex", "\"a\"", R"({"$other":"i"})"},
      {"$regex", R"("a\u0000b")"},
      regex("("),
      regex("["),
      regex("a**b{"),
      regex("\\"),
      regex("(?<n"),
      regex("*a"),
      regex("\\C"),
      regex("\\Ga"),
      regex(repeated("(", 500) + repeated(")", 500)),
      regex(std::string(100'000, 'a')),
      {"$regex", "\"\xff\xfe\""},
  };
  samples.hostile_uses = {
      regex("(a+)+$"),
      regex("(a|aa)+$"),
      regex("(a*)*b"),
      regex("^(a|a)*$"),
      regex("(.*)(.*)(.*)(.*)x"),
      regex("(?:a?){60}a{60}b"),
      regex("([a-z]+)*\\d"),
      regex("(a.*)+x", "s"),
      regex("a*[bc]"),
      regex("[^x]*[yz]"),
      regex("a*a*[xy]"),
      regex("(?:a|b)*+(?:c|d)"),
      regex("(*NO_JIT)a*a*[xy]"),
      regex("[^x]*?[yz]"),
      regex("(.+)\\1x"),
      regex("(*NO_JIT)(a+)+$"),
      regex("(*NO_START_OPT)(?:.*a){20}c"),
      regex("(?=(a+))a*b\\1"),
      regex("((a{1,100}){1,100}){1,100}b"),
      regex("^(?1)(a(?1)?a|b)"),
      regex(repeated("(a|b|", 90) + "c" + repeated(")*", 90)),
  };
  samples.hostile_texts = {
      std::string(30, 'a') + "!",  std::string(4'000, 'a') + "!", std::string(200'000, 'a') + "!",
      std::string(5'000'000, 'a'), repeated("ab", 50'000) + "\n",
  };
  samples.use = &random_use;
  samples.text = &random_text;
  return samples;
}

}  // namespace storm::conformance
