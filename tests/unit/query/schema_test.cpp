// $jsonSchema: each keyword, and what is refused.
#include <string>
#include <string_view>
#include <vector>

#include "catch.hpp"
#include "core/document/json.hpp"
#include "core/query/query.hpp"
#include "text_source.hpp"

namespace storm {
namespace {

Result<Query> compiled(std::string_view schema) {
  static const OperatorSet operators = test::text_operators();
  Value filter = Value::object();
  const auto value = parse_json(schema);
  REQUIRE(value);
  filter.set("$jsonSchema", *value);
  return Query::parse(filter, operators);
}

bool fits(std::string_view schema, std::string_view document) {
  const auto query = compiled(schema);
  INFO(schema);
  REQUIRE(query);
  const auto value = parse_json(document);
  REQUIRE(value);
  return query->matches(ValueView(*value));
}

std::string refusal(std::string_view schema) {
  const auto query = compiled(schema);
  if (query) return "accepted";
  const Problem& problem = query.error().problems.at(0);
  return problem.pointer + " | " + problem.message;
}

}  // namespace

TEST_CASE("schema: a keyword is about values of its type and lets others pass", "[query]") {
  struct Row {
    const char* schema;  // of the field v
    std::vector<const char*> fit, misfit;
  };
  const std::vector<Row> rows{
      {R"({"type":"number"})", {"1", "1.5", "5000000000"}, {R"("1")", "null", "[1]"}},
      {R"({"type":["null","boolean"]})", {"null", "false"}, {"0", "{}"}},
      {R"({"bsonType":"int"})", {"1", "-2147483648"}, {"1.0", "5000000000"}},
      {R"({"bsonType":["long","double"]})", {"5000000000", "1.0"}, {"1"}},
      {R"({"bsonType":"date"})", {}, {"1", R"("2020-01-01")"}},
      {R"({"enum":[1,"a",{"x":1,"y":[2]}]})",
       {"1.0", R"("a")", R"({"y":[2],"x":1})"},
       {"2", R"({"x":1})", R"({"x":1,"y":[2,2]})"}},
      {R"({"minimum":2})", {"2", "3.5", R"("a")", "null", "[0]"}, {"1.9", "-5"}},
      {R"({"minimum":2,"exclusiveMinimum":true})", {"2.1"}, {"2"}},
      {R"({"maximum":9007199254740992})", {"9007199254740992"}, {"9007199254740993"}},
      {R"({"maximum":2,"exclusiveMaximum":true})", {"1"}, {"2"}},
      {R"({"maximum":2,"exclusiveMaximum":false})", {"2"}, {"2.5"}},
      {R"({"multipleOf":3})", {"-9", "0", "6.0", R"("x")"}, {"7", "6.5"}},
      {R"({"multipleOf":0.1})", {"0.3", "7", "-1.7"}, {"0.35"}},
      {R"({"multipleOf":2.0})", {"9007199254740994"}, {"9007199254740993"}},
      {R"({"minLength":2,"maxLength":3})", {R"("éé")", R"("abc")", "5"}, {R"("é")", R"("abcd")"}},
      {R"({"pattern":"^a.c"})", {R"("abcd")", "7"}, {R"("xabc")"}},
      {R"({"minItems":1,"maxItems":2})", {"[1]", "[1,2]", "{}"}, {"[]", "[1,2,3]"}},
      {R"({"uniqueItems":true})",
       {"[1,2]", R"([{"a":1},{"a":2}])", "[[1],[2]]"},
       {"[1,1.0]", R"([{"a":1,"b":2},3,{"b":2,"a":1}])", R"([[{"a":1,"b":2}],[{"b":2,"a":1}]])"}},
      {R"({"uniqueItems":false})", {"[1,1]"}, {}},
      {R"({"items":{"type":"number"}})", {"[]", "[1,2]"}, {R"([1,"a"])"}},
      {R"({"items":[{"type":"number"},{"type":"string"}]})",
       {"[]", "[1]", R"([1,"a",null])"},
       {R"(["a"])", "[1,2]"}},
      {R"({"items":[{"type":"number"}],"additionalItems":false})", {"[1]"}, {"[1,2]"}},
      {R"({"items":[{}],"additionalItems":{"type":"string"}})", {R"([1,"a"])"}, {"[1,2]"}},
      {R"({"items":{},"additionalItems":false})", {"[1,2,3]"}, {}},
      {R"({"required":["a","b"]})", {R"({"a":1,"b":null})", "5"}, {R"({"a":1})"}},
      {R"({"minProperties":1,"maxProperties":2})",
       {R"({"a":1})"},
       {"{}", R"({"a":1,"b":1,"c":1})"}},
      {R"({"properties":{"a":{"type":"number"}},"additionalProperties":false})",
       {"{}", R"({"a":1})"},
       {R"({"a":"x"})", R"({"b":1})"}},
      {R"({"properties":{"a":{}},"patternProperties":{"^x":{"type":"string"}},
           "additionalProperties":{"type":"null"}})",
       {R"({"a":1,"x1":"s","z":null})"},
       {R"({"x1":1})", R"({"z":1})"}},
      {R"({"dependencies":{"a":["b"]}})", {"{}", R"({"b":1})", R"({"a":1,"b":1})"}, {R"({"a":1})"}},
      {R"({"dependencies":{"a":{"required":["c"]}}})", {R"({"a":1,"c":1})"}, {R"({"a":1})"}},
      {R"({"allOf":[{"minimum":1},{"maximum":2}]})", {"1", "2"}, {"0", "3"}},
      {R"({"anyOf":[{"type":"null"},{"minimum":5,"type":"number"}]})", {"null", "5"}, {"4"}},
      {R"({"oneOf":[{"minimum":1},{"maximum":2}]})", {"0", "3"}, {"1", R"("x")"}},
      {R"({"not":{"type":"string"}})", {"1"}, {R"("x")"}},
      {R"({"title":"t","description":"d"})", {"1"}, {}},
  };
  for (const Row& row : rows) {
    const std::string schema = std::string(R"({"properties":{"v":)") + row.schema + "}}";
    for (const char* value : row.fit) {
      INFO(row.schema << " on " << value);
      CHECK(fits(schema, std::string(R"({"v":)") + value + "}"));
    }
    for (const char* value : row.misfit) {
      INFO(row.schema << " on " << value);
      CHECK_FALSE(fits(schema, std::string(R"({"v":)") + value + "}"));
    }
  }
}

