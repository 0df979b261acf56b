// $expr: values computed from a document, beyond what the conformance cases hold.
#include "core/query/expression.hpp"
#include "catch.hpp"
#include "core/document/json.hpp"
#include "core/query/query.hpp"

namespace storm {
namespace {

const char* const kDocument =
    R"({"n":7,"m":-2,"f":2.5,"s":"Storm","e":"","null":null,"yes":true,"list":[3,1,"x",2],
        "o":{"a":{"b":5},"x.y":1},"objects":[{"k":1},{"k":2},{"z":3},4],"empty":[],
        "max":9223372036854775807})";

Result<Query> parse(std::string_view expression) {
  const auto filter = parse_json(R"({"$expr":)" + std::string(expression) + "}");
  REQUIRE(filter);
  return Query::parse(*filter, OperatorSet());
}

bool holds(std::string_view expression) {
  const auto query = parse(expression);
  INFO(expression << (query ? "" : ": " + query.error().message));
  REQUIRE(query);
  const Value document = *parse_json(kDocument);
  return query->matches(ValueView(document));
}

// Whether the expression gives this value exactly.
bool gives(std::string_view expression, std::string_view value) {
  return holds(R"({"$eq":[)" + std::string(expression) + R"(,{"$literal":)" + std::string(value) +
               "}]}");
}

std::string refusal(std::string_view expression) {
  const auto query = parse(expression);
  if (query) return "accepted";
  return query.error().problems[0].pointer + " | " + query.error().problems[0].message;
}

}  // namespace

TEST_CASE("expression: operators compute what MongoDB computes", "[query]") {
  struct Row {
    const char* expression;
    const char* value;
  };
  const std::vector<Row> rows{
      {R"("$n")", "7"},
      {R"("$$ROOT.o.a.b")", "5"},
      {R"("$$CURRENT.n")", "7"},
      {R"("$objects.k")", "[1,2]"},
      {R"("$list.0")", "[]"},
      {R"({"$add":["$n",1,0.5]})", "8.5"},
      {R"({"$add":["$max",1]})", "9223372036854775808.0"},
      {R"({"$add":["$n","$null"]})", "null"},
      {R"({"$subtract":["$n","$m"]})", "9"},
      {R"({"$multiply":["$n","$m",2]})", "-28"},
      {R"({"$divide":["$n",2]})", "3.5"},
      {R"({"$mod":["$n","$m"]})", "1"},
      {R"({"$mod":["$m",-1]})", "0"},
      {R"({"$abs":"$m"})", "2"},
      {R"({"$floor":"$f"})", "2"},
      {R"({"$ceil":"$f"})", "3"},
      {R"({"$trunc":{"$multiply":["$f",-1]}})", "-2"},
      {R"({"$cmp":["$n","$m"]})", "1"},
      {R"({"$cmp":["$missing","$null"]})", "-1"},
      {R"({"$gt":["$s","$n"]})", "true"},
      {R"({"$lte":["$n","$n"]})", "true"},
      {R"({"$ne":["$missing",null]})", "true"},
      {R"({"$and":["$n","$e"]})", "true"},
      {R"({"$and":["$n","$null"]})", "false"},
      {R"({"$or":["$missing",0,false]})", "false"},
      {R"({"$not":["$missing"]})", "true"},
      {R"({"$cond":["$yes","a","b"]})", R"("a")"},
      {R"({"$cond":{"if":"$missing","then":1,"else":2}})", "2"},
      {R"({"$ifNull":["$missing","$null","$n"]})", "7"},
      {R"({"$size":"$list"})", "4"},
      {R"({"$in":["x","$list"]})", "true"},
      {R"({"$in":["$n",[1,7.0]]})", "true"},
      {R"({"$arrayElemAt":["$list",-1]})", "2"},
      {R"({"$first":"$list"})", "3"},
      {R"({"$last":"$list"})", "2"},
      {R"({"$isArray":["$empty"]})", "true"},
      {R"({"$isNumber":"$s"})", "false"},
      {R"({"$sum":"$list"})", "6"},
      {R"({"$sum":["$n","$s",1]})", "8"},
      {R"({"$avg":["$n","$m","$s"]})", "2.5"},
      {R"({"$avg":"$empty"})", "null"},
      {R"({"$max":"$list"})", R"("x")"},
      {R"({"$min":["$n","$m","$null"]})", "-2"},
      {R"({"$concat":["$s","-","x"]})", R"("Storm-x")"},
      {R"({"$concat":["$s","$missing"]})", "null"},
      {R"({"$toLower":"$s"})", R"("storm")"},
      {R"({"$toUpper":"$s"})", R"("STORM")"},
      {R"({"$strLenCP":"$s"})", "5"},
      {R"({"$type":"$max"})", R"("long")"},
      {R"({"$type":"$missing"})", R"("missing")"},
      {R"({"$getField":{"field":"x.y","input":"$o"}})", "1"},
      {R"({"$getField":"n"})", "7"},
      {R"({"$literal":"$n"})", R"("$n")"},
  };
  for (const Row& row : rows) {
    INFO(row.expression << " is " << row.value);
    CHECK(gives(row.expression, row.value));
  }
}

