// The compiled query against the reference, on random filters and documents.
#include "catch.hpp"
#include "core/document/json.hpp"
#include "core/query/query.hpp"
#include "random_cases.hpp"
#include "reference.hpp"
#include "text_source.hpp"

namespace storm {
namespace {

constexpr int kFilters = 6'000;
constexpr int kDocumentsPerFilter = 12;

}  // namespace

TEST_CASE("query: agrees with the reference, and its access predicates hold", "[query]") {
  const OperatorSet operators = test::text_operators();
  test::RandomCases random(test::test_seed());
  std::size_t matched = 0;
  std::size_t predicates = 0;
  for (int i = 0; i < kFilters; ++i) {
    const Value filter = i % 2 == 0 ? random.filter() : random.narrow_filter();
    INFO("filter " << to_json(filter));
    const auto query = Query::parse(filter, operators);
    REQUIRE(query);
    for (int j = 0; j < kDocumentsPerFilter; ++j) {
      const Value document = random.document();
      const ValueView view(document);
      const bool matches = query->matches(view);
      if (matches != test::reference_matches(filter, document)) {
        FAIL_CHECK("the query says " << matches << " on " << to_json(document));
      }
      if (!matches) continue;
      ++matched;
      for (const AccessPredicate& predicate : query->access()) {
        ++predicates;
        if (!satisfies(predicate, view)) {
          FAIL_CHECK("unfulfilled on " << predicate.path << " of " << to_json(document));
        }
      }
    }
  }
  // Enough of both, or the test says nothing.
  constexpr std::size_t kPairs = std::size_t{kFilters} * kDocumentsPerFilter;
  CHECK(matched > kPairs / 10);
  CHECK(matched < kPairs * 9 / 10);
  CHECK(predicates > kPairs / 100);
}

TEST_CASE("query: fields it does not name never change the answer", "[query]") {
  const OperatorSet operators = test::text_operators();
  test::RandomCases random(test::test_seed());
  for (int i = 0; i < kFilters / 4; ++i) {
    const Value filter = random.filter();
    const auto query = Query::parse(filter, operators);
    REQUIRE(query);
    const Value document = random.document();
    Value read = Value::object();
    for (const std::string& field : query->fields()) {
      if (const Value* value = document.find(field)) read.set(field, *value);
    }
    if (query->matches(ValueView(read)) != query->matches(ValueView(document))) {
      FAIL_CHECK(to_json(filter) << " on " << to_json(document));
    }
  }
}

}  // namespace storm