TEST_CASE("schema: at the top it is about the whole document", "[query]") {
  CHECK(fits("{}", R"({"a":1})"));
  CHECK(fits(R"({"type":"object","maxProperties":1})", R"({"a":1})"));
  CHECK_FALSE(fits(R"({"maxProperties":1})", R"({"a":1,"b":2})"));
  CHECK_FALSE(fits(R"({"type":"array"})", R"({"a":1})"));
  CHECK(fits(R"({"enum":[{"b":2,"a":1}]})", R"({"a":1,"b":2})"));
  CHECK_FALSE(fits(R"({"enum":[{"b":2}]})", R"({"a":1,"b":2})"));
  CHECK(fits(R"({"dependencies":{"a":{"properties":{"b":{"minimum":2}}}}})", R"({"a":1,"b":2})"));
  CHECK_FALSE(fits(R"({"additionalProperties":false,"properties":{"a":{}}})", R"({"b":1})"));
  // A field's name is one name, dots or not.
  CHECK(fits(R"({"required":["a.b"]})", R"({"a.b":1})"));
  CHECK_FALSE(fits(R"({"required":["a.b"]})", R"({"a":{"b":1}})"));
}

TEST_CASE("schema: what it reads is known", "[query]") {
  const auto named = compiled(R"({"required":["a"],"properties":{"b":{"minProperties":1}},
                                  "anyOf":[{"properties":{"c":{}}}],"dependencies":{"d":["e"]}})");
  REQUIRE(named);
  CHECK(named->fields() == std::vector<std::string>{"a", "b", "c", "d", "e"});
  CHECK_FALSE(named->reads_names());
  for (const char* schema :
       {R"({"maxProperties":1})", R"({"additionalProperties":false})", R"({"enum":[{}]})",
        R"({"patternProperties":{"a":{}}})", R"({"not":{"allOf":[{"minProperties":1}]}})"}) {
    INFO(schema);
    const auto query = compiled(schema);
    REQUIRE(query);
    CHECK(query->reads_names());
    static constexpr std::string_view kKnown[] = {"a"};
    CHECK(query->decide(ValueView(Value::object()), kKnown) == Truth::Depends);
  }
  static constexpr std::string_view kKnown[] = {"a", "b", "c", "d", "e"};
  CHECK(named->reads_only(kKnown));
  CHECK(named->decide(ValueView(Value::object()), kKnown) == Truth::No);
  static constexpr std::string_view kFew[] = {"a", "b", "c", "d"};
  CHECK_FALSE(named->reads_only(kFew));
  CHECK(named->decide(ValueView(Value::object()), kFew) == Truth::Depends);
}

