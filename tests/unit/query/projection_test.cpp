// Which parts of a document are kept.
#include <string>
#include <string_view>
#include <vector>

#include "catch.hpp"
#include "core/document/json.hpp"
#include "core/query/projection.hpp"

namespace storm {
namespace {

constexpr std::string_view kDocument =
    R"({"_id":7,"a":1,"b":{"c":[1,{"d":2,"e":3}],"f":null},"g":[[{"h":1,"i":2}],5,{"h":3}]})";

std::string projected(std::string_view specification) {
  const auto projection = Projection::parse(*parse_json(specification));
  REQUIRE(projection);
  return to_json(projection->apply(*parse_json(kDocument)));
}

std::string refusal(std::string_view specification) {
  const auto projection = Projection::parse(*parse_json(specification));
  if (projection) return "accepted";
  const Problem& problem = projection.error().problems.at(0);
  return problem.pointer + " | " + problem.message;
}

}  // namespace

TEST_CASE("projection: keeps what is named, and _id", "[query]") {
  CHECK(projected("{}") == kDocument);
  CHECK(projected(R"({"a":1})") == R"({"_id":7,"a":1})");
  CHECK(projected(R"({"a":true,"_id":0})") == R"({"a":1})");
  CHECK(projected(R"({"_id":1})") == R"({"_id":7})");
  CHECK(projected(R"({"b.c.d":1,"_id":0})") == R"({"b":{"c":[{"d":2}]}})");
  CHECK(projected(R"({"b":{"f":1,"x":1},"_id":0})") == R"({"b":{"f":null}})");
  CHECK(projected(R"({"g.h":1,"_id":0})") == R"({"g":[[{"h":1}],{"h":3}]})");
  CHECK(projected(R"({"a.x":1,"_id":0})") == "{}");
}

TEST_CASE("projection: drops what is named", "[query]") {
  CHECK(projected(R"({"b":0,"g":false})") == R"({"_id":7,"a":1})");
  CHECK(projected(R"({"_id":0,"b":0,"g":0})") == R"({"a":1})");
  CHECK(projected(R"({"b.c.e":0,"g":0,"_id":0})") == R"({"a":1,"b":{"c":[1,{"d":2}],"f":null}})");
  CHECK(projected(R"({"g.h":0,"b":0,"_id":1})") == R"({"_id":7,"a":1,"g":[[{"i":2}],5,{}]})");
}

TEST_CASE("projection: what contradicts itself is refused with its place", "[query]") {
  CHECK(refusal("[]") == " | a projection is an object, not array");
  CHECK(refusal(R"({"a":1,"b":0})") == "/b | a projection either keeps or drops fields, not both");
  CHECK(refusal(R"({"a":1,"a.b":1})") == R"(/a.b | "a.b" is part of another path)");
  CHECK(refusal(R"({"a.b":1,"a":1})") ==
        R"(/a | "a" is there twice, or has another path below it)");
  CHECK(refusal(R"({"a":"x"})") == "/a | needs 1 to keep or 0 to drop, not string");
  CHECK(refusal(R"({"a":{"$slice":1}})") ==
        R"(/a/$slice | "$slice" is not available in a projection)");
  CHECK(refusal(R"({"a..b":1})") == R"(/a..b | "a..b" is not a path)");
  Value many = Value::object();
  for (std::size_t i = 0; i <= kProjectionPathsMax; ++i) many.add("f" + std::to_string(i), 1);
  CHECK_FALSE(Projection::parse(many));
}

TEST_CASE("projection: a list of paths keeps no _id, and a path covers those below it", "[query]") {
  const std::vector<std::string> paths{"b.f", "b.c.d", "b.c", "b.c.e"};
  CHECK(to_json(Projection::keeping(paths).apply(*parse_json(kDocument))) ==
        R"({"b":{"c":[1,{"d":2,"e":3}],"f":null}})");
  CHECK(to_json(Projection::dropping(paths).apply(*parse_json(R"({"a":1,"b":{"c":1,"x":2}})"))) ==
        R"({"a":1,"b":{"x":2}})");
}

}  // namespace storm