TEST_CASE("expression: a document that does not fit never matches", "[query]") {
  for (const char* expression :
       {R"({"$size":"$n"})", R"({"$add":["$s",1]})", R"({"$divide":["$n",0]})",
        R"({"$mod":["$n",0]})", R"({"$in":[1,"$n"]})", R"({"$strLenCP":"$n"})",
        R"({"$concat":["$n"]})", R"({"$arrayElemAt":["$list",0.5]})"}) {
    INFO(expression);
    CHECK_FALSE(holds(R"({"$gte":[)" + std::string(expression) + ",null]}"));
    CHECK_FALSE(holds(R"({"$lt":[)" + std::string(expression) + ",null]}"));
  }
}

TEST_CASE("expression: what is wrong is named with its place", "[query]") {
  CHECK(refusal(R"({"$eqq":[1,2]})") ==
        R"(/$expr/$eqq | unknown operator of $expr "$eqq"; did you mean "$eq"?)");
  CHECK(refusal(R"({"$and":[true,{"$gt":[1]}]})") ==
        "/$expr/$and/1/$gt | $gt needs 2 arguments, not 1");
  CHECK(refusal(R"({"$ifNull":["$a"]})") ==
        "/$expr/$ifNull | $ifNull needs at least 2 arguments, not 1");
  CHECK(refusal(R"({"$eq":["$$USER.a",1]})") ==
        "/$expr/$eq/0 | the only variables are $$ROOT and $$CURRENT, with a field: $$ROOT.name");
  CHECK(refusal(R"({"$eq":["$",1]})") ==
        R"(/$expr/$eq/0 | "$" is not followed by the name of a field)");
  CHECK(refusal(R"({"$gt":[1,2],"$lt":[1,2]})") ==
        R"(/$expr | an expression has one operator: "$gt" or "$lt")");
  CHECK(refusal(R"({"$cond":{"if":1,"then":2}})") == R"(/$expr/$cond | $cond needs "else")");
  CHECK(refusal(R"({"$cond":{"if":1,"then":2,"else":3,"or":4}})") ==
        "/$expr/$cond | $cond has an argument that it does not know");
  CHECK(refusal(R"({"$in":[1,["$a"]]})") ==
        "/$expr/$in/1/0 | a list or object in $expr holds constants only; use $literal around it");
  CHECK(refusal(R"({"$getField":{"field":"$a"}})") ==
        "/$expr/$getField | $getField needs the name of a field as a constant string");
  std::string many = R"({"$and":[1)";
  for (std::size_t i = 0; i < kExpressionNodesMax; ++i) many += ",1";
  CHECK_THAT(refusal(many + "]}"), Catch::Matchers::EndsWith("$expr has more than 1000 parts"));
  const auto element =
      Query::parse(*parse_json(R"({"a":{"$elemMatch":{"$expr":true}}})"), OperatorSet());
  REQUIRE_FALSE(element);
  CHECK(element.error().problems[0].pointer == "/a/$elemMatch/$expr");
}

TEST_CASE("expression: a text that grows too long is given up", "[query]") {
  const Value document = [] {
    Value object = Value::object();
    object.set("s", std::string(kComputedTextMax / 2, 'x'));
    return object;
  }();
  CHECK(parse(R"({"$ne":[{"$concat":["$s","$s"]},1]})")->matches(ValueView(document)));
  CHECK_FALSE(parse(R"({"$ne":[{"$concat":["$s","$s","y"]},1]})")->matches(ValueView(document)));
}

TEST_CASE("expression: it tells which fields it reads", "[query]") {
  CHECK(parse(R"({"$gt":["$b.c",{"$add":["$a",{"$getField":"x.y"}]}]})")->fields() ==
        std::vector<std::string>{"a", "b", "x.y"});
}

}  // namespace storm
