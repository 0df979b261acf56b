// How often each condition of a query failed over many documents, and on which values. Each thread
// has its own; they are added up. A value.
#pragma once
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/query/explain.hpp"

namespace storm::cli {

inline constexpr std::size_t kTalliedValuesMax = 1'000;  // different ones of one condition
inline constexpr std::size_t kShownTallyValues = 3;

class ConditionTally {
 public:
  void add(const Explanation& explanation, std::size_t line);
  void add(ConditionTally other);
  // A tree, one condition a line, and the document that came nearest. `name`: of the input.
  std::string text(std::string_view name, bool utf8) const;

 private:
  struct Node {
    std::string condition;
    std::size_t failed = 0;
    std::map<std::string, std::size_t> values;  // that failed
    std::vector<Node> children;
    std::size_t left_out = 0;
  };
  static void add(Node& node, const ExplainedCondition& condition);
  static void add(Node& node, Node other);

  Node root_;
  std::size_t documents_ = 0;
  std::size_t misses_ = Explanation::kNever;  // of the nearest document that does not match
  std::size_t line_ = 0;
  std::string nearest_miss_;
};

}  // namespace storm::cli
