#include <string>

#include "catch.hpp"
#include "image_range.hpp"
#include "storm/cpp/fault.hpp"

namespace storm::semver {
namespace {

bool matches(std::string_view range, std::string_view value) {
  return ImageRange::parse(range).matches(value);
}

std::string refusal(std::string_view range) {
  try {
    ImageRange::parse(range);
  } catch (const sdk::Fault& fault) {
    CHECK(fault.code() == STORM_E_INVALID);
    return fault.message();
  }
  return {};
}

// Each is below the next.
TEST_CASE("semver: versions are in order", "[semver]") {
  const std::vector<std::string> ordered{
      "0",          "0.0.1",        "1.0.0-alpha",  "1.0.0-alpha.1",
      "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta11", "1.0.0-rc.1",
      "1.0.0",      "1.0.0.1",      "1.0.1",        "1.2",
      "1.10",       "10beta4",      "10",           "v11",
      "20231101"};
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    for (std::size_t j = 0; j < ordered.size(); ++j) {
      INFO(ordered[i] << " and " << ordered[j]);
      const auto a = parse_version(ordered[i]);
      const auto b = parse_version(ordered[j]);
      REQUIRE(a);
      REQUIRE(b);
      CHECK(((*a < *b) == (i < j)));
      CHECK(((*a == *b) == (i == j)));
    }
  }
}

TEST_CASE("semver: a variant is the same version", "[semver]") {
  for (const char* const text : {"9.6", "v9.6", "9.6.0", "9.6-alpine", "9.6-alpine3.18", "9.6_1",
                                 "9.6+build.5", "9.6.0-bullseye"}) {
    INFO(text);
    const auto version = parse_version(text);
    REQUIRE(version);
    CHECK((*version == *parse_version("9.6.0")));
  }
  CHECK((*parse_version("10-RC1") == *parse_version("10.0.0-rc.1")));
  CHECK((*parse_version("10-rc1-alpine") == *parse_version("10rc1")));
}

TEST_CASE("semver: what is no version is none", "[semver]") {
  for (const char* const text : {"", "v", "latest", "alpine", "9.x", "9.6alpine", "9.", ".9",
                                 "9..6", "9.6 ", "-9", "1234567890123456789", "9.6/3"}) {
    INFO(text);
    CHECK_FALSE(parse_version(text));
  }
  CHECK_FALSE(parse_version(std::string(300, '1')));
}

TEST_CASE("semver: comparisons hold together, alternatives one by one", "[semver]") {
  CHECK(matches(">=9.6 <11", "9.6"));
  CHECK(matches(">=9.6 <11", "10.23"));
  CHECK_FALSE(matches(">=9.6 <11", "11"));
  CHECK_FALSE(matches(">=9.6 <11", "9.5.25"));
  CHECK(matches(">=9.6, <11", "10"));
  CHECK(matches(">=9.6<11", "10"));
  CHECK(matches(">= 9.6 < 11", "10"));
  CHECK(matches("^8 || ^9", "9.1"));
  CHECK(matches("^8||^9", "8"));
  CHECK_FALSE(matches("^8 || ^9", "10"));
}

TEST_CASE("semver: fewer numbers mean all that begin with them", "[semver]") {
  for (const char* const range : {"9.6", "=9.6", "9.6.x", "9.6.*", "~9.6"}) {
    INFO(range);
    CHECK(matches(range, "9.6"));
    CHECK(matches(range, "9.6.24"));
    CHECK_FALSE(matches(range, "9.7"));
  }
  CHECK(matches(">9.6", "9.7"));
  CHECK_FALSE(matches(">9.6", "9.6.24"));
  CHECK(matches("<=9.6", "9.6.24"));
  CHECK_FALSE(matches("<=9.6.1", "9.6.24"));
  CHECK_FALSE(matches("1.2.3", "1.2.4"));
  CHECK(matches("*", "1"));
  CHECK(matches(">=x", "1"));
}

TEST_CASE("semver: carets and tildes end where npm's do", "[semver]") {
  CHECK(matches("^1.2.3", "1.9"));
  CHECK_FALSE(matches("^1.2.3", "1.2.2"));
  CHECK_FALSE(matches("^1.2.3", "2"));
  CHECK(matches("^0.2.3", "0.2.9"));
  CHECK_FALSE(matches("^0.2.3", "0.3"));
  CHECK_FALSE(matches("^0.0.3", "0.0.4"));
  CHECK(matches("^0.0", "0.0.9"));
  CHECK(matches("^0", "0.9"));
  CHECK(matches("~1.4.2", "1.4.9"));
  CHECK_FALSE(matches("~1.4.2", "1.5"));
  CHECK(matches("~1", "1.9"));
  CHECK(matches("1.2 - 2.3", "2.3.9"));
  CHECK_FALSE(matches("1.2 - 2.3.4", "2.3.5"));
  CHECK(matches("1.2 - 2.3 || 5", "5.1"));
}

TEST_CASE("semver: a pre-release is meant only where the range names one", "[semver]") {
  CHECK_FALSE(matches(">=1", "2.0.0-rc1"));
  CHECK_FALSE(matches("<11", "11beta4"));
  CHECK_FALSE(matches("^10", "10beta4"));
  CHECK(matches(">=2.0.0-alpha", "2.0.0-rc1"));
  CHECK(matches("^10-beta", "10beta4"));
  CHECK_FALSE(matches(">=2.0.0-alpha", "3.0.0-rc1"));
  CHECK(matches("2.0.0-rc1", "2.0.0-rc.1"));
}

TEST_CASE("semver: images match by repository and tag", "[semver]") {
  CHECK(matches("library/postgres:>=9.6 <11", "library/postgres:9.6-alpine"));
  CHECK(matches("library/postgres:>=9.6 <11", "library/postgres:10.1@sha256:abc"));
  CHECK_FALSE(matches("library/postgres:>=9.6 <11", "library/postgres:latest"));
  CHECK_FALSE(matches("library/postgres:>=9.6 <11", "library/postgres"));
  CHECK_FALSE(matches("library/postgres:>=9.6 <11", "team/library/postgres:10"));
  CHECK(matches("localhost:5000/team/app:^2", "localhost:5000/team/app:v2.4"));
  CHECK(matches("^2", "localhost:5000/team/app:v2.4"));
  CHECK_FALSE(matches("^5", "localhost:5000/team/app"));
  CHECK(ImageRange::parse("localhost:5000/team/app:^2").beginning() == "localhost:5000/team/app:");
  CHECK(ImageRange::parse("^2").beginning().empty());
}

TEST_CASE("semver: a wrong range is refused in words", "[semver]") {
  using Catch::Matchers::Contains;
  CHECK_THAT(refusal(""), Contains("empty"));
  CHECK_THAT(refusal(">="), Contains("no version behind \">=\""));
  CHECK_THAT(refusal("abc"), Contains("\"abc\" is no version"));
  CHECK_THAT(refusal("=>1"), Contains("\"=>\" is no comparison"));
  CHECK_THAT(refusal("1 || "), Contains("nothing behind ||"));
  CHECK_THAT(refusal("|| 1"), Contains("nothing before ||"));
  CHECK_THAT(refusal("1 | 2"), Contains("is no version"));
  CHECK_THAT(refusal("1.2 - "), Contains("hyphen"));
  CHECK_THAT(refusal("<*"), Contains("no version is <"));
  CHECK_THAT(refusal("library/postgres"), Contains("library/postgres:>=9.6 <11"));
  CHECK_THAT(refusal(":1"), Contains("repository"));
  CHECK_THAT(refusal("library/postgres:"), Contains("empty"));
  CHECK_THAT(refusal(std::string(5000, '1')), Contains("4096"));
  std::string many;
  for (int i = 0; i < 300; ++i) many += ">1 ";
  CHECK_THAT(refusal(many), Contains("200"));
}

}  // namespace
}  // namespace storm::semver
