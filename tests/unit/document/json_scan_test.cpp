#include "core/document/json_scan.hpp"

#include <random>
#include <string>

#include "catch.hpp"
#include "core/document/json.hpp"

namespace storm {
namespace {

TEST_CASE("json scan: well-formed values are taken", "[document]") {
  const std::string text = GENERATE(
      as<std::string>{}, "null", " true ", "false", "0", "-0.5e+07", "12345678901234567890", "\"\"",
      R"("a long text with \" and \\ and \u00e9 and \ud83d\ude00 in it")",
      "\"\xc3\xa9\xf0\x9f\x98\x80\"", "[]", "{}", "[ ]", "{ }", "[1,[2,[]],{}]",
      R"({"a":{"b":[1,2,{"c":null}]},"d":"e"})", "\t[\n1 , 2 ]\r\n");
  CHECK(is_json(text, 10));
}

TEST_CASE("json scan: everything else is refused", "[document]") {
  const std::string text = GENERATE(
      as<std::string>{}, "", " ", "nul", "nulls", "01", "-", "1.", ".5", "1e", "+1", "\"",
      "\"\x01\"", "\"\\x\"", "\"\\u12g4\"", R"("\ud83d")", R"("\ude00")", R"("\ud83d\u0041")",
      "\"\xff\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xe2\x82\"", "[",
      "]", "[1", "[1,", "[1,]", "[,1]", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{1:2}", "[1}",
      "{\"a\":1]", "1 2", "[] []", "'a'", "// x\n1", "\xef\xbb\xbf");
  INFO(text);
  CHECK_FALSE(is_json(text, 10));
}

TEST_CASE("json scan: the depth is bounded", "[document]") {
  CHECK(is_json("[[[]]]", 3));
  CHECK_FALSE(is_json("[[[[]]]]", 3));
  CHECK(is_json("[[[1]]]", 3));
  CHECK_FALSE(is_json(std::string(1'000'000, '['), 200));
}

TEST_CASE("json scan: it never says yes where the reader says no", "[document]") {
  std::mt19937 random(7);
  const std::string seed =
      R"({"a": [1, -2.5e3, true, null, "x\u00e9\"y\\", {}], "bü": {"c": [[]]}})";
  const std::string bytes = "{}[],:\"\\ue0123-.+tfn \n\x01\xc3\xa9\xff";
  std::size_t agreed = 0;
  for (int i = 0; i < 4'000; ++i) {
    std::string text = seed;
    for (int edits = 1 + static_cast<int>(random() % 2); edits > 0; --edits) {
      const std::size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = bytes[random() % bytes.size()];
          break;
        case 1:
          text.erase(at, 1);
          break;
        default:
          text.insert(at, 1, bytes[random() % bytes.size()]);
      }
    }
    const bool fast = is_json(text, kJsonDepthMax);
    const auto slow = parse_json(text);
    const bool duplicate = !slow && slow.error().message.find("duplicate key") != std::string::npos;
    INFO(text);
    REQUIRE(fast == (slow.has_value() || duplicate));
    if (fast) ++agreed;
  }
  CHECK(agreed > 50);
}

TEST_CASE("json scan: UTF-8 is told from what only looks like it", "[document]") {
  CHECK(is_utf8("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"));
  for (const std::string text :
       {"\x80", "\xC3", "\xE2\x82", "\xF4\x90\x80\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xFF"}) {
    CHECK_FALSE(is_utf8(text));
    CHECK_FALSE(is_utf8("eight bytes and more" + text));
  }
}

}  // namespace
}  // namespace storm
