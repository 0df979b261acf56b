// What a query says of documents of which only some fields are known, and which paths it reads.
#include <string_view>
#include <vector>

#include "catch.hpp"
#include "core/document/json.hpp"
#include "core/query/query.hpp"
#include "text_source.hpp"

namespace storm {
namespace {

Query compiled(std::string_view filter) {
  static const OperatorSet operators = test::text_operators();
  const auto query = Query::parse(*parse_json(filter), operators);
  REQUIRE(query);
  return *query;
}

Truth decide(std::string_view filter) {
  static constexpr std::string_view kKnown[] = {"type", "status"};
  const Value known = *parse_json(R"({"type":"task","image":"not known"})");
  return compiled(filter).decide(ValueView(known), kKnown);
}

std::vector<std::string> paths(std::string_view filter) { return compiled(filter).paths(); }

using Paths = std::vector<std::string>;

}  // namespace

TEST_CASE("decide: a condition on a known field is tested, any other depends", "[query]") {
  CHECK(decide("{}") == Truth::Yes);
  CHECK(decide(R"({"type":"task"})") == Truth::Yes);
  CHECK(decide(R"({"type":"node"})") == Truth::No);
  CHECK(decide(R"({"status":null})") == Truth::Yes);
  CHECK(decide(R"({"status.deep":{"$exists":true}})") == Truth::No);
  CHECK(decide(R"({"image":"not known"})") == Truth::Depends);
  CHECK(decide(R"({"image.x":1})") == Truth::Depends);
}

TEST_CASE("decide: logic follows from the parts that are known", "[query]") {
  CHECK(decide(R"({"type":"task","image":"x"})") == Truth::Depends);
  CHECK(decide(R"({"type":"node","image":"x"})") == Truth::No);
  CHECK(decide(R"({"$or":[{"image":"x"},{"type":"task"}]})") == Truth::Yes);
  CHECK(decide(R"({"$or":[{"image":"x"},{"type":"node"}]})") == Truth::Depends);
  CHECK(decide(R"({"$nor":[{"image":"x"},{"type":"task"}]})") == Truth::No);
  CHECK(decide(R"({"$nor":[{"image":"x"},{"type":"node"}]})") == Truth::Depends);
  CHECK(decide(R"({"type":{"$not":{"$eq":"node"}}})") == Truth::Yes);
}

TEST_CASE("decide: an expression is computed when all that it reads is known", "[query]") {
  CHECK(decide(R"({"$expr":{"$eq":["$type","task"]}})") == Truth::Yes);
  CHECK(decide(R"({"$expr":{"$eq":["$type",{"$ifNull":["$status","x"]}]}})") == Truth::No);
  CHECK(decide(R"({"$expr":{"$eq":["$type","$image"]}})") == Truth::Depends);
  CHECK(decide(R"({"$expr":{"$eq":[{"$getField":"image"},"x"]}})") == Truth::Depends);
}

TEST_CASE("paths: each path that is read, sorted, those below another left out", "[query]") {
  CHECK(paths("{}").empty());
  CHECK(
      paths(R"({"snapshot.Spec.Name":"x","image":{"$regex":"^a"},"$or":[{"image":1},{"b":2}]})") ==
      Paths{"b", "image", "snapshot.Spec.Name"});
  CHECK(paths(R"({"a.b":1,"a.b.c":2,"a.b-c":3,"a.bc":4,"ab":5})") ==
        Paths{"a.b", "a.b-c", "a.bc", "ab"});
}

TEST_CASE("paths: those inside $elemMatch are joined to the array's", "[query]") {
  CHECK(paths(R"({"a.b":{"$elemMatch":{"c":1,"d.e":{"$gt":1}}}})") == Paths{"a.b.c", "a.b.d.e"});
  CHECK(paths(R"({"a":{"$elemMatch":{"b":{"$elemMatch":{"c":1}}}}})") == Paths{"a.b.c"});
  CHECK(paths(R"({"a":{"$elemMatch":{"$gt":1}}})") == Paths{"a"});
  CHECK(paths(R"({"a":{"$elemMatch":{}}})") == Paths{"a"});
  CHECK(paths(R"({"":{"$elemMatch":{"b":1}}})") == Paths{".b"});
}

TEST_CASE("paths: those of an expression count", "[query]") {
  CHECK(paths(R"({"$expr":{"$gt":["$a.b",{"$size":"$$ROOT.c.d"}]}})") == Paths{"a.b", "c.d"});
  CHECK(
      paths(
          R"({"$expr":{"$eq":[{"$getField":"x"},{"$getField":{"field":"y.z","input":"$q"}}]}})") ==
      Paths{"q", "x"});
}

}  // namespace storm
