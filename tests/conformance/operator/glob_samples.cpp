// Samples of the plugin operator-glob: $glob.
#include <array>
#include <string_view>

#include "operator_samples.hpp"

namespace storm::conformance {
namespace {

OperatorUse glob(std::string_view pattern) {
  std::string json = "\"";
  for (const char c : pattern) {
    if (c == '"' || c == '\\') json += '\\';
    json += c;
  }
  return {"$glob", json + '"', "{}"};
}

std::string pieces(Random& random, const auto& all, std::size_t most) {
  std::string text;
  for (std::size_t i = random() % most; i > 0; --i) text += all[random() % all.size()];
  return text;
}

OperatorUse random_use(Random& random) {
  static constexpr std::array<std::string_view, 24> kPieces{
      "a", "b", "a", "b",   "ab", "*",  "*",   "?",    "[ab]",   "[!a]", "[a-c]", "{a,b}",
      "é", ".", "/", "{,a", "}*", "**", "\\*", "\\\\", "{a*,b}", "[é]",  "-",     "1"};
  std::string pattern = pieces(random, kPieces, 5);
  if (random() % 3 == 0) pattern += '*';
  OperatorUse use = glob(pattern);
  if (random() % 4 == 0) {
    use.argument = "[" + use.argument + "," + glob(pieces(random, kPieces, 4)).argument + "]";
  }
  return use;
}

std::string random_text(Random& random) {
  static constexpr std::array<std::string_view, 12> kPieces{"a", "a", "b", "b", "ab", "c",
                                                            ".", "/", "é", "*", "\\", "1"};
  return pieces(random, kPieces, 5);
}

}  // namespace

OperatorSamples operator_samples() {
  OperatorSamples samples;
  samples.examples = {
      {glob("library/post*"), "library/postgres:9.6", true},
      {glob("library/post*"), "library/mysql:8", false},
      {glob("{web,api}-?"), "api-1", true},
      {glob("{web,api}-?"), "api-10", false},
      {glob("web"), "web", true},
      {glob("web"), "web.1", false},
      {glob("[!a]"), "é", true},
      {glob("\\*"), "*", true},
      {glob(""), "", true},
      {{"$glob", R"(["a*", "*b"])", "{}"}, "xb", true},
  };
  samples.garbage = {
      {"$glob", "1"},
      {"$glob", "null"},
      {"$glob", "[]"},
      {"$glob", "[1]"},
      {"$glob", "{not json"},
      {"$glob", ""},
      {"$glob", "{}"},
      glob("["),
      glob("[a"),
      glob("{a"),
      glob("\\"),
      glob("[b-a]"),
      glob(std::string(100'000, 'a')),
      glob("{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}"),
      {"$glob", "\"\xff\xfe\""},
  };
  std::string stars, braces;
  for (int i = 0; i < 300; ++i) stars += "*a";
  for (int i = 0; i < 500; ++i) braces += "{";
  samples.hostile_uses = {glob(stars + "b"), glob(braces), glob("*{a,b}*{a,b}*{a,b}*c"),
                          glob("*[!b]*[!b]*[!b]b"), glob("*?*?*?*?b")};
  samples.hostile_texts = {std::string(30, 'a'), std::string(4'000, 'a'), std::string(200'000, 'a'),
                           std::string(5'000'000, 'a')};
  samples.use = &random_use;
  samples.text = &random_text;
  return samples;
}

}  // namespace storm::conformance