TEST_CASE("schema: what is wrong is named with its place", "[query]") {
  struct Row {
    const char* schema;
    const char* refusal;
  };
  const std::vector<Row> rows{
      {"[]", "/$jsonSchema | a schema is an object, not array"},
      {R"({"minimun":1})",
       R"(/$jsonSchema/minimun | unknown keyword of $jsonSchema "minimun"; did you mean "minimum"?)"},
      {R"({"$ref":"#"})", R"(/$jsonSchema/$ref | "$ref" is refused: $jsonSchema does not have it)"},
      {R"({"properties":{"a":{"type":"integer"}}})",
       "/$jsonSchema/properties/a/type | the type \"integer\" is not one of MongoDB's; use "
       "bsonType "
       "\"int\" or \"long\", or multipleOf 1"},
      {R"({"type":["number","strin"]})",
       R"(/$jsonSchema/type/1 | unknown type "strin"; did you mean "string"?)"},
      {R"({"bsonType":"nul"})",
       R"(/$jsonSchema/bsonType | unknown type "nul"; did you mean "null"?)"},
      {R"({"type":"number","bsonType":"int"})",
       "/$jsonSchema/type | type and bsonType cannot stand side by side"},
      {R"({"type":[]})", "/$jsonSchema/type | type needs at least one type"},
      {R"({"enum":[]})", "/$jsonSchema/enum | enum needs a list of at least one value"},
      {R"({"minimum":"1"})", "/$jsonSchema/minimum | minimum needs a number, not string"},
      {R"({"exclusiveMinimum":true})",
       "/$jsonSchema/exclusiveMinimum | exclusiveMinimum stands beside minimum, which is missing "
       "here"},
      {R"({"multipleOf":0})", "/$jsonSchema/multipleOf | multipleOf needs a number above 0"},
      {R"({"minLength":-1})", "/$jsonSchema/minLength | minLength needs a whole number from 0 on"},
      {R"({"required":["a","a"]})", R"(/$jsonSchema/required/1 | "a" stands there twice)"},
      {R"({"required":[]})", "/$jsonSchema/required | required needs a list of at least one name"},
      {R"({"allOf":[]})", "/$jsonSchema/allOf | allOf needs a list of at least one schema"},
      {R"({"items":[1]})", "/$jsonSchema/items/0 | a schema is an object, not int"},
      {R"({"additionalProperties":1})",
       "/$jsonSchema/additionalProperties | additionalProperties needs true, false or a schema, "
       "not "
       "int"},
      {R"({"pattern":"("})",
       "/$jsonSchema/pattern | $regex: the pattern is wrong at character 2: missing closing "
       "parenthesis"},
      {R"({"patternProperties":{"(":{}}})",
       "/$jsonSchema/patternProperties/( | $regex: the pattern is wrong at character 2: missing "
       "closing parenthesis"},
      // What was read before the fault is not lost track of: builds with sanitizers would tell.
      {R"({"patternProperties":{"^s":["b"]}})",
       "/$jsonSchema/patternProperties/^s | a schema is an object, not array"},
      {R"({"properties":{"a name too long to be kept in place":7}})",
       "/$jsonSchema/properties/a name too long to be kept in place | a schema is an object, not "
       "int"},
  };
  for (const Row& row : rows) {
    INFO(row.schema);
    CHECK(refusal(row.schema) == row.refusal);
  }
  CHECK_FALSE(Query::parse(*parse_json(R"({"$jsonSchema":{"pattern":"a"}})"), OperatorSet()));
  CHECK_FALSE(
      Query::parse(*parse_json(R"({"a":{"$elemMatch":{"$jsonSchema":{}}}})"), OperatorSet()));
}

TEST_CASE("schema: required fields are access predicates", "[query]") {
  const auto query = compiled(R"({"required":["a","b.c"]})");
  REQUIRE(query);
  REQUIRE(query->access().size() == 1);
  CHECK(query->access()[0].kind == AccessPredicate::Kind::Exists);
  CHECK(query->access()[0].path == "a");
}

}  // namespace storm
