// Which paths a condition reads.
#include <algorithm>
#include <set>

#include "core/query/condition.hpp"
#include "core/query/expression.hpp"

namespace storm {
namespace {

// `base` is the array's path when the condition is about its elements.
void collect(const Condition& condition, const std::string* base, std::set<std::string>& paths) {
  for (const Condition& child : condition.children) collect(child, base, paths);
  if (condition.kind != Condition::Kind::Leaf) return;
  if (const auto* test = std::get_if<ExpressionTest>(&condition.test)) {
    test->expression->collect_paths(paths);
    return;
  }
  std::string path = base ? *base : std::string();
  if (base && condition.path) path += '.';
  if (condition.path) path += condition.path->text();
  const auto* element = std::get_if<ElementTest>(&condition.test);
  if (!element) {
    paths.insert(std::move(path));
    return;
  }
  std::set<std::string> inner;
  collect(*element->condition, &path, inner);
  if (inner.empty()) inner.insert(std::move(path));  // how many elements there are
  paths.merge(inner);
}

}  // namespace

std::vector<std::string> paths_of(const Condition& condition) {
  std::set<std::string> all;
  collect(condition, nullptr, all);
  std::vector<std::string> paths;
  for (const std::string& path : all) {
    // The walk up: "a.b-c" stands between "a.b" and "a.b.c".
    bool covered = false;
    for (std::size_t dot = path.find('.'); dot != path.npos && !covered;
         dot = path.find('.', dot + 1)) {
      covered = all.contains(path.substr(0, dot));
    }
    if (!covered) paths.push_back(path);
  }
  return paths;
}

}  // namespace storm
