#include "core/query/access_predicate.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "core/query/condition.hpp"
#include "core/query/query.hpp"
#include "core/query/schema.hpp"
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

AccessPredicate of_kind(Kind kind) {
  AccessPredicate predicate;
  predicate.kind = kind;
  return predicate;
}

AccessPredicate never() { return of_kind(Kind::Never); }

// Ranges and existence: they hold of many documents.
bool is_wide(const AccessPredicate& predicate) {
  return predicate.kind == Kind::Range || predicate.kind == Kind::Exists;
}

bool has_range(const Value& bound) {
  return (bound.is_number() && !is_nan(bound)) || bound.is_string();
}

bool is_empty_range(const AccessPredicate& range) {
  if (!range.low || !range.high) return false;
  const int order = compare_values(*range.low, *range.high);
  return order > 0 || (order == 0 && !(range.low_included && range.high_included));
}

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
  } else if (hint.kind == OperatorHint::Kind::Range) {
    predicate.kind = Kind::Range;
    predicate.low = Value(hint.low);
    if (!hint.high.empty()) predicate.high = Value(hint.high);
    predicate.high_included = false;
    return is_empty_range(predicate) ? never() : predicate;
  } else {
    return std::nullopt;
  }
  if (hint.keys.empty()) return never();
  return predicate;
}

AccessPredicate any_of_values(std::vector<Value> values) {
  AccessPredicate predicate = of_kind(Kind::AnyOf);
  predicate.values = std::move(values);
  return predicate;
}

// of_test(test): what a value that passes fulfils; nothing when a missing one passes too.

std::optional<AccessPredicate> of_test(const EqualTest& test) {
  if (test.value.is_null()) return std::nullopt;
  return is_scalar(test.value) ? any_of_values({test.value}) : of_kind(Kind::Exists);
}

std::optional<AccessPredicate> of_test(const OrderTest& test) {
  if (test.value.is_null()) return std::nullopt;
  if (!has_range(test.value)) return of_kind(Kind::Exists);
  AccessPredicate range = of_kind(Kind::Range);
  (test.above ? range.low : range.high) = test.value;
  (test.above ? range.low_included : range.high_included) = test.equal;
  return range;
}

std::optional<AccessPredicate> of_test(const InTest& test) {
  if (test.null) return std::nullopt;
  if (!std::all_of(test.values.begin(), test.values.end(), is_scalar)) {
    return of_kind(Kind::Exists);
  }
  if (test.programs.empty()) return any_of_values(test.values);
  AccessPredicate merged = of_kind(Kind::Prefix);
  for (const Value& value : test.values) {
    if (!value.is_string() || value.as_string().empty()) return of_kind(Kind::Exists);
    merged.prefixes.push_back(value.as_string());
  }
  for (const auto& program : test.programs) {
    const auto part = of_hint(program->hint());
    if (!part || is_wide(*part)) return of_kind(Kind::Exists);
    merged.prefixes.insert(merged.prefixes.end(), part->prefixes.begin(), part->prefixes.end());
    for (const Value& value : part->values) {
      if (value.as_string().empty()) return of_kind(Kind::Exists);
      merged.prefixes.push_back(value.as_string());
    }
  }
  return merged;
}

std::optional<AccessPredicate> of_test(const PrefixTest& test) {
  OperatorHint hint;
  hint.kind = OperatorHint::Kind::Prefix;
  hint.keys = test.prefixes;
  const auto predicate = of_hint(hint);
  return predicate ? predicate : of_kind(Kind::Exists);
}

std::optional<AccessPredicate> of_test(const ProgramTest& test) {
  const auto predicate = of_hint(test.program->hint());
  return predicate ? predicate : of_kind(Kind::Exists);
}

template <typename T>
std::optional<AccessPredicate> of_test(const T&) {
  return of_kind(Kind::Exists);
}

void collect(const Condition& condition, const Path* base, std::vector<AccessPredicate>& found);

