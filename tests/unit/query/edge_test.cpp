// Input at the edges: numbers at the ends of their types, odd keys, texts that are no text,
// documents and filters that are large.
#include <cstdint>
#include <ctime>
#include <limits>
#include <string>
#include <string_view>

#include "catch.hpp"
#include "core/document/json.hpp"
#include "core/query/explain.hpp"
#include "core/query/projection.hpp"
#include "core/query/query.hpp"
#include "core/query/sort.hpp"
#include "text_source.hpp"

namespace storm {
namespace {

bool value_matches(const Value& filter, const Value& document, OddKeys odd_keys = OddKeys::Fields) {
  static const OperatorSet operators = test::text_operators();
  const auto query = Query::parse(filter, operators, odd_keys);
  REQUIRE(query);
  const ValueView view(document);
  const bool matches = query->matches(view);
  for (const AccessPredicate& predicate : query->access()) {
    if (matches) CHECK(satisfies(predicate, view));
  }
  CHECK((explain(*query, view).misses == 0) == matches);
  return matches;
}

bool matches(std::string_view filter, std::string_view document) {
  const auto read_filter = parse_json(filter);
  const auto read_document = parse_json(document);
  INFO(filter << " on " << document);
  REQUIRE(read_filter);
  REQUIRE(read_document);
  return value_matches(*read_filter, *read_document);
}

}  // namespace

TEST_CASE("edge: integers at the ends of 64 bits compare exactly with doubles beyond", "[query]") {
  constexpr std::string_view kMost = R"({"n":9223372036854775807})";
  constexpr std::string_view kLeast = R"({"n":-9223372036854775808})";
  CHECK(matches(R"({"n":{"$lt":9223372036854775808}})", kMost));
  CHECK_FALSE(matches(R"({"n":{"$gte":9223372036854775808}})", kMost));
  CHECK_FALSE(matches(R"({"n":9223372036854775808})", kMost));
  CHECK_FALSE(matches(R"({"n":{"$in":[9.223372036854775807e18]}})", kMost));
  CHECK(matches(R"({"n":{"$gt":9223372036854775806}})", kMost));
  CHECK(matches(R"({"n":-9223372036854775808.0})", kLeast));
  CHECK_FALSE(matches(R"({"n":{"$gt":-9223372036854775809}})", kLeast));
  CHECK(matches(R"({"n":{"$gt":-9223372036854777856.0}})", kLeast));
  CHECK(matches(R"({"n":{"$mod":[-1,0]}})", kLeast));
  CHECK(matches(R"({"n":{"$bitsAllSet":[63,200]}})", kLeast));
  CHECK(matches(R"({"$expr":{"$gt":[{"$add":["$n",1]},9.2e18]}})", kMost));
  CHECK(matches(R"({"$expr":{"$gt":[{"$abs":"$n"},0]}})", kLeast));
  CHECK(matches(R"({"$expr":{"$eq":[{"$mod":["$n",-1]},0]}})", kLeast));
}

TEST_CASE("edge: doubles at their ends", "[query]") {
  CHECK(matches(R"({"n":0})", R"({"n":-0.0})"));
  CHECK(matches(R"({"n":{"$gt":0}})", R"({"n":5e-324})"));
  CHECK(matches(R"({"n":{"$lt":1.7976931348623157e308}})", R"({"n":9223372036854775807})"));
  CHECK_FALSE(matches(R"({"n":{"$mod":[2,0]}})", R"({"n":1e300})"));
  CHECK_FALSE(matches(R"({"n":{"$bitsAnySet":1}})", R"({"n":1e300})"));
  CHECK(matches(R"({"$jsonSchema":{"properties":{"n":{"multipleOf":5e-324}}}})", R"({"n":1e308})"));
  Value filter = Value::object();
  filter.add("n", std::numeric_limits<double>::infinity());
  Value document = Value::object();
  document.add("n", std::numeric_limits<double>::infinity());
  CHECK(value_matches(filter, document));
  filter.set("n", std::numeric_limits<double>::quiet_NaN());
  CHECK_FALSE(value_matches(filter, document));
  document.set("n", std::numeric_limits<double>::quiet_NaN());
  CHECK(value_matches(filter, document));
  for (const char* name : {"$gt", "$gte", "$lt", "$lte"}) {
    Value order = Value::object();
    order.add(name, std::numeric_limits<double>::quiet_NaN());
    filter.set("n", order);
    INFO(name);
    CHECK(value_matches(filter, document) == std::string_view(name).ends_with('e'));
    document.set("m", 1);
  }
}

TEST_CASE("edge: texts that look like numbers are texts", "[query]") {
  for (const char* text : {"NaN", "Infinity", "-0", "1e400", "0x10", "null", "true"}) {
    Value filter = Value::object();
    filter.add("s", text);
    Value document = Value::object();
    document.add("s", text);
    CHECK(value_matches(filter, document));
    CHECK_FALSE(matches(R"({"s":{"$type":"number"}})", to_json(document)));
  }
  CHECK_FALSE(parse_json(R"({"n":NaN})"));
  CHECK_FALSE(parse_json(R"({"n":Infinity})"));
}

TEST_CASE("edge: a lone surrogate is no text", "[query]") {
  for (const char* text : {R"({"s":"\ud800"})", R"({"s":"\udc00x"})", R"({"\ud83d":1})",
                           "{\"s\":\"\xed\xa0\x80\"}", "{\"s\":\"\xff\"}"}) {
    CHECK_FALSE(parse_json(text));
  }
  CHECK(matches(R"({"s":{"$regex":"^.$"}})", R"({"s":"\ud83d\ude00"})"));
}

TEST_CASE("edge: keys with dots, dollars and NUL never reach another field", "[query]") {
  // A path takes a key apart at its dots, so it does not reach one with dots inside.
  CHECK_FALSE(matches(R"({"a.b":1})", R"({"a.b":1})"));
  CHECK(matches(R"({"a.b":1})", R"({"a.b":2,"a":{"b":1}})"));
  CHECK(matches(R"({"$expr":{"$eq":[{"$getField":"a.b"},1]}})", R"({"a.b":1})"));
  CHECK(matches(R"({"a$b":1})", R"({"a$b":1})"));
  CHECK(matches(R"({"a":{"b":{"$x":1}}})", R"({"a":{"b":{"$x":1}}})"));
  Value filter = Value::object();
  filter.add(std::string("a\0b", 3), 1);
  Value document = Value::object();
  document.add(std::string("a\0b", 3), 1);
  document.add("a", 2);
  CHECK(value_matches(filter, document));
  document.set(std::string_view("a\0b", 3), 2);
  document.set("a", 1);
  CHECK_FALSE(value_matches(filter, document));
  CHECK(value_matches(filter, document, OddKeys::Ignored));
  CHECK(matches(R"({"":{"":1}})", R"({"":{"":1}})"));
  CHECK(matches(R"({".":1})", R"({"":{"":1}})"));
  CHECK(matches(R"({"a..b":1})", R"({"a":{"":{"b":1}}})"));
}

TEST_CASE("edge: a document of ten million bytes is answered in bounded time", "[query]") {
  const std::clock_t begin = std::clock();
  Value items = Value::array();
  for (int i = 0; i < 20'000; ++i) {
    Value item = Value::object();
    item.add("k", static_cast<std::int64_t>(i));
    item.add("s", std::string(450, static_cast<char>('a' + i % 26)));
    items.push_back(std::move(item));
  }
  Value document = Value::object();
  document.add("items", std::move(items));
  document.add("text", std::string(1'000'000, 'x') + "y");
  CHECK(value_matches(*parse_json(R"({"items.k":19999})"), document));
  CHECK_FALSE(value_matches(
      *parse_json(R"({"items":{"$elemMatch":{"k":{"$lt":5},"s":{"$regex":"^z"}}}})"), document));
  CHECK(value_matches(
      *parse_json(R"({"$jsonSchema":{"properties":{"items":{"uniqueItems":true}}}})"), document));
  CHECK_FALSE(value_matches(*parse_json(R"({"text":{"$regex":"^(x+x+)+z"}})"), document));
  CHECK(Sort::parse_words("-items.k")->key(ValueView(document)).at(0) == Value(19'999));
  CHECK(to_json(Projection::parse(*parse_json(R"({"items.s":1})"))->apply(document)).size() >
        8'000'000);
  CHECK(std::clock() - begin < 30 * CLOCKS_PER_SEC);
}

TEST_CASE("edge: paths inside $elemMatch do not multiply", "[query]") {
  // A filter of some megabytes whose joined paths would take gigabytes.
  const std::clock_t begin = std::clock();
  Value inner = Value::object();
  for (int i = 0; i < 50'000; ++i) inner.add("b" + std::to_string(i), Value());
  for (int level = 0; level < 30; ++level) {
    Value match = Value::object();
    match.add("$elemMatch", std::move(inner));
    inner = Value::object();
    inner.add(std::string(4'000, static_cast<char>('a' + level % 26)), std::move(match));
  }
  const auto query = Query::parse(inner, OperatorSet());
  REQUIRE(query);
  CHECK(query->paths().size() == 1);
  CHECK(std::clock() - begin < 10 * CLOCKS_PER_SEC);
}

}  // namespace storm
