#include "query_agreement.hpp"

#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "core/document/json.hpp"
#include "core/query/explain.hpp"

namespace storm::fuzz {

void disagree(const char* what, const Value& filter, const Value& document) {
  std::fprintf(stderr, "%s: %s on %s\n", what, to_json(filter).c_str(), to_json(document).c_str());
  std::abort();
}

bool agreed_match(const Query& query, const Value& filter, const Value& document) {
  const ValueView view(document);
  const bool matches = query.matches(view);
  for (const AccessPredicate& predicate : query.access()) {
    if (matches && !satisfies(predicate, view)) disagree("access", filter, document);
  }
  const Explanation explanation = explain(query, view);
  if (explanation.root.holds != matches || (explanation.misses == 0) != matches) {
    disagree("explain", filter, document);
  }
  const std::vector<std::string_view> all(query.fields().begin(), query.fields().end());
  if (query.reads_only(all) && query.decide(view, all) != (matches ? Truth::Yes : Truth::No)) {
    disagree("decide", filter, document);
  }
  const Truth blind = query.decide(ValueView(Value::object()), {});
  if (blind != Truth::Depends && (blind == Truth::Yes) != matches) {
    disagree("decide without a field", filter, document);
  }
  return matches;
}

}  // namespace storm::fuzz