// Each sort has its own room, so that wide ones do not keep narrow ones out.
bool has_room(const AccessPredicate& predicate, const std::vector<AccessPredicate>& found) {
  const auto same_sort = std::count_if(found.begin(), found.end(), [&](const auto& one) {
    return is_wide(one) == is_wide(predicate);
  });
  return static_cast<std::size_t>(same_sort) < kQueryAccessMax;
}

void keep(AccessPredicate predicate, const Path& path, std::vector<AccessPredicate>& found) {
  if (!has_room(predicate, found)) return;
  predicate.path = predicate.kind == Kind::Never ? "" : path.text();
  found.push_back(std::move(predicate));
}

// Tests of one and the same value: what lies above one bound and below another is between them.
// True when there was such a pair.
bool collect_between(const Condition& condition, const Path& path,
                     std::vector<AccessPredicate>& found) {
  std::optional<AccessPredicate> low, high;
  for (const Condition& child : condition.children) {
    const auto* test = std::get_if<OrderTest>(&child.test);
    if (child.kind != Condition::Kind::Leaf || !test || !has_range(test->value)) continue;
    (test->above ? low : high) = of_test(*test);
  }
  if (!low || !high || type_rank(*low->low) != type_rank(*high->high)) return false;
  low->high = std::move(high->high);
  low->high_included = high->high_included;
  keep(is_empty_range(*low) ? never() : *std::move(low), path, found);
  return true;
}

// `base` is the array's path when the condition is about its elements.
void collect_leaf(const Condition& leaf, const Path* base, std::vector<AccessPredicate>& found) {
  if (const auto* schema = std::get_if<SchemaTest>(&leaf.test)) {
    for (const std::string& name : schema->schema->required()) {
      // A name with a dot is a field's, and no path.
      if (name.find('.') == name.npos) keep(of_kind(Kind::Exists), Path(name), found);
    }
    return;
  }
  if (!base && !leaf.path) return;  // about the whole document
  if (base && leaf.path &&
      (leaf.path->positions() > 0 ||
       base->text().size() + leaf.path->text().size() > kPathBytesMax)) {
    return;
  }
  const auto* element = std::get_if<ElementTest>(&leaf.test);
  std::optional<AccessPredicate> predicate;
  if (!element) {
    predicate = std::visit([](const auto& test) { return of_test(test); }, leaf.test);
    if (!predicate || !has_room(*predicate, found)) return;
  }
  const Path joined = base && leaf.path ? Path(base->text() + "." + leaf.path->text())
                                        : *(base ? base : leaf.path.get());
  if (!element) {
    keep(*std::move(predicate), joined, found);
    return;
  }
  // What an element must be is found among the values of the array's path, unless a position leaves
  // the array closed or the array lies in another one.
  const std::size_t before = found.size();
  if (joined.positions() == 0 && leaf.path) {
    const bool same_value = !element->fields && element->condition->kind == Condition::Kind::All;
    if (same_value) collect_between(*element->condition, joined, found);
    collect(*element->condition, &joined, found);
  }
  if (found.size() == before) keep(of_kind(Kind::Exists), joined, found);
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

// Lets equality and ranges be merged: from the least of the values to the greatest.
bool to_range(AccessPredicate& predicate) {
  if (predicate.kind == Kind::Range) return true;
  if (predicate.kind != Kind::AnyOf || predicate.values.empty()) return false;
  tidy_values(predicate.values);
  const Value& least = predicate.values.front();
  const Value& greatest = predicate.values.back();
  if (!has_range(least) || type_rank(least) != type_rank(greatest)) return false;
  predicate.low = least;
  predicate.high = greatest;
  predicate.values.clear();
  predicate.kind = Kind::Range;
  return true;
}

const Value& some_bound(const AccessPredicate& range) {
  return range.low ? *range.low : *range.high;
}

// The bound that lies further out; `outward` is the sign of that direction.
void widen(std::optional<Value>& bound, bool& included, const std::optional<Value>& other,
           bool other_included, int outward) {
  if (!bound || !other) {
    bound.reset();
    included = true;
    return;
  }
  const int order = compare_values(*other, *bound) * outward;
  if (order > 0) {
    bound = other;
    included = other_included;
  } else if (order == 0) {
    included = included || other_included;
  }
}

bool merge_ranges(AccessPredicate& sum, AccessPredicate& part) {
  if (!to_range(sum) || !to_range(part)) return false;
  if (type_rank(some_bound(sum)) != type_rank(some_bound(part))) return false;
  widen(sum.low, sum.low_included, part.low, part.low_included, -1);
  widen(sum.high, sum.high_included, part.high, part.high_included, 1);
  return sum.low || sum.high;
}

bool merge_narrow(AccessPredicate& sum, AccessPredicate& part) {
  if (sum.kind != part.kind) {
    if (sum.kind == Kind::AnyOf && !to_prefixes(sum)) return false;
    if (part.kind == Kind::AnyOf && !to_prefixes(part)) return false;
  }
  std::move(part.values.begin(), part.values.end(), std::back_inserter(sum.values));
  std::move(part.prefixes.begin(), part.prefixes.end(), std::back_inserter(sum.prefixes));
  return true;
}

// Every predicate says that there is a value, so that much is left of any two.
void merge_into(AccessPredicate& sum, AccessPredicate part) {
  const bool merged =
      is_wide(sum) || is_wide(part) ? merge_ranges(sum, part) : merge_narrow(sum, part);
  if (merged) return;
  AccessPredicate exists = of_kind(Kind::Exists);
  exists.path = std::move(sum.path);
  sum = std::move(exists);
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
  if (a.kind != b.kind) return a.kind < b.kind;
  if (a.kind == Kind::Range) return (a.low && a.high) && !(b.low && b.high);
  if (width(a) != width(b)) return width(a) < width(b);
  return shortest(a) > shortest(b);
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
    std::stable_sort(parts.begin(), parts.end(), better);
    std::map<std::string, AccessPredicate> by_path;
    for (AccessPredicate& part : parts) by_path.try_emplace(part.path, std::move(part));
    if (first) {
      sums = std::move(by_path);
      first = false;
      continue;
    }
    for (auto sum = sums.begin(); sum != sums.end();) {
      const auto part = by_path.find(sum->first);
      if (part == by_path.end()) {
        sum = sums.erase(sum);
      } else {
        merge_into(sum->second, std::move(part->second));
        ++sum;
      }
    }
    if (sums.empty()) return;
  }
  if (first) found.push_back(never());
  for (auto& [path, sum] : sums) keep(std::move(sum), Path(path), found);
}

