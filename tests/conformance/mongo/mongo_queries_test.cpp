// Runs the cases of mongo_queries.jsonl: the query language answers as MongoDB's `find` does.
#include <fstream>
#include <string>
#include <vector>

#include "catch.hpp"
#include "core/document/json.hpp"
#include "core/query/query.hpp"
#include "unit/query/text_source.hpp"

namespace storm {
namespace {

constexpr std::size_t kCasesMin = 797;  // fewer: the file was cut

std::string ids_of(const Value& ids) { return to_json(ids); }

// What a case gives, as a line to compare with what it should.
std::string answer(const Value& one, const OperatorSet& operators) {
  auto query = Query::parse(*one.find("query"), operators, OddKeys::Fields);
  if (!query) {
    if (query.error().problems.empty()) return "an error without a place";
    return "error";
  }
  Value ids = Value::array();
  for (const Value& document : one.find("docs")->as_array()) {
    if (query->matches(ValueView(document))) ids.push_back(*document.find("_id"));
  }
  return ids_of(ids);
}

}  // namespace

TEST_CASE("mongo queries: every case gives the documents that MongoDB gives", "[conformance]") {
  const OperatorSet operators = test::text_operators();
  std::ifstream file(CASES_FILE);
  REQUIRE(file);
  std::size_t cases = 0;
  for (std::string line; std::getline(file, line);) {
    const auto one = parse_json(line);
    REQUIRE(one);
    ++cases;
    const Value* error = one->find("error");
    const std::string expected = error ? "error" : ids_of(*one->find("expect"));
    INFO(one->find("id")->as_string() << ": " << to_json(*one->find("query")));
    CHECK(answer(*one, operators) == expected);
  }
  CHECK(cases >= kCasesMin);
}

TEST_CASE("mongo queries: what matches fulfils every access predicate", "[conformance]") {
  const OperatorSet operators = test::text_operators();
  std::ifstream file(CASES_FILE);
  REQUIRE(file);
  std::size_t checked = 0;
  for (std::string line; std::getline(file, line);) {
    const auto one = parse_json(line);
    REQUIRE(one);
    const auto query = Query::parse(*one->find("query"), operators, OddKeys::Fields);
    if (!query) continue;
    for (const Value& document : one->find("docs")->as_array()) {
      if (!query->matches(ValueView(document))) continue;
      for (const AccessPredicate& predicate : query->access()) {
        INFO(one->find("id")->as_string() << " on " << predicate.path);
        CHECK(satisfies(predicate, ValueView(document)));
        ++checked;
      }
    }
  }
  CHECK(checked > 100);
}

}  // namespace storm
