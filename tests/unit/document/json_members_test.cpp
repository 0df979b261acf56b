#include "core/document/json_members.hpp"

#include <cstdint>
#include <initializer_list>
#include <string>

#include "catch.hpp"
#include "core/document/json.hpp"

namespace {

storm::MemberTree tree_of(std::initializer_list<const char*> paths) {
  storm::MemberTree tree;
  for (const char* path : paths) tree.add(path);
  return tree;
}

std::string narrowed(const std::string& json, std::initializer_list<const char*> paths) {
  const auto value = storm::parse_members(json, tree_of(paths));
  return value ? storm::to_json(*value) : "error";
}

}  // namespace

TEST_CASE("json members: only what the paths name is read", "[document]") {
  const std::string json =
      R"({"ID":"x","Spec":{"Name":"web","Env":["A=1","B={\"}"],"Deep":{"a":[1,{"b":2}]}},"n":-1.5e3})";
  CHECK(narrowed(json, {"Spec.Name"}) == R"({"Spec":{"Name":"web"}})");
  CHECK(narrowed(json, {"Spec.Deep", "ID"}) == R"({"ID":"x","Spec":{"Deep":{"a":[1,{"b":2}]}}})");
  CHECK(narrowed(json, {"Spec.Deep.a.b"}) == R"({"Spec":{"Deep":{"a":[1,{"b":2}]}}})");
  CHECK(narrowed(json, {"n", "none"}) == R"({"n":-1500.0})");
  CHECK(narrowed(json, {}) == "{}");
  CHECK(narrowed(json, {""}) == storm::to_json(*storm::parse_json(json)));
  CHECK(narrowed(json, {"Spec.Name", "Spec"}) == narrowed(json, {"Spec"}));
  CHECK(narrowed(json, {"Spec", "Spec.Name"}) == narrowed(json, {"Spec"}));
}

TEST_CASE("json members: arrays are narrowed element by element, a number ends the narrowing",
          "[document]") {
  const std::string json = R"({"a":[{"b":1,"c":2},3,[{"b":4,"c":5}],{"c":6}]})";
  CHECK(narrowed(json, {"a.b"}) == R"({"a":[{"b":1},3,[{"b":4}],{}]})");
  CHECK(narrowed(json, {"a.0.b"}) == storm::to_json(*storm::parse_json(json)));
  CHECK(narrowed(R"([{"a":1,"b":2}])", {"b"}) == R"([{"b":2}])");
  CHECK(narrowed(R"("text")", {"b"}) == R"("text")");
}

TEST_CASE("json members: values are those of the reader of whole documents", "[document]") {
  for (const char* text : {"0",
                           "-0",
                           "1",
                           "-7",
                           "9223372036854775807",
                           "-9223372036854775808",
                           "9223372036854775808",
                           "18446744073709551616",
                           "1.0",
                           "-0.0",
                           "1e400",
                           "1e-400",
                           "2.5E-3",
                           "5e-324",
                           R"("")",
                           R"("a\u0000b\ud83d\ude00\n\"")",
                           R"("é日")",
                           "true",
                           "false",
                           "null",
                           "[]",
                           "{}",
                           R"({"a\"b":{"\u0063":[[],{},[{}]]}})",
                           " [ 1 , { \"a\" : \"b\" } , [ ] ] "}) {
    INFO(text);
    const auto expected = storm::parse_json(text);
    const auto read = storm::parse_members(text, tree_of({""}));
    REQUIRE(read.has_value() == expected.has_value());
    if (!expected) continue;
    CHECK(storm::to_json(*read) == storm::to_json(*expected));
    CHECK(read->kind() == expected->kind());
  }
}

TEST_CASE("json members: what is skipped may hold anything that looks like an end", "[document]") {
  for (std::size_t padding = 0; padding < 140; ++padding) {
    for (const char* trap : {"\"}\"", "\"\\\"}]\"", "\"\\\\\"", "\"\\\\\\\"{\"",
                             "[[{\"]\":\"[\"}],{}]", "{\"a\":{\"}\":[{}]}}", "-1.5e3", "null"}) {
      const std::string skipped =
          "[\"" + std::string(padding, 'x') + "\"," + trap + ",\"\\\\\\\\\"]";
      const std::string json = R"({"skip":)" + skipped + R"(,"deep":{"skip":)" + trap +
                               R"(,"keep":1,"more":)" + skipped + R"(},"keep":2})";
      INFO(json);
      CHECK(narrowed(json, {"keep", "deep.keep"}) == R"({"deep":{"keep":1},"keep":2})");
    }
  }
}

TEST_CASE("json members: names with escapes are found by what they say", "[document]") {
  CHECK(narrowed(R"({"\u0061":{"b\\c":1},"x":2})", {"a.b\\c"}) == R"({"a":{"b\\c":1}})");
  CHECK(narrowed(R"({"":{"":1,"y":2},"z":3})", {".y"}) == R"({"":{"y":2}})");
}

TEST_CASE("json members: broken text gives an error or a value, within the text", "[document]") {
  const std::string json =
      R"({"a":[1,-2.5e1,"x\u0041\\",{"b":null}],"skip":{"c":["}"]},"keep":{"d":true}})";
  for (std::size_t size = 0; size < json.size(); ++size) {
    // A copy of its own, so that a sanitizer sees a read past it.
    const std::string cut(json, 0, size);
    const std::string exact(cut.c_str(), cut.size());
    CHECK_FALSE(storm::parse_members(exact, tree_of({"keep"})));
    CHECK_FALSE(storm::parse_members(exact, tree_of({""})));
    for (const char wrong : {'"', '\\', '{', '}', '[', ']', ',', ':', 'x', '\0'}) {
      std::string changed = json;
      changed[size] = wrong;
      for (const auto& tree : {tree_of({"keep.d"}), tree_of({""}), tree_of({"skip.c", "a.b"})}) {
        (void)storm::parse_members(changed, tree);
      }
    }
  }
  CHECK_FALSE(storm::parse_members(R"({"a":1,"a":2})", tree_of({""})));
  const std::string deep(100'000, '[');
  CHECK_FALSE(storm::parse_members(deep, tree_of({""})));
  CHECK_FALSE(storm::parse_members(deep, tree_of({"a"})));
}
