// Samples of the plugin operator-semver: $semver.
#include <array>
#include <string_view>

#include "operator_samples.hpp"

namespace storm::conformance {
namespace {

OperatorUse semver(std::string_view range) {
  return {"$semver", "\"" + std::string(range) + "\"", "{}"};
}

std::string version(Random& random) {
  static constexpr std::array<std::string_view, 8> kEnds{"",        "",     "",      "",
                                                         "-alpine", "-rc1", "beta2", ".x"};
  std::string text = random() % 5 == 0 ? "v" : "";
  text += std::to_string(random() % 4);
  for (std::size_t i = random() % 3; i > 0; --i) text += "." + std::to_string(random() % 4);
  return text + std::string(kEnds[random() % kEnds.size()]);
}

std::string repository(Random& random) {
  static constexpr std::array<std::string_view, 4> kNames{"library/a:", "h:50/a:", "", ""};
  return std::string(kNames[random() % kNames.size()]);
}

std::string range(Random& random) {
  static constexpr std::array<std::string_view, 10> kSigns{"",   "",  ">=", "<", ">",
                                                           "<=", "=", "^",  "~", "||"};
  std::string text = repository(random);
  for (std::size_t i = random() % 2 + 1; i > 0; --i) {
    text += std::string(kSigns[random() % kSigns.size()]) + version(random) + " ";
  }
  return text;
}

OperatorUse random_use(Random& random) {
  if (random() % 4 > 0) return semver(range(random));
  return {"$semver", "[\"" + range(random) + "\",\"" + range(random) + "\"]", "{}"};
}

std::string random_text(Random& random) {
  std::string text = repository(random) + version(random);
  if (random() % 6 == 0) text += "@sha256:ab";
  return text;
}

}  // namespace

OperatorSamples operator_samples() {
  OperatorSamples samples;
  samples.examples = {
      {semver("library/postgres:>=9.6 <11"), "library/postgres:9.6", true},
      {semver("library/postgres:>=9.6 <11"), "library/postgres:10-alpine", true},
      {semver("library/postgres:>=9.6 <11"), "library/postgres:11", false},
      {semver("library/postgres:>=9.6 <11"), "library/mysql:10", false},
      {semver("^1.2 || ^3"), "v3.4", true},
      {semver(">=1"), "2.0.0-rc1", false},
      {semver("*"), "latest", false},
      {{"$semver", R"(["library/a:1", "library/b:2"])", "{}"}, "library/b:2.5", true},
  };
  samples.garbage = {
      {"$semver", "9.6"},
      {"$semver", "null"},
      {"$semver", "[]"},
      {"$semver", "[9.6]"},
      {"$semver", "{not json"},
      {"$semver", ""},
      semver(""),
      semver(" "),
      semver(">="),
      semver("abc"),
      semver("=>1"),
      semver("1 ||"),
      semver("library/postgres"),
      semver(":1"),
      semver("1.2.3.4.5"),
      semver(std::string(100'000, '1')),
      {"$semver", "\"\xff\xfe\""},
  };
  std::string many = "[\"1\"";
  for (int i = 0; i < 900; ++i) many += ",\"<1 >2 || 9.9.9-rc1\"";
  samples.hostile_uses = {{"$semver", many + "]", "{}"},
                          semver(std::string(4'000, '1')),
                          semver(std::string(4'000, '>'))};
  samples.hostile_texts = {std::string(5'000'000, '1'), std::string(200, '.'), "1-rc" + [] {
                             std::string dots;
                             for (int i = 0; i < 120; ++i) dots += ".1";
                             return dots;
                           }()};
  samples.use = &random_use;
  samples.text = &random_text;
  samples.exact_hints = false;
  return samples;
}

}  // namespace storm::conformance
