// Runs the cases of mongo_queries.jsonl: the query language answers as MongoDB's `find` does.
#include <fstream>
#include <functional>
#include <string>
#include <string_view>

#include "catch.hpp"
#include "core/document/json.hpp"
#include "core/query/query.hpp"
#include "core/query/query_case.hpp"
#include "unit/query/text_source.hpp"

namespace storm {
namespace {

constexpr std::size_t kCasesMin = 859;  // fewer: the file was cut

std::size_t each_case(const std::function<void(const Value&)>& visit) {
  std::ifstream file(CASES_FILE);
  REQUIRE(file);
  std::size_t cases = 0;
  for (std::string line; std::getline(file, line); ++cases) {
    const auto one = parse_json(line);
    REQUIRE(one);
    visit(*one);
  }
  return cases;
}

std::string difference(std::string_view one) {
  const auto found = difference_of_case(*parse_json(one), test::text_operators());
  return found ? *found : "no case: " + found.error().message;
}

}  // namespace

TEST_CASE("mongo queries: every case gives what MongoDB gives", "[conformance]") {
  const OperatorSet operators = test::text_operators();
  const std::size_t cases = each_case([&](const Value& one) {
    INFO(one.find("id")->as_string() << ": " << to_json(*one.find("query")));
    const auto found = difference_of_case(one, operators);
    REQUIRE(found);
    CHECK(*found == "");
  });
  CHECK(cases >= kCasesMin);
}

TEST_CASE("mongo queries: a filter that is refused says where", "[conformance]") {
  const OperatorSet operators = test::text_operators();
  std::size_t refused = 0;
  each_case([&](const Value& one) {
    const auto query = Query::parse(*one.find("query"), operators, OddKeys::Fields);
    if (query) return;
    ++refused;
    INFO(one.find("id")->as_string());
    CHECK_FALSE(query.error().problems.empty());
  });
  CHECK(refused > 40);
}

TEST_CASE("mongo queries: what matches fulfils every access predicate", "[conformance]") {
  const OperatorSet operators = test::text_operators();
  std::size_t checked = 0;
  each_case([&](const Value& one) {
    const auto query = Query::parse(*one.find("query"), operators, OddKeys::Fields);
    if (!query) return;
    for (const Value& document : one.find("docs")->as_array()) {
      if (!query->matches(ValueView(document))) continue;
      for (const AccessPredicate& predicate : query->access()) {
        INFO(one.find("id")->as_string() << " on " << predicate.path);
        CHECK(satisfies(predicate, ValueView(document)));
        ++checked;
      }
    }
  });
  CHECK(checked > 100);
}

TEST_CASE("mongo queries: a case that gives something else is told", "[conformance]") {
  CHECK(difference(R"({"query":{},"docs":[{"_id":1}],"expect":[1]})") == "");
  CHECK(difference(R"({"query":{},"docs":[{"_id":1}],"expect":[2]})") ==
        "matches: expected [2], got [1]");
  CHECK(difference(R"({"query":{},"docs":[{"_id":1}],"error":true})") ==
        "expected a refusal, got [1]");
  CHECK(difference(R"({"query":{"$x":1},"docs":[{"_id":1}],"expect":[]})") ==
        R"(expected [], got: /$x: unknown operator "$x")");
  CHECK(difference(R"({"query":{},"docs":[{"_id":1,"a":2},{"_id":2,"a":1}],"sort":{"a":1},
                       "expect":[1,2],"expect_order":[1,2]})") ==
        "order: expected [1,2], got [2,1]");
  CHECK(difference(R"({"query":{},"docs":[{"_id":1,"a":2}],"projection":{"a":0},
                       "expect":[1],"expect_docs":[{"_id":1,"a":2}]})") ==
        R"(projection: expected [{"_id":1,"a":2}], got [{"_id":1}])");
  CHECK_THAT(difference(R"({"query":{},"docs":[{}],"expect":[]})"),
             Catch::Matchers::StartsWith("no case"));
}

}  // namespace storm
