#include "reference.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace storm::test {
namespace {

using Found = std::vector<const Value*>;  // nullptr: missing

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> steps(1);
  for (const char c : path) {
    if (c == '.') {
      steps.emplace_back();
    } else {
      steps.back() += c;
    }
  }
  return steps;
}

const Value* element_at(const Value& array, const std::string& name) {
  for (std::size_t i = 0; i < array.as_array().size(); ++i) {
    if (std::to_string(i) == name) return &array.as_array()[i];
  }
  return nullptr;
}

struct Reached {
  Found opened;  // what most operators look at
  Found whole;   // what $exists, $size and $elemMatch look at
};

void add_end(const Value* value, Reached& reached) {
  reached.whole.push_back(value);
  if (value && value->is_array()) {
    for (const Value& element : value->as_array()) reached.opened.push_back(&element);
  }
  reached.opened.push_back(value);
}

using Steps = std::vector<std::string>;

void into_array(const Value& array, const Steps& steps, std::size_t next, Reached& reached);

void into(const Value* value, const Steps& steps, std::size_t next, Reached& reached) {
  if (next == steps.size()) {
    add_end(value, reached);
  } else if (value && value->is_object()) {
    into(value->find(steps[next]), steps, next + 1, reached);
  } else if (value && value->is_array()) {
    into_array(*value, steps, next, reached);
  } else {
    reached.opened.push_back(nullptr);
    reached.whole.push_back(nullptr);
  }
}

void into_array(const Value& array, const Steps& steps, std::size_t next, Reached& reached) {
  for (const Value& element : array.as_array()) {
    if (element.is_object()) into(element.find(steps[next]), steps, next + 1, reached);
  }
  const Value* chosen = element_at(array, steps[next]);
  if (!chosen) return;
  if (next + 1 == steps.size()) {
    reached.opened.push_back(chosen);
    reached.whole.push_back(chosen);
  } else if (chosen->is_object() || chosen->is_array()) {
    into(chosen, steps, next + 1, reached);
  }
}

Reached reach(const Value& root, const std::string& path) {
  const Steps steps = split(path);
  Reached reached;
  const Value* first = root.is_array() ? element_at(root, steps[0]) : root.find(steps[0]);
  into(first, steps, 1, reached);
  return reached;
}

int rank(const Value& value) {
  if (value.is_null()) return 0;
  if (value.is_number()) return 1;
  if (value.is_string()) return 2;
  if (value.is_object()) return 3;
  return value.is_array() ? 4 : 5;
}

// 80 bits hold 64-bit integers and doubles exactly.
long double number(const Value& value) {
  return value.is_int() ? static_cast<long double>(value.as_int())
                        : static_cast<long double>(value.as_double());
}

bool less(const Value& a, const Value& b);

bool same(const Value& a, const Value& b) { return !less(a, b) && !less(b, a); }

template <typename Items, typename Less>
bool less_items(const Items& a, const Items& b, const Less& item_less) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), item_less);
}

bool less(const Value& a, const Value& b) {
  if (rank(a) != rank(b)) return rank(a) < rank(b);
  if (a.is_number()) return number(a) < number(b);
  if (a.is_string()) return a.as_string() < b.as_string();
  if (a.is_bool()) return !a.as_bool() && b.as_bool();
  if (a.is_array()) return less_items(a.as_array(), b.as_array(), less);
  if (!a.is_object()) return false;
  return less_items(a.as_object(), b.as_object(), [](const auto& x, const auto& y) {
    if (rank(x.second) != rank(y.second)) return rank(x.second) < rank(y.second);
    if (x.first != y.first) return x.first < y.first;
    return less(x.second, y.second);
  });
}

bool pattern_matches(std::string pattern, const Value* value) {
  if (!value || !value->is_string()) return false;
  const std::string& text = value->as_string();
  const bool from_start = pattern.starts_with('^');
  const bool to_end = pattern.ends_with('$');
  if (from_start) pattern.erase(0, 1);
  if (to_end) pattern.pop_back();
  for (std::size_t at = 0; at + pattern.size() <= text.size(); ++at) {
    if (text.compare(at, pattern.size(), pattern) != 0 || (from_start && at > 0)) continue;
    const std::string rest = text.substr(at + pattern.size());
    if (!to_end || rest.empty() || rest == "\n") return true;
  }
  return false;
}

