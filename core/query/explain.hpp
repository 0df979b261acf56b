// Why a document matches a query or not: the tree of conditions with the values they met, and what
// would have to be different. Made for people, document by document. [any-thread]
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "core/document/value.hpp"
#include "core/query/document_view.hpp"
#include "core/query/query.hpp"

namespace storm {

inline constexpr std::size_t kExplainedConditionsMax = 1'000;  // of one query
inline constexpr std::size_t kExplainedValueMax = 200;         // bytes
inline constexpr std::size_t kNamedMissesMax = 5;

struct ExplainedCondition {
  std::string condition;  // "status == \"running\"", "all of", "any of", "none of"
  std::string path;       // empty for those that are not about one
  std::string actual;     // JSON, cut; "missing"; empty where there is no one value
  bool holds = false;
  std::vector<ExplainedCondition> children;  // in the order they are written
  std::size_t left_out = 0;                  // further children
};

struct Explanation {
  ExplainedCondition root;
  // How many conditions would have to turn out differently, at least, for it to match; 0: it does.
  // kNever: no document matches.
  static constexpr std::size_t kNever = static_cast<std::size_t>(-1);
  std::size_t misses = 0;
  // "fails only `status == "running"`, value "starting""; empty when it matches.
  std::string nearest_miss;
};

Explanation explain(const Query& query, const DocumentView& document);

// For those who send it on: {"matches", "nearest_miss", "conditions": {"condition", ...}}.
Value to_value(const Explanation& explanation);

}  // namespace storm
