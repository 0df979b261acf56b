#include "core/document/value.hpp"

#include "catch.hpp"

using storm::Value;

TEST_CASE("value: whole numbers and doubles are equal exactly, beyond what a double can hold",
          "[document]") {
  CHECK(Value(1) == Value(1.0));
  CHECK_FALSE(Value(std::int64_t{9007199254740993}) == Value(9007199254740992.0));
  CHECK(Value(std::uint64_t{18446744073709551615u}).is_double());
}

TEST_CASE("value: objects are equal without regard to the order of their keys", "[document]") {
  CHECK(Value(Value::Object{{"a", 1}, {"b", 2}}) == Value(Value::Object{{"b", 2}, {"a", 1}}));
  CHECK_FALSE(Value(Value::Object{{"a", 1}}) == Value(Value::Object{{"a", 2}}));
}

TEST_CASE("value: a JSON pointer with escapes finds its place", "[document]") {
  const Value root(Value::Object{
      {"a/b", Value(Value::Array{Value(1), Value(Value::Object{{"x~y", "found"}})})}});
  const Value* found = storm::at_pointer(root, "/a~1b/1/x~0y");
  REQUIRE(found);
  CHECK(found->as_string() == "found");
  CHECK(storm::pointer_join("/q", "a/b") == "/q/a~1b");
  CHECK_FALSE(storm::at_pointer(root, "/a~1b/7"));
}