std::string type_name(const Value& value) {
  if (!value.is_int()) return std::string(name_of(value.kind()));
  return std::abs(number(value)) < 2147483648.0L ? "int" : "long";
}

bool has_operators(const Value& value) {
  return value.is_object() && !value.as_object().empty() &&
         value.as_object()[0].first.starts_with('$');
}

bool equals(const Value& wanted, const Value* value) {
  return value ? same(wanted, *value) : wanted.is_null();
}

bool listed(const Value& list, const Value* value) {
  for (const Value& item : list.as_array()) {
    if (has_operators(item)) {
      if (pattern_matches(item.as_object()[0].second.as_string(), value)) return true;
    } else if (equals(item, value)) {
      return true;
    }
  }
  return false;
}

bool ordered(const std::string& name, const Value& wanted, const Value* value) {
  const bool or_equal = name.ends_with('e');
  if (!value) return wanted.is_null() && or_equal;
  if (rank(*value) != rank(wanted)) return false;
  if (same(*value, wanted)) return or_equal;
  return name.starts_with("$g") ? less(wanted, *value) : less(*value, wanted);
}

bool condition(const std::string& name, const Value& wanted, const Reached& reached);

bool conditions(const Value& operators, const Reached& reached) {
  for (const auto& [name, wanted] : operators.as_object()) {
    if (!condition(name, wanted, reached)) return false;
  }
  return true;
}

bool some_element(const Value& wanted, const Value& array) {
  for (const Value& element : array.as_array()) {
    if (has_operators(wanted) && !wanted.as_object()[0].first.ends_with("or") &&
        wanted.as_object()[0].first != "$and") {
      const Reached only{{&element}, {&element}};
      if (conditions(wanted, only)) return true;
    } else if (element.is_object() || element.is_array()) {
      if (reference_matches(wanted, element)) return true;
    }
  }
  return false;
}

bool test_value(const std::string& name, const Value& wanted, const Value* value) {
  if (name == "$eq") return equals(wanted, value);
  if (name == "$in") return listed(wanted, value);
  if (name == "$regex") return pattern_matches(wanted.as_string(), value);
  if (name == "$exists") return value != nullptr;
  if (name == "$type") {
    return value && (wanted.as_string() == "number" ? value->is_number()
                                                    : wanted.as_string() == type_name(*value));
  }
  if (name == "$size") {
    return value && value->is_array() && number(wanted) == value->as_array().size();
  }
  if (name == "$mod") {
    if (!value || !value->is_number()) return false;
    const auto cut = static_cast<std::int64_t>(std::trunc(number(*value)));
    return cut % wanted.as_array()[0].as_int() == wanted.as_array()[1].as_int();
  }
  if (name == "$elemMatch") return value && value->is_array() && some_element(wanted, *value);
  return ordered(name, wanted, value);
}

bool condition(const std::string& name, const Value& wanted, const Reached& reached) {
  if (name == "$ne") return !condition("$eq", wanted, reached);
  if (name == "$nin") return !condition("$in", wanted, reached);
  if (name == "$not") return !conditions(wanted, reached);
  if (name == "$exists" && !wanted.as_bool()) return !condition(name, Value(true), reached);
  if (name == "$all") {
    for (const Value& item : wanted.as_array()) {
      const bool held =
          has_operators(item) ? conditions(item, reached) : condition("$eq", item, reached);
      if (!held) return false;
    }
    return !wanted.as_array().empty();
  }
  const bool whole = name == "$exists" || name == "$size" || name == "$elemMatch";
  for (const Value* value : whole ? reached.whole : reached.opened) {
    if (test_value(name, wanted, value)) return true;
  }
  return false;
}

}  // namespace

bool reference_matches(const Value& filter, const Value& document) {
  for (const auto& [key, wanted] : filter.as_object()) {
    if (key.starts_with('$')) {
      bool any = false;
      bool all = true;
      for (const Value& part : wanted.as_array()) {
        const bool held = reference_matches(part, document);
        any = any || held;
        all = all && held;
      }
      if (key == "$and" ? !all : (key == "$or" ? !any : any)) return false;
      continue;
    }
    const Reached reached = reach(document, key);
    const bool held =
        has_operators(wanted) ? conditions(wanted, reached) : condition("$eq", wanted, reached);
    if (!held) return false;
  }
  return true;
}

}  // namespace storm::test
