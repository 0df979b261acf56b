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

namespace {

// An object of that many keys that differ at their beginning, in the middle or at the end.
std::string object_of(std::size_t keys, const std::string& more) {
  std::string text = "{";
  for (std::size_t i = 0; i < keys; ++i) {
    const std::string number = std::to_string(i);
    const std::string same = "com.docker.swarm.";
    text += '"';
    text += i % 3 == 0 ? number + same : i % 3 == 1 ? same + number + same : same + number;
    text += "\":{},";
  }
  return text + more + "}";
}

}  // namespace

TEST_CASE("json scan: a key that comes twice in one object is refused", "[document]") {
  const std::string text = GENERATE(
      as<std::string>{}, R"({"a":1,"a":1})", R"({"":1,"":2})", R"({"a":{"b":1,"c":2,"b":3}})",
      R"([{"a":1},{"a":{"a":1},"a":2}])", R"({"abcdefgh":1,"abcdefgh":2})",
      R"({"a long key of many bytes":1,"b":2,"a long key of many bytes":1})",
      R"({"a":1,"\u0061":2})", R"({"\u0061":1,"a":2})", R"({"\u0061":1,"\u0061":2})");
  INFO(text);
  CHECK_FALSE(is_json(text, 10));
  const auto checked = check_json(text);
  REQUIRE_FALSE(checked);
  CHECK_THAT(checked.error().message, Catch::Matchers::Contains("duplicate key"));
}

TEST_CASE("json scan: the same key in different objects is taken", "[document]") {
  const std::string text = GENERATE(
      as<std::string>{}, R"({"a":{"a":{"a":1}},"b":{"a":1,"b":2}})", R"([{"a":1},{"a":2}])",
      R"({"a":1,"A":2,"aa":3,"":4," a":5,"a ":6})", R"({"a":[{"b":1},{"b":2}],"b":3})");
  INFO(text);
  CHECK(is_json(text, 10));
  CHECK(check_json(text));
}

TEST_CASE("json scan: large objects are searched for keys that come twice as well", "[document]") {
  const std::size_t keys = GENERATE(2U, 15U, 16U, 17U, 300U);
  INFO(keys);
  CHECK(is_json(object_of(keys, "\"last\":1"), 10));
  for (const std::string twice : {"0com.docker.swarm.", "com.docker.swarm.1com.docker.swarm."}) {
    const std::string text = object_of(keys, "\"" + twice + "\":1");
    CHECK_FALSE(is_json(text, 10));
    CHECK_FALSE(check_json(text));
  }
}

TEST_CASE("json scan: a key with an escape is left to the reader", "[document]") {
  const std::string text = R"({"a\"b":1,"a\\b":2,"c":"\n"})";
  CHECK_FALSE(is_json(text, 10));
  CHECK(check_json(text));
  CHECK(is_json(R"({"c":"\n"})", 10));
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
    const bool slow = parse_json(text).has_value();
    INFO(text);
    if (fast) {
      REQUIRE(slow);
      ++agreed;
    } else if (slow) {
      // Only a key with an escape is left to the reader.
      REQUIRE(text.find('\\') < text.find("\":"));
    }
    REQUIRE(check_json(text).has_value() == slow);
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
