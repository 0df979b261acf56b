#include "core/document/json.hpp"

#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"

using storm::parse_json;
using storm::to_json;

TEST_CASE("json: text comes back as it was, keys in their order", "[document]") {
  const std::string text =
      R"({"b":[1,-2,3.5,true,null],"a":{"x":"line\nbreak \u0001 \"q\""},"big":9223372036854775807})";
  auto value = parse_json(text);
  REQUIRE(value);
  CHECK(to_json(*value) == text);
}

TEST_CASE("json: a broken text is refused with line and column", "[document]") {
  auto value = parse_json("{\"a\": 1,\n  \"b\": }");
  REQUIRE_FALSE(value);
  CHECK_THAT(value.error().message, Catch::Matchers::Contains("line 2, column 8"));
}

TEST_CASE("json: nesting up to the limit is read, one deeper is refused, very deep does not crash",
          "[document]") {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  CHECK(parse_json(nested(storm::kJsonDepthMax)));
  auto deeper = parse_json(nested(storm::kJsonDepthMax + 1));
  REQUIRE_FALSE(deeper);
  CHECK_THAT(deeper.error().message, Catch::Matchers::Contains("nested deeper than 200 levels"));
  CHECK_FALSE(parse_json(std::string(1'000'000, '[')));
}

TEST_CASE("json: duplicate keys, invalid UTF-8, trailing text and an empty text are refused",
          "[document]") {
  auto twice = parse_json(R"({"a":1,"a":2})");
  REQUIRE_FALSE(twice);
  CHECK_THAT(twice.error().message, Catch::Matchers::Contains("duplicate key \"a\""));
  CHECK_FALSE(parse_json("\"\xff\xfe\""));
  CHECK_FALSE(parse_json("1 2"));
  CHECK_FALSE(parse_json(""));
}

TEST_CASE("json: keys with dots, dollars and NUL survive", "[document]") {
  const std::string text = R"({"a.b":1,"$c":2,"d\u0000e":3})";
  auto value = parse_json(text);
  REQUIRE(value);
  CHECK(to_json(*value) == text);
}

TEST_CASE("json: numbers at the edges and escapes are read alike in any text", "[document]") {
  const auto shown = [](const std::string& text) {
    const auto value = parse_json(text);
    return value ? to_json(*value) : value.error().message;
  };
  // The second text of a pair has a pair of surrogates more, which takes the careful reader.
  for (const std::string number :
       {"0", "-0", "-0.0", "1.0", "1e3", "9223372036854775807", "9223372036854775808",
        "-9223372036854775808", "-9223372036854775809", "18446744073709551615",
        "18446744073709551616", "0.1", "1e-400", "123456789012345678901234567890", "5e-324"}) {
    const std::string plain = "[" + number + "]";
    const std::string careful = "[" + number + ",\"\\ud83d\\ude00\"]";
    const std::string read = shown(careful);
    CHECK(shown(plain) == read.substr(0, read.find(',')) + "]");
  }
  CHECK_FALSE(parse_json("[1e400]"));
  CHECK_FALSE(parse_json("[01]"));
  CHECK_FALSE(parse_json("[\"\\ud800\"]"));
  CHECK_FALSE(parse_json("[\"\\udc00\"]"));
  CHECK_FALSE(parse_json("[\"\x01\"]"));
  CHECK(shown(R"(["\u0041\u00e9\/\n"])") == "[\"A\u00e9/\\n\"]");
}

TEST_CASE("json: a key that is there twice among many is found", "[document]") {
  std::string text = "{";
  for (int i = 0; i < 40; ++i) text += "\"key" + std::to_string(i) + "\":1,";
  CHECK(parse_json(text + "\"other\":1}"));
  const auto twice = parse_json(text + "\"key7\":1}");
  REQUIRE_FALSE(twice);
  CHECK_THAT(twice.error().message, Catch::Matchers::Contains("duplicate key \"key7\""));
}

TEST_CASE("json: what needs an escape gets it wherever it stands", "[document]") {
  const std::string around = "0123456789abcdef\xc3\xa9";
  for (std::size_t at = 0; at <= around.size() - 2; ++at) {
    for (const auto& [plain, escaped] :
         std::vector<std::pair<std::string, std::string>>{{"\"", "\\\""},
                                                          {"\\", "\\\\"},
                                                          {"\n", "\\n"},
                                                          {"\x1f", "\\u001f"},
                                                          {" ", " "},
                                                          {"!", "!"}}) {
      std::string text = around, expected = around;
      text.insert(at, plain + plain);
      expected.insert(at, escaped + escaped);
      std::string written;
      storm::append_json_string(written, text);
      REQUIRE(written == "\"" + expected + "\"");
    }
  }
}