void collect(const Condition& condition, const Path* base, std::vector<AccessPredicate>& found) {
  if (found.size() >= 2 * kQueryAccessMax) return;
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

}  // namespace

std::vector<AccessPredicate> access_of(const Condition& condition) {
  std::vector<AccessPredicate> found;
  collect(condition, nullptr, found);
  for (AccessPredicate& predicate : found) {
    if (predicate.kind == Kind::Never) return {never()};
    tidy(predicate);
  }
  std::stable_sort(found.begin(), found.end(), better);
  // That there is a value follows from whatever else is said about it.
  std::set<std::string> said;
  std::erase_if(found, [&](const AccessPredicate& predicate) {
    return !said.insert(predicate.path).second && predicate.kind == Kind::Exists;
  });
  if (found.size() > kQueryAccessMax) found.resize(kQueryAccessMax);
  return found;
}

bool lies_in(const AccessPredicate& range, const Value& value) {
  if (type_rank(value) != type_rank(some_bound(range)) || is_nan(value)) return false;
  const int above = range.low ? compare_values(value, *range.low) : 1;
  const int below = range.high ? compare_values(*range.high, value) : 1;
  return (above > 0 || (above == 0 && range.low_included)) &&
         (below > 0 || (below == 0 && range.high_included));
}

bool satisfies(const AccessPredicate& predicate, const DocumentView& document) {
  if (predicate.kind == Kind::All) return true;
  if (predicate.kind == Kind::Never) return false;
  return walk_path<PathEnd::Opened>(document, Path(predicate.path), [&](const Value* value) {
    if (!value) return false;
    if (predicate.kind == Kind::Exists) return true;
    if (predicate.kind == Kind::Range) return lies_in(predicate, *value);
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
