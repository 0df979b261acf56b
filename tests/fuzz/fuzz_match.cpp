// The match loop against the plain evaluation. The input's bytes are the chance by which filters
// and documents are made: each filter alone, on the document narrowed to what it reads, and all of
// them together as an index of groups finds them.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "core/document/json.hpp"
#include "core/document/json_members.hpp"
#include "core/groups/group_index.hpp"
#include "core/query/query.hpp"
#include "query_agreement.hpp"
#include "random_cases.hpp"
#include "reference.hpp"
#include "text_source.hpp"

namespace storm {
namespace {

constexpr std::size_t kFilters = 4;
constexpr std::size_t kDocuments = 4;

struct Case {
  Value filter;
  Query query;
  MemberTree members;  // what the query reads
};

const OperatorSet& operators() {
  static const OperatorSet set = test::text_operators();
  return set;
}

Case make_case(const Value& filter) {
  auto query = Query::parse(filter, operators());
  if (!query) fuzz::disagree("refused", filter, Value());
  Case made{filter, *query, {}};
  for (const std::string& path : query->paths()) made.members.add(path);
  return made;
}

void run(const std::uint8_t* data, std::size_t size) {
  std::size_t at = 0;
  std::mt19937_64 more(size);  // when the bytes are used up: one number for ever would make no end
  test::RandomCases random([&]() -> std::uint64_t { return at < size ? data[at++] : more(); });
  std::vector<Case> cases;
  GroupIndex index;
  for (std::uint32_t i = 0; i < kFilters; ++i) {
    cases.push_back(make_case(i % 2 == 0 ? random.filter() : random.narrow_filter()));
    index.add(i, cases.back().query, false);
  }
  for (std::size_t i = 0; i < kDocuments; ++i) {
    const Value document = random.document();
    const std::string json = to_json(document);
    GroupNumbers candidates = index.of_class(ValueView(document));
    index.of_values(ValueView(document), candidates);
    for (std::uint32_t number = 0; number < kFilters; ++number) {
      const Case& one = cases[number];
      const bool matches = fuzz::agreed_match(one.query, one.filter, document);
      if (matches != test::reference_matches(one.filter, document)) {
        fuzz::disagree("match", one.filter, document);
      }
      const auto narrowed = parse_members(json, one.members);
      if (!narrowed || one.query.matches(ValueView(*narrowed)) != matches) {
        fuzz::disagree("match of what is read", one.filter, document);
      }
      if (matches && std::ranges::find(candidates, number) == candidates.end()) {
        fuzz::disagree("index", one.filter, document);
      }
    }
  }
}

}  // namespace
}  // namespace storm

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  storm::run(data, size);
  return 0;
}
