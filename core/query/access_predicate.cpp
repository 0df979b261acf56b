#include "core/query/access_predicate.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>

#include "core/query/condition.hpp"
#include "core/query/query.hpp"
#include "core/query/value_order.hpp"

namespace storm {
namespace {

using Kind = AccessPredicate::Kind;

bool is_scalar(const Value& value) { return !value.is_array() && !value.is_object(); }

void tidy(AccessPredicate& predicate) {
  tidy_values(predicate.values);
  auto& prefixes = predicate.prefixes;
  std::sort(prefixes.begin(), prefixes.end());
  // What starts with another one comes right behind it.
  const auto covered = [](const std::string& a, const std::string& b) { return b.starts_with(a); };
  prefixes.erase(std::unique(prefixes.begin(), prefixes.end(), covered), prefixes.end());
}

AccessPredicate never() { return {Kind::Never, {}, {}, {}}; }

std::optional<AccessPredicate> of_hint(const OperatorHint& hint) {
  AccessPredicate predicate;
  if (hint.kind == OperatorHint::Kind::AnyOf) {
    predicate.kind = Kind::AnyOf;
    for (const std::string& key : hint.keys) predicate.values.emplace_back(key);
  } else if (hint.kind == OperatorHint::Kind::Prefix) {
    predicate.kind = Kind::Prefix;
    predicate.prefixes = hint.keys;
    // Every value starts with the empty prefix, and not only strings may match then.
    const auto& keys = hint.keys;
    if (std::any_of(keys.begin(), keys.end(), [](const auto& key) { return key.empty(); })) {
      return std::nullopt;
    }
  } else {
    return std::nullopt;
  }
  if (hint.keys.empty()) return never();
  return predicate;
}

std::optional<AccessPredicate> of_test(const EqualTest& test) {
  if (test.value.is_null() || !is_scalar(test.value)) return std::nullopt;
  return AccessPredicate{Kind::AnyOf, {}, {test.value}, {}};
}

std::optional<AccessPredicate> of_test(const InTest& test) {
  if (test.null || !std::all_of(test.values.begin(), test.values.end(), is_scalar)) {
    return std::nullopt;
  }
  if (test.programs.empty()) return AccessPredicate{Kind::AnyOf, {}, test.values, {}};
  AccessPredicate merged{Kind::Prefix, {}, {}, {}};
  for (const Value& value : test.values) {
    if (!value.is_string() || value.as_string().empty()) return std::nullopt;
    merged.prefixes.push_back(value.as_string());
  }
  for (const auto& program : test.programs) {
    const auto part = of_hint(program->hint());
    if (!part) return std::nullopt;
    merged.prefixes.insert(merged.prefixes.end(), part->prefixes.begin(), part->prefixes.end());
    for (const Value& value : part->values) {
      if (value.as_string().empty()) return std::nullopt;
      merged.prefixes.push_back(value.as_string());
    }
  }
  return merged;
}

std::optional<AccessPredicate> of_test(const PrefixTest& test) {
  OperatorHint hint;
  hint.kind = OperatorHint::Kind::Prefix;
  hint.keys = test.prefixes;
  return of_hint(hint);
}

std::optional<AccessPredicate> of_test(const ProgramTest& test) {
  return of_hint(test.program->hint());
}

template <typename T>
std::optional<AccessPredicate> of_test(const T&) {
  return std::nullopt;
}

void collect(const Condition& condition, const Path* base, std::vector<AccessPredicate>& found);

// `base` is the array's path when the condition is about its elements.
void collect_leaf(const Condition& leaf, const Path* base, std::vector<AccessPredicate>& found) {
  if (std::holds_alternative<ExpressionTest>(leaf.test)) return;
  if (base && leaf.path && leaf.path->positions() > 0) return;
  const Path joined = base && leaf.path ? Path(base->text() + "." + leaf.path->text())
                                        : *(base ? base : leaf.path.get());
  if (const auto* element = std::get_if<ElementTest>(&leaf.test)) {
    // What an element must be is found among the values of the array's path, unless a position
    // leaves the array closed or the array lies in another one.
    if (joined.positions() == 0 && leaf.path) collect(*element->condition, &joined, found);
    return;
  }
  auto predicate = std::visit([](const auto& test) { return of_test(test); }, leaf.test);
  if (!predicate) return;
  predicate->path = predicate->kind == Kind::Never ? "" : joined.text();
  found.push_back(*std::move(predicate));
}

// A value that equals a string starts with it: lets equality and prefixes be merged.
bool to_prefixes(AccessPredicate& predicate) {
  for (const Value& value : predicate.values) {
    if (!value.is_string() || value.as_string().empty()) return false;
    predicate.prefixes.push_back(value.as_string());
  }
  predicate.values.clear();
  predicate.kind = Kind::Prefix;
  return true;
}

bool merge_into(AccessPredicate& sum, AccessPredicate part) {
  if (sum.kind != part.kind) {
    if (sum.kind == Kind::AnyOf && !to_prefixes(sum)) return false;
    if (part.kind == Kind::AnyOf && !to_prefixes(part)) return false;
  }
  std::move(part.values.begin(), part.values.end(), std::back_inserter(sum.values));
  std::move(part.prefixes.begin(), part.prefixes.end(), std::back_inserter(sum.prefixes));
  return true;
}

// Paths on which every branch has a predicate: the union over the branches holds.
void collect_any(const Condition& condition, const Path* base,
                 std::vector<AccessPredicate>& found) {
  std::map<std::string, AccessPredicate> sums;
  bool first = true;
  for (const Condition& child : condition.children) {
    std::vector<AccessPredicate> parts;
    collect(child, base, parts);
    const auto is_never = [](const AccessPredicate& part) { return part.kind == Kind::Never; };
    if (std::any_of(parts.begin(), parts.end(), is_never)) continue;
    std::map<std::string, AccessPredicate> by_path;
    for (AccessPredicate& part : parts) by_path.try_emplace(part.path, std::move(part));
    if (first) {
      sums = std::move(by_path);
      first = false;
      continue;
    }
    for (auto sum = sums.begin(); sum != sums.end();) {
      const auto part = by_path.find(sum->first);
      const bool merged = part != by_path.end() && merge_into(sum->second, std::move(part->second));
      sum = merged ? std::next(sum) : sums.erase(sum);
    }
    if (sums.empty()) return;
  }
  if (first) found.push_back(never());
  for (auto& [path, sum] : sums) found.push_back(std::move(sum));
}

void collect(const Condition& condition, const Path* base, std::vector<AccessPredicate>& found) {
  if (found.size() >= kQueryAccessMax) return;
  switch (condition.kind) {
    case Condition::Kind::False:
      found.push_back(never());
      break;
    case Condition::Kind::All:
      for (const Condition& child : condition.children) collect(child, base, found);
      break;
    case Condition::Kind::Any:
      collect_any(condition, base, found);
      break;
    case Condition::Kind::Leaf:
      collect_leaf(condition, base, found);
      break;
    case Condition::Kind::True:
    case Condition::Kind::Not:
      break;
  }
}

std::size_t width(const AccessPredicate& predicate) {
  return predicate.values.size() + predicate.prefixes.size();
}

std::size_t shortest(const AccessPredicate& predicate) {
  std::size_t length = static_cast<std::size_t>(-1);
  for (const std::string& prefix : predicate.prefixes) length = std::min(length, prefix.size());
  return length;
}

bool better(const AccessPredicate& a, const AccessPredicate& b) {
  if (a.kind != b.kind) return a.kind == Kind::AnyOf;
  if (width(a) != width(b)) return width(a) < width(b);
  return shortest(a) > shortest(b);
}

}  // namespace

std::vector<AccessPredicate> access_of(const Condition& condition) {
  std::vector<AccessPredicate> found;
  collect(condition, nullptr, found);
  for (AccessPredicate& predicate : found) {
    if (predicate.kind == Kind::Never) return {never()};
    tidy(predicate);
  }
  std::stable_sort(found.begin(), found.end(), better);
  return found;
}

bool satisfies(const AccessPredicate& predicate, const DocumentView& document) {
  if (predicate.kind == Kind::All) return true;
  if (predicate.kind == Kind::Never) return false;
  return walk_path<PathEnd::Opened>(document, Path(predicate.path), [&](const Value* value) {
    if (!value) return false;
    if (predicate.kind == Kind::Prefix) {
      return value->is_string() && std::any_of(predicate.prefixes.begin(), predicate.prefixes.end(),
                                               [&](const auto& prefix) {
                                                 return value->as_string().starts_with(prefix);
                                               });
    }
    return std::any_of(predicate.values.begin(), predicate.values.end(),
                       [&](const Value& one) { return same_value(one, *value); });
  });
}

}  // namespace storm
