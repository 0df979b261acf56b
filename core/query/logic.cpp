#include "core/query/logic.hpp"

#include <algorithm>
#include <utility>

namespace storm {
namespace {

using Kind = Condition::Kind;

// What a test costs, roughly: the cheap ones go first.
std::size_t cost(const Condition& condition) {
  std::size_t sum = 1;
  for (const Condition& child : condition.children) sum += cost(child);
  if (condition.kind != Kind::Leaf) return sum;
  if (condition.path) sum += condition.path->steps().size();
  if (std::holds_alternative<ProgramTest>(condition.test)) sum += 20;
  if (std::holds_alternative<ExpressionTest>(condition.test)) sum += 50;
  if (std::holds_alternative<SchemaTest>(condition.test)) sum += 50;
  if (std::holds_alternative<GroupTest>(condition.test)) sum += 20;
  if (const auto* relation = std::get_if<RelationTest>(&condition.test)) {
    sum += 20 + cost(*relation->condition);
  }
  if (const auto* in = std::get_if<InTest>(&condition.test)) sum += 5 + 20 * in->programs.size();
  if (const auto* element = std::get_if<ElementTest>(&condition.test)) {
    sum += 10 + cost(*element->condition);
  }
  return sum;
}

// All or Any: drops what changes nothing, and knows the answer where one child decides.
Condition combine(Kind kind, std::vector<Condition> children) {
  const Kind neutral = kind == Kind::All ? Kind::True : Kind::False;
  const Kind decisive = kind == Kind::All ? Kind::False : Kind::True;
  std::vector<std::pair<std::size_t, Condition>> kept;
  const auto keep = [&](Condition child) {
    child.written = kept.size();
    const std::size_t price = cost(child);
    kept.emplace_back(price, std::move(child));
  };
  for (Condition& child : children) {
    if (child.kind == decisive) return always(kind == Kind::Any);
    if (child.kind == neutral) continue;
    if (child.kind == kind) {
      std::sort(child.children.begin(), child.children.end(),
                [](const auto& a, const auto& b) { return a.written < b.written; });
      for (Condition& grandchild : child.children) keep(std::move(grandchild));
      continue;
    }
    keep(std::move(child));
  }
  if (kept.empty()) return always(kind == Kind::All);
  if (kept.size() == 1) return std::move(kept.front().second);
  std::stable_sort(kept.begin(), kept.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  Condition condition;
  condition.kind = kind;
  for (auto& [price, child] : kept) condition.children.push_back(std::move(child));
  return condition;
}

}  // namespace

Condition always(bool truth) {
  Condition condition;
  condition.kind = truth ? Kind::True : Kind::False;
  return condition;
}

Condition leaf(std::shared_ptr<const Path> path, Test test) {
  Condition condition;
  condition.kind = Kind::Leaf;
  condition.path = std::move(path);
  condition.test = std::move(test);
  return condition;
}

Condition all_of(std::vector<Condition> children) {
  return combine(Kind::All, std::move(children));
}

Condition any_of(std::vector<Condition> children) {
  return combine(Kind::Any, std::move(children));
}

Condition negate(Condition inner) {
  if (inner.kind == Kind::True || inner.kind == Kind::False) {
    return always(inner.kind == Kind::False);
  }
  if (inner.kind == Kind::Not) {
    Condition child = std::move(inner.children.front());
    return child;
  }
  Condition condition;
  condition.kind = Kind::Not;
  condition.children.push_back(std::move(inner));
  return condition;
}

}  // namespace storm
