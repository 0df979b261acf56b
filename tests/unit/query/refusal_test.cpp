// What the query language refuses: each with a message that helps and a pointer to the place.
#include <ctime>

#include "catch.hpp"
#include "core/document/json.hpp"
#include "core/query/path.hpp"
#include "core/query/query.hpp"
#include "text_source.hpp"

namespace storm {
namespace {

std::string refusal(const Value& filter) {
  static const OperatorSet operators = test::text_operators();
  const auto query = Query::parse(filter, operators);
  if (query) return "accepted";
  if (query.error().problems.size() != 1) return "no place";
  if (query.error().code != Errc::InvalidArgument) return std::string(name_of(query.error().code));
  return query.error().problems[0].pointer + " | " + query.error().problems[0].message;
}

std::string refusal_of_text(std::string_view filter) {
  const auto value = parse_json(filter);
  REQUIRE(value);
  return refusal(*value);
}

Value nested_and(std::size_t levels) {
  Value filter = Value::object();
  filter.set("a", 1);
  for (std::size_t i = 1; i < levels; ++i) {
    Value list = Value::array();
    list.push_back(std::move(filter));
    filter = Value::object();
    filter.set("$and", std::move(list));
  }
  return filter;
}

Value nested_not(std::size_t levels) {
  Value inner = Value::object();
  inner.set("$gt", 1);
  for (std::size_t i = 1; i < levels; ++i) {
    Value outer = Value::object();
    outer.set("$not", std::move(inner));
    inner = std::move(outer);
  }
  Value filter = Value::object();
  filter.set("a", std::move(inner));
  return filter;
}

Value filter_of_in(std::size_t items) {
  Value list = Value::array();
  for (std::size_t i = 0; i < items; ++i) list.push_back(static_cast<std::int64_t>(i));
  Value in = Value::object();
  in.set("$in", std::move(list));
  Value filter = Value::object();
  filter.set("a", std::move(in));
  return filter;
}

}  // namespace

TEST_CASE("query: what is wrong is named with its place", "[query]") {
  struct Row {
    const char* filter;
    const char* refusal;
  };
  const std::vector<Row> rows{
      {R"([1])", " | a filter is an object, not array"},
      {R"({"$or":[{"b":1},{"image":{"$regx":"x"}}]})",
       R"(/$or/1/image/$regx | unknown operator "$regx"; did you mean "$regex"?)"},
      {R"({"a":{"$gtt":1}})", R"(/a/$gtt | unknown operator "$gtt"; did you mean "$gt"?)"},
      {R"({"a":{"$zzzzzzzz":1}})", R"(/a/$zzzzzzzz | unknown operator "$zzzzzzzz")"},
      {R"({"$ro":[]})", R"(/$ro | unknown operator "$ro"; did you mean "$or"?)"},
      {R"({"$gt":1})", R"(/$gt | $gt needs a field: {"name": {"$gt": ...}})"},
      {R"({"$regex":"x"})", R"(/$regex | $regex needs a field: {"name": {"$regex": ...}})"},
      {R"({"a":{"$or":[{"b":1}]}})", "/a/$or | $or stands beside fields, not inside of one"},
      {R"({"$where":"1"})",
       "/$where | $where is refused: it runs a script, which this server does not do"},
      {R"({"a":{"$function":{}}})",
       "/a/$function | $function is refused: it runs a script, which this server does not do"},
      {R"({"$text":{"$search":"x"}})",
       "/$text | $text is refused: it needs a text index; use $regex"},
      {R"({"$and":[]})", "/$and | needs a list of at least one filter"},
      {R"({"$nor":[{"a":1},3]})", "/$nor/1 | a filter is an object, not int"},
      {R"({"a":{"$in":5}})", "/a/$in | $in needs a list, not int"},
      {R"({"a":{"$nin":[{"$gt":1}]}})",
       R"(/a/$nin/0/$gt | "$gt" cannot stand in the list of $nin)"},
      {R"({"a":{"$in":[{"$options":"i"}]}})",
       R"(/a/$in/0/$options | "$options" cannot stand in the list of $in)"},
      {R"({"a":{"$all":[1,{"$gt":1}]}})",
       R"(/a/$all/1/$gt | "$gt" cannot stand in the list of $all)"},
      {R"({"a":{"$lt":3,"b":1}})",
       R"(/a/b | operators and fields cannot be mixed: "b" does not start with $)"},
      {R"({"x/y~z":{"$size":-1}})", "/x~1y~0z/$size | $size needs a whole number from 0 on"},
      {R"({"a":{"$size":1.5}})", "/a/$size | $size needs a whole number from 0 on"},
      {R"({"a":{"$mod":[2]}})", "/a/$mod | $mod needs a list of two numbers: [divisor, remainder]"},
      {R"({"a":{"$mod":[0,1]}})", "/a/$mod/0 | division by 0"},
      {R"({"a":{"$type":["int","strin"]}})",
       R"(/a/$type/1 | unknown type "strin"; did you mean "string"?)"},
      {R"({"a":{"$type":[]}})", "/a/$type | $type needs at least one type"},
      {R"({"a":{"$type":true}})",
       "/a/$type | $type needs the name or the number of a type of MongoDB"},
      {R"({"a":{"$not":{"b":1}}})", "/a/$not | $not needs an object of operators"},
      {R"({"a":{"$elemMatch":[1]}})", "/a/$elemMatch | $elemMatch needs an object, not array"},
      {R"({"a":{"$elemMatch":{"b":{"$xxxxxx":1}}}})",
       R"(/a/$elemMatch/b/$xxxxxx | unknown operator "$xxxxxx")"},
      {R"({"a":{"$bitsAllSet":-1}})",
       "/a/$bitsAllSet | $bitsAllSet needs a whole number from 0 on, or a list of positions"},
      {R"({"a":{"$bitsAnySet":[1,-1]}})",
       "/a/$bitsAnySet/1 | the position of a bit is a whole number from 0 on"},
      {R"({"a":{"$options":"i"}})",
       "/a/$options | $options stands beside $regex, which is missing here"},
      {R"({"a":{"$regex":"("}})",
       "/a/$regex | $regex: the pattern is wrong at character 2: missing closing parenthesis"},
      {R"({"a":{"$regex":"a","$options":"z"}})",
       R"(/a/$regex | $regex: unknown option "z" in $options; the options are i, m, s, x and u)"},
      {R"({"a":{"$in":["x",{"$regex":"["}]}})",
       "/a/$in/1/$regex | $regex: the pattern is wrong at character 2: missing terminating ] for "
       "character class"},
  };
  for (const Row& row : rows) {
    INFO(row.filter);
    CHECK(refusal_of_text(row.filter) == row.refusal);
  }
}

TEST_CASE("query: the message carries the place too, cut when it is long", "[query]") {
  const OperatorSet none;
  const auto query = Query::parse(*parse_json(R"({"a":{"$regx":1}})"), none);
  REQUIRE_FALSE(query);
  CHECK(query.error().message == R"(/a/$regx: unknown operator "$regx")");
  Value filter = Value::object();
  filter.set(std::string(5000, 'x'), *parse_json(R"({"$regx":1})"));
  CHECK(Query::parse(filter, none).error().message.size() < 300);
}

TEST_CASE("query: nesting is bounded, for filters and conditions alike", "[query]") {
  CHECK(refusal(nested_and(kQueryDepthMax)) == "accepted");
  CHECK_THAT(refusal(nested_and(kQueryDepthMax + 1)),
             Catch::Matchers::EndsWith("more than 64 filters and conditions inside each other"));
  CHECK(refusal(nested_not(kQueryDepthMax)) == "accepted");
  CHECK_THAT(refusal(nested_not(kQueryDepthMax + 1)),
             Catch::Matchers::EndsWith("more than 64 filters and conditions inside each other"));
  CHECK_THAT(refusal(nested_and(1000)),
             Catch::Matchers::EndsWith("the filter is nested deeper than 200 levels"));
  CHECK_THAT(refusal(nested_not(1000)),
             Catch::Matchers::EndsWith("the filter is nested deeper than 200 levels"));
}

TEST_CASE("query: a literal that is nested very deep is refused", "[query]") {
  Value literal = Value::array();
  for (int i = 0; i < 1000; ++i) {
    Value outer = Value::array();
    outer.push_back(std::move(literal));
    literal = std::move(outer);
  }
  Value filter = Value::object();
  filter.set("a", std::move(literal));
  CHECK_THAT(refusal(filter),
             Catch::Matchers::EndsWith("the filter is nested deeper than 200 levels"));
}

TEST_CASE("query: the size of a filter is bounded", "[query]") {
  CHECK(refusal(filter_of_in(kQueryNodesMax - 2)) == "accepted");
  CHECK(refusal(filter_of_in(kQueryNodesMax)) ==
        "/a/$in | the filter has more than 100000 conditions and list items");
  CHECK(refusal(filter_of_in(1'000'000)) ==
        "/a/$in | the filter has more than 100000 conditions and list items");
}

TEST_CASE("query: a message is short and whole text, whatever the names", "[query]") {
  std::string name = "$";
  while (name.size() < 1'000'000) name += "\xc3\xa9";
  Value operators = Value::object();
  operators.set(name, 1);
  Value filter = Value::object();
  filter.set(std::string(100, 'x') + name.substr(1), std::move(operators));
  const auto query = Query::parse(filter, OperatorSet(), OddKeys::Fields);
  REQUIRE_FALSE(query);
  CHECK(query.error().message.size() < 400);
  CHECK(parse_json(to_json(Value(query.error().message))));
}

TEST_CASE("query: wide filters with long names are compiled in bounded time and memory",
          "[query]") {
  // Each would take minutes or gigabytes if every part copied its name or its place.
  const std::clock_t begin = std::clock();  // of the processor: the machine may be busy
  const std::string long_name(kPathBytesMax - 10, 'n');
  Value many = Value::array();
  for (std::size_t i = 0; i < kQueryNodesMax / 2; ++i) many.push_back(static_cast<std::int64_t>(i));
  Value all = Value::object();
  all.set("$all", many);
  Value filter = Value::object();
  filter.set(long_name, std::move(all));
  CHECK(refusal(filter) == "accepted");
  Value fields = Value::object();
  for (std::size_t i = 0; i < 40'000; ++i) fields.add("f" + std::to_string(i), 1);
  Value element = Value::object();
  element.set("$elemMatch", std::move(fields));
  filter = Value::object();
  filter.set(long_name, std::move(element));
  CHECK(refusal(filter) == "accepted");
  CHECK(std::clock() - begin < 20 * CLOCKS_PER_SEC);
}

TEST_CASE("query: operators of plugins are bounded in number", "[query]") {
  const auto filter = [](std::size_t patterns) {
    Value list = Value::array();
    for (std::size_t i = 0; i < patterns; ++i) {
      Value pattern = Value::object();
      pattern.set("$regex", "^x" + std::to_string(i));
      list.push_back(std::move(pattern));
    }
    Value in = Value::object();
    in.set("$in", std::move(list));
    Value whole = Value::object();
    whole.set("a", std::move(in));
    return whole;
  };
  CHECK(refusal(filter(kQueryProgramsMax)) == "accepted");
  CHECK(refusal(filter(kQueryProgramsMax + 1)) ==
        "/a/$in/256/$regex | a filter has at most 256 operators of plugins, such as $regex");
}

TEST_CASE("query: positions in a path are bounded, for the ways they open", "[query]") {
  CHECK(refusal(*parse_json(R"({"a.0.1.2.3.4.5.6.7":1})")) == "accepted");
  CHECK(refusal(*parse_json(R"({"a.0.1.2.3.4.5.6.7.8":1})")) ==
        "/a.0.1.2.3.4.5.6.7.8 | a path has at most 8 positions");
}

TEST_CASE("query: a path has a bounded number of steps", "[query]") {
  const auto filter = [](std::size_t steps) {
    std::string path = "a";
    for (std::size_t i = 1; i < steps; ++i) path += ".a";
    Value value = Value::object();
    value.set(path, 1);
    return value;
  };
  CHECK(refusal(filter(kPathStepsMax)) == "accepted");
  CHECK_THAT(refusal(filter(kPathStepsMax + 1)),
             Catch::Matchers::EndsWith("a path has at most 200 steps"));
  CHECK_THAT(refusal_of_text(R"({")" + std::string(kPathBytesMax + 1, 'a') + R"(":1})"),
             Catch::Matchers::EndsWith("a path has at most 4096 bytes"));
}

}  // namespace storm
