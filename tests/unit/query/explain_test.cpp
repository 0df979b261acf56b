// Why a document matches or not.
#include <string>
#include <string_view>

#include "catch.hpp"
#include "core/document/json.hpp"
#include "core/query/explain.hpp"
#include "text_source.hpp"

namespace storm {
namespace {

Explanation explained(std::string_view filter, std::string_view document) {
  static const OperatorSet operators = test::text_operators();
  const auto query = Query::parse(*parse_json(filter), operators);
  REQUIRE(query);
  const Value value = *parse_json(document);
  const Explanation explanation = explain(*query, ValueView(value));
  CHECK((explanation.misses == 0) == query->matches(ValueView(value)));
  CHECK(explanation.root.holds == query->matches(ValueView(value)));
  return explanation;
}

// One line: "+" or "-" for what holds or fails, the condition, (the value), [children].
std::string tree(const ExplainedCondition& part) {
  std::string out = (part.holds ? "+" : "-") + part.condition;
  if (!part.actual.empty()) out += " (" + part.actual + ")";
  if (part.children.empty()) return out;
  out += " [";
  for (const ExplainedCondition& child : part.children) {
    if (&child != &part.children.front()) out += "; ";
    out += tree(child);
  }
  return out + "]";
}

std::string tree(std::string_view filter, std::string_view document) {
  return tree(explained(filter, document).root);
}

std::string nearest(std::string_view filter, std::string_view document) {
  return explained(filter, document).nearest_miss;
}

constexpr std::string_view kTask =
    R"({"type":"task","status":"starting","n":5,"tags":["a","b"],"s":{"x":[{"k":1},{}]}})";

}  // namespace

TEST_CASE("explain: each condition with the value that it met, as they are written", "[query]") {
  CHECK(tree(R"({"s.x":{"$elemMatch":{"k":2}},"status":"running","type":"task"})", kTask) ==
        R"(-all of [-s.x $elemMatch {"k":2} ([{"k":1},{}]); -status == "running" ("starting"); )"
        R"(+type == "task" ("task")])");
  CHECK(tree(R"({"$or":[{"n":{"$gt":7}},{"tags":"a"}],"none":null})", kTask) ==
        R"(+all of [+any of [-n > 7 (5); +tags == "a" (["a","b"])]; +none == null (missing)])");
  CHECK(tree(R"({"s.x.k":{"$gte":1}})", kTask) == "+s.x.k >= 1 (1, missing)");
  CHECK(tree("{}", kTask) == "+always");
  CHECK(tree(R"({"a":{"$in":[]}})", kTask) == "-never");
}

TEST_CASE("explain: every kind of condition has its words", "[query]") {
  CHECK(tree(R"({"n":{"$in":[1,2]}})", kTask) == "-n in [1,2] (5)");
  CHECK(tree(R"({"n":{"$nin":[1,5]}})", kTask) == "-n not in [1,5] (5)");
  CHECK(tree(R"({"n":{"$ne":5}})", kTask) == "-n != 5 (5)");
  CHECK(tree(R"({"n":{"$not":{"$lt":9}}})", kTask) == "-not n < 9 (5)");
  CHECK(tree(R"({"x":{"$exists":true}})", kTask) == "-x exists (missing)");
  CHECK(tree(R"({"n":{"$exists":false}})", kTask) == "-n is missing (5)");
  CHECK(tree(R"({"tags":{"$size":3}})", kTask) == R"(-tags has 3 elements (["a","b"]))");
  CHECK(tree(R"({"n":{"$mod":[2,0]}})", kTask) == "-n % 2 == 0 (5)");
  CHECK(tree(R"({"n":{"$bitsAllSet":2}})", kTask) == "-n $bitsAllSet 2 (5)");
  CHECK(tree(R"({"n":{"$type":"string"}})", kTask) == R"(-n $type "string" (5))");
  CHECK(tree(R"({"type":{"$regex":"^x"}})", kTask) == R"(-type $regex "^x" ("task"))");
  CHECK(tree(R"({"type":{"$not":{"$regex":"as"}}})", kTask) == R"(-not type $regex "as" ("task"))");
  CHECK(tree(R"({"$expr":{"$gt":["$n",7]}})", kTask) == R"(-$expr {"$gt":["$n",7]})");
  CHECK(tree(R"({"$jsonSchema":{"required":["z"]}})", kTask) ==
        R"(-$jsonSchema {"required":["z"]})");
  CHECK(tree(R"({"$nor":[{"n":5},{"n":6}]})", kTask) == "-none of [+n == 5 (5); -n == 6 (5)]");
  CHECK(tree(R"({"$nor":[{"n":5,"type":"task"}]})", kTask) ==
        R"(-not all of [+n == 5 (5); +type == "task" ("task")])");
  CHECK(tree(R"({"$group":"web"})", kTask) == R"(-$group "web" (no member))");
  CHECK(tree(R"({"$parent":{"a":1}})", kTask) == R"(-$parent {"a":1} (no parent))");
}

TEST_CASE("explain: the nearest miss is the fewest conditions", "[query]") {
  CHECK(nearest(R"({"type":"task","status":"running"})", kTask) ==
        R"(fails only `status == "running"`, value "starting")");
  CHECK(nearest(R"({"type":"task"})", kTask) == "");
  CHECK(
      nearest(R"({"type":"node","status":"running","n":5})", kTask) ==
      R"(fails 2 conditions: `type == "node"`, value "task"; `status == "running"`, value "starting")");
  // Of two ways the one with less to do.
  CHECK(nearest(R"({"$or":[{"type":"node","n":1},{"type":"task","n":{"$lt":5}}]})", kTask) ==
        "fails only `n < 5`, value 5");
  // What must not hold.
  CHECK(nearest(R"({"type":"task","$nor":[{"n":5},{"n":6}]})", kTask) ==
        "fails only `n != 5`, value 5");
  CHECK(nearest(R"({"$nor":[{"n":5,"type":"task"}]})", kTask) == "fails only `n != 5`, value 5");
  CHECK(nearest(R"({"n":1,"$group":"web"})", kTask) ==
        R"(fails 2 conditions: `n == 1`, value 5; `$group "web"`, value no member)");
  CHECK(nearest(R"({"n":{"$in":[]}})", kTask) == "no document matches this query");
  CHECK(explained(R"({"n":{"$in":[]}})", kTask).misses == Explanation::kNever);
}

TEST_CASE("explain: what is long is cut", "[query]") {
  Value document = Value::object();
  document.add("a", std::string(1'000'000, 'x'));
  Value filter = Value::object();
  filter.add("a", std::string(1'000'000, 'y'));
  Value many = Value::array();
  for (std::size_t i = 0; i < 3 * kExplainedConditionsMax; ++i) {
    Value one = Value::object();
    one.add("f" + std::to_string(i), 1);
    many.push_back(std::move(one));
  }
  filter.add("$and", std::move(many));
  const auto query = Query::parse(filter, OperatorSet());
  REQUIRE(query);
  const Explanation explanation = explain(*query, ValueView(document));
  CHECK(explanation.root.children.size() == kExplainedConditionsMax - 1);
  CHECK(explanation.root.left_out == 2 * kExplainedConditionsMax + 2);
  CHECK(explanation.root.children[0].actual.size() <= kExplainedValueMax + 3);
  CHECK(explanation.root.children[0].condition.size() < 200);
  CHECK(explanation.misses == 3 * kExplainedConditionsMax + 1);
  CHECK_THAT(explanation.nearest_miss, Catch::Matchers::EndsWith("; and 2996 more"));
}

TEST_CASE("explain: the same as a document", "[query]") {
  CHECK(to_json(to_value(explained(R"({"n":1,"type":"task"})", kTask))) ==
        R"({"matches":false,"nearest_miss":"fails only `n == 1`, value 5","conditions":)"
        R"({"condition":"all of","holds":false,"children":[)"
        R"({"condition":"n == 1","holds":false,"path":"n","actual":"5"},)"
        R"({"condition":"type == \"task\"","holds":true,"path":"type","actual":"\"task\""}]}})");
}

}  // namespace storm
