// The compiled query against the reference, on random filters and documents.
#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "catch.hpp"
#include "core/document/json.hpp"
#include "core/document/json_members.hpp"
#include "core/query/query.hpp"
#include "random_cases.hpp"
#include "reference.hpp"
#include "text_source.hpp"

namespace storm {
namespace {

constexpr int kFilters = 6'000;
constexpr int kDocumentsPerFilter = 12;

// What a filter of random cases reads: the paths before its operators.
void add_paths(const Value& filter, MemberTree& tree) {
  for (const auto& [name, operand] : filter.as_object()) {
    if (name.front() != '$') {
      tree.add(name);
      continue;
    }
    for (const Value& branch : operand.as_array()) add_paths(branch, tree);
  }
}

}  // namespace

TEST_CASE("query: agrees with the reference, and its access predicates hold", "[query]") {
  const OperatorSet operators = test::text_operators();
  test::RandomCases random(test::test_seed());
  std::size_t matched = 0;
  std::map<AccessPredicate::Kind, std::size_t> predicates;
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
        ++predicates[predicate.kind];
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
  using Kind = AccessPredicate::Kind;
  for (const Kind kind : {Kind::AnyOf, Kind::Prefix, Kind::Range, Kind::Exists}) {
    INFO("kind " << static_cast<int>(kind));
    CHECK(predicates[kind] > kPairs / 1'000);
  }
}

TEST_CASE("query: a document narrowed to the paths that it names answers as the whole", "[query]") {
  const OperatorSet operators = test::text_operators();
  test::RandomCases random(test::test_seed());
  std::size_t narrower = 0;
  for (int i = 0; i < kFilters; ++i) {
    const Value filter = i % 2 == 0 ? random.filter() : random.narrow_filter();
    INFO("filter " << to_json(filter));
    const auto query = Query::parse(filter, operators);
    REQUIRE(query);
    MemberTree tree;
    add_paths(filter, tree);
    for (int j = 0; j < kDocumentsPerFilter; ++j) {
      const Value document = random.document();
      const std::string json = to_json(document);
      const auto narrowed = parse_members(json, tree);
      REQUIRE(narrowed);
      narrower += to_json(*narrowed).size() < json.size() ? 1 : 0;
      if (query->matches(ValueView(document)) != query->matches(ValueView(*narrowed))) {
        FAIL_CHECK("differs on " << json << ", narrowed to " << to_json(*narrowed));
      }
    }
  }
  CHECK(narrower > std::size_t{kFilters} * kDocumentsPerFilter / 4);
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

namespace {

// The document with only what lies on one of the paths; arrays keep all their elements, each of its
// kind.
Value cut_down(const Value& value, const std::string& prefix,
               const std::vector<std::string>& paths) {
  const auto kept = [&](const std::string& path) {
    return std::find(paths.begin(), paths.end(), path) != paths.end();
  };
  const auto leads = [&](const std::string& path) {
    return std::any_of(paths.begin(), paths.end(),
                       [&](const auto& one) { return one.starts_with(path + "."); });
  };
  if (value.is_object()) {
    Value out = Value::object();
    for (const auto& [name, item] : value.as_object()) {
      const std::string path = prefix.empty() ? name : prefix + "." + name;
      if (kept(path)) {
        out.add(name, item);
      } else if (leads(path)) {
        out.add(name, cut_down(item, path, paths));
      }
    }
    return out;
  }
  if (!value.is_array()) return value;
  Value out = Value::array();
  std::size_t position = 0;
  for (const Value& item : value.as_array()) {
    const std::string path = prefix + "." + std::to_string(position++);
    // A step may choose the element by its position, or go into all of them.
    Value all = cut_down(item, prefix, paths);
    if (kept(path) || leads(path)) all = item;
    out.push_back(std::move(all));
  }
  return out;
}

}  // namespace

TEST_CASE("query: a document cut down to the paths that are read gives the same answer",
          "[query]") {
  const OperatorSet operators = test::text_operators();
  test::RandomCases random(test::test_seed());
  std::size_t smaller = 0;
  for (int i = 0; i < kFilters; ++i) {
    const Value filter = random.filter();
    const auto query = Query::parse(filter, operators);
    REQUIRE(query);
    const Value document = random.document();
    const Value read = cut_down(document, "", query->paths());
    if (!(read == document)) ++smaller;
    if (query->matches(ValueView(read)) != query->matches(ValueView(document))) {
      FAIL_CHECK(to_json(filter) << " on " << to_json(document) << " as " << to_json(read));
    }
  }
  CHECK(smaller > kFilters / 2);
}

TEST_CASE("query: what is decided by a part of a document holds of the whole", "[query]") {
  const OperatorSet operators = test::text_operators();
  test::RandomCases random(test::test_seed());
  static constexpr std::string_view kKnown[] = {"a", "b"};
  std::map<Truth, std::size_t> said;
  for (int i = 0; i < kFilters; ++i) {
    const Value filter = i % 2 == 0 ? random.filter() : random.narrow_filter();
    const auto query = Query::parse(filter, operators);
    REQUIRE(query);
    const Value document = random.document();
    Value part = Value::object();
    for (const auto& [name, value] : document.as_object()) {
      // A field that is not known must not be read, whatever the view says of it.
      part.add(name, name == "c" ? Value("none of the document's") : value);
    }
    const Truth truth = query->decide(ValueView(part), kKnown);
    ++said[truth];
    const bool reads_only_known =
        std::all_of(query->fields().begin(), query->fields().end(),
                    [](const std::string& field) { return field != "c"; });
    const bool wrong = truth == Truth::Depends
                           ? reads_only_known
                           : query->matches(ValueView(document)) != (truth == Truth::Yes);
    if (wrong) FAIL_CHECK(to_json(filter) << " on " << to_json(document));
  }
  for (const Truth truth : {Truth::No, Truth::Yes, Truth::Depends}) {
    CHECK(said[truth] > kFilters / 50);
  }
}

}  // namespace storm
