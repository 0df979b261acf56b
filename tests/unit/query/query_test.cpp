#include "core/query/query.hpp"

#include "catch.hpp"
#include "core/document/json.hpp"
#include "text_source.hpp"

namespace storm {
namespace {

Query query(std::string_view filter, OddKeys odd_keys = OddKeys::Ignored) {
  static const OperatorSet operators = test::text_operators();
  auto parsed = Query::parse(*parse_json(filter), operators, odd_keys);
  INFO(filter << (parsed ? "" : ": " + parsed.error().message));
  REQUIRE(parsed);
  return *std::move(parsed);
}

bool matches(std::string_view filter, std::string_view document) {
  const Value value = *parse_json(document);
  return query(filter).matches(ValueView(value));
}

}  // namespace

TEST_CASE("query: the empty filter matches everything", "[query]") {
  CHECK(matches("{}", "{}"));
  CHECK(matches(R"({"$comment":"all of them"})", R"({"a":1})"));
}

TEST_CASE("query: patterns stand in lists as they stand alone", "[query]") {
  const char* in = R"({"image":{"$in":["exact",{"$regex":"^ng","$options":"i"}]}})";
  CHECK(matches(in, R"({"image":"exact"})"));
  CHECK(matches(in, R"({"image":"NGINX:1"})"));
  CHECK(matches(in, R"({"image":["x","nginx"]})"));
  CHECK_FALSE(matches(in, R"({"image":"exactly"})"));
  const char* nin = R"({"image":{"$nin":[{"$regex":"^ng"}]}})";
  CHECK_FALSE(matches(nin, R"({"image":"nginx"})"));
  CHECK(matches(nin, R"({"image":"redis"})"));
  CHECK(matches(nin, "{}"));
  const char* all = R"({"names":{"$all":[{"$regex":"^a"},{"$regex":"z$"},"m"]}})";
  CHECK(matches(all, R"({"names":["ax","m","yz"]})"));
  CHECK_FALSE(matches(all, R"({"names":["ax","yz"]})"));
  CHECK(matches(R"({"image":{"$not":{"$regex":"^ng"}}})", R"({"image":"redis"})"));
}

TEST_CASE("query: a pattern only matches strings", "[query]") {
  for (const char* document : {R"({"a":1})", R"({"a":null})", "{}", R"({"a":{"b":"1"}})",
                               R"({"a":[["1"]]})", R"({"a":true})"}) {
    INFO(document);
    CHECK_FALSE(matches(R"({"a":{"$regex":"1|true|null"}})", document));
  }
}

TEST_CASE("query: integers at the edge of 64 bits are exact", "[query]") {
  CHECK(matches(R"({"n":{"$gt":9223372036854775806}})", R"({"n":9223372036854775807})"));
  CHECK_FALSE(matches(R"({"n":9223372036854775807})", R"({"n":9223372036854775806})"));
  CHECK_FALSE(matches(R"({"n":9223372036854775807})", R"({"n":9223372036854775808.0})"));
  CHECK(matches(R"({"n":{"$mod":[-1,0]}})", R"({"n":-9223372036854775808})"));
  CHECK(matches(R"({"n":{"$bitsAllSet":[63,70]}})", R"({"n":-1})"));
  CHECK_FALSE(matches(R"({"n":{"$bitsAnySet":[0]}})", R"({"n":1e300})"));
  CHECK_FALSE(matches(R"({"n":{"$mod":[2,0]}})", R"({"n":1e300})"));
}

TEST_CASE("query: a long list is looked up exactly", "[query]") {
  Value list = Value::array();
  for (int i = 0; i < 50'000; ++i) list.push_back(i * 2);
  Value in = Value::object();
  in.set("$in", std::move(list));
  Value filter = Value::object();
  filter.set("n", std::move(in));
  const auto parsed = Query::parse(filter, OperatorSet());
  REQUIRE(parsed);
  for (const int n : {0, 1, 2, 49'999, 50'000, 99'998, 99'999, 100'000}) {
    Value document = Value::object();
    document.set("n", n);
    INFO(n);
    CHECK(parsed->matches(ValueView(document)) == (n % 2 == 0 && n < 100'000));
    document.set("n", static_cast<double>(n) + 0.5);
    CHECK_FALSE(parsed->matches(ValueView(document)));
  }
}

TEST_CASE("query: keys with NUL or an inner dollar are left out, or fields when asked", "[query]") {
  const Value document = *parse_json(R"({"cost$":9,"a":1})");
  for (const char* filter : {R"({"cost$":1,"a":1})", R"({"a\u0000b":1,"a":1})"}) {
    INFO(filter);
    CHECK(query(filter).matches(ValueView(document)));
    CHECK_FALSE(query(filter, OddKeys::Fields).matches(ValueView(document)));
    CHECK(query(filter).fields() == std::vector<std::string>{"a"});
  }
  CHECK(query(R"({"cost$":9})", OddKeys::Fields).matches(ValueView(document)));
}

TEST_CASE("query: a field below many others is found through arrays and objects", "[query]") {
  const char* document = R"({"a":[{"b":{"c":[{"d":1},{"d":[2,3]}]}},{"b":[{"c":{"d":4}}]}]})";
  for (const int n : {1, 2, 3, 4}) {
    CHECK(matches(R"({"a.b.c.d":)" + std::to_string(n) + "}", document));
  }
  CHECK_FALSE(matches(R"({"a.b.c.d":5})", document));
}

TEST_CASE("query: it tells which top-level fields it reads", "[query]") {
  CHECK(query(R"({"type":"x","$or":[{"snapshot.Spec.Name":1},{"type":{"$not":{"$gt":1}}}],
                  "names":{"$elemMatch":{"inner":1}}})")
            .fields() == std::vector<std::string>{"names", "snapshot", "type"});
  CHECK(query("{}").fields().empty());
}

}  // namespace storm
