#include "core/query/condition.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "core/query/expression.hpp"
#include "core/query/schema.hpp"
#include "core/query/value_order.hpp"

namespace storm {
namespace {

bool matches_element(const Condition& condition, const Value& element);

// An element of an array as the document of a nested filter: the fields of an array are its
// positions.
class ElementView final : public DocumentView {
 public:
  explicit ElementView(const Value& element) : element_(element) {}
  const Value* field(std::string_view name) const override {
    if (!element_.is_array()) return element_.find(name);
    const std::size_t position = position_of(name);
    return position < element_.as_array().size() ? &element_.as_array()[position] : nullptr;
  }

 private:
  const Value& element_;
};

// What the language calls a whole number: doubles are cut to one. False for what has none within 64
// bits.
bool to_whole(const Value& value, std::int64_t& whole) {
  if (value.is_int()) {
    whole = value.as_int();
    return true;
  }
  if (!value.is_double()) return false;
  const double real = std::trunc(value.as_double());
  if (!(real >= -0x1p63 && real < 0x1p63)) return false;
  whole = static_cast<std::int64_t>(real);
  return true;
}

// passes(test, value): whether one value, or a missing one (nullptr), passes.

bool passes(const EqualTest& test, const Value* value) {
  return value ? same_value(*value, test.value) : test.value.is_null();
}

bool passes(const OrderTest& test, const Value* value) {
  if (!value) return test.value.is_null() && test.equal;
  if (type_rank(*value) != type_rank(test.value)) return false;
  if (is_nan(*value) || is_nan(test.value)) {
    return test.equal && is_nan(*value) && is_nan(test.value);
  }
  const int order = compare_values(*value, test.value);
  return order > 0 ? test.above : (order < 0 ? test.below : test.equal);
}

bool passes(const InTest& test, const Value* value) {
  if (!value) return test.null;
  const auto at =
      std::lower_bound(test.values.begin(), test.values.end(), *value,
                       [](const Value& a, const Value& b) { return compare_values(a, b) < 0; });
  if (at != test.values.end() && same_value(*at, *value)) return true;
  return !value->is_array() && std::any_of(test.programs.begin(), test.programs.end(),
                                           [&](const auto& p) { return p->matches(*value); });
}

bool passes(const PrefixTest& test, const Value* value) {
  if (!value || !value->is_string()) return false;
  return std::any_of(test.prefixes.begin(), test.prefixes.end(), [&](const std::string& prefix) {
    return value->as_string().starts_with(prefix);
  });
}

bool passes(const ExistsTest&, const Value* value) { return value != nullptr; }

bool passes(const SizeTest& test, const Value* value) {
  return value && value->is_array() && value->as_array().size() == test.size;
}

bool passes(const TypeTest& test, const Value* value) {
  return value && (type_bit(*value) & test.types) != 0;
}

bool passes(const ModTest& test, const Value* value) {
  std::int64_t whole = 0;
  if (!value || !to_whole(*value, whole)) return false;
  // The lowest integer divided by -1 overflows.
  return (test.divisor == -1 ? 0 : whole % test.divisor) == test.remainder;
}

bool passes(const BitsTest& test, const Value* value) {
  std::int64_t whole = 0;
  if (!value || !to_whole(*value, whole)) return false;
  if (value->is_double() && static_cast<double>(whole) != value->as_double()) return false;
  const std::uint64_t bits = static_cast<std::uint64_t>(whole);
  const std::uint64_t hits = (test.set ? bits : ~bits) & test.mask;
  return test.all ? hits == test.mask : hits != 0;
}

bool passes(const ProgramTest& test, const Value* value) {
  return value && !value->is_array() && test.program->matches(*value);
}

bool passes(const ElementTest& test, const Value* value) {
  if (!value || !value->is_array()) return false;
  for (const Value& element : value->as_array()) {
    if (!test.fields) {
      if (matches_element(*test.condition, element)) return true;
    } else if (element.is_object() || element.is_array()) {
      if (matches(*test.condition, ElementView(element))) return true;
    }
  }
  return false;
}

// Whether a test is about the whole document: such are refused where single values are tested.
template <typename T>
constexpr bool kOfDocument = std::is_same_v<T, ExpressionTest> || std::is_same_v<T, SchemaTest> ||
                             std::is_same_v<T, GroupTest> || std::is_same_v<T, RelationTest>;

bool passes_whole(const ExpressionTest& test, const DocumentView& document) {
  return test.expression->holds(document);
}

bool passes_whole(const SchemaTest& test, const DocumentView& document) {
  return test.schema->matches(document);
}

bool passes_whole(const GroupTest& test, const DocumentView& document) {
  return document.in_group(test.group);
}

bool passes_whole(const RelationTest& test, const DocumentView& document) {
  const DocumentView* relative = document.related(test.relation);
  return relative && matches(*test.condition, *relative);
}

template <typename T>
constexpr PathEnd path_end() {
  constexpr bool whole = std::is_same_v<T, ExistsTest> || std::is_same_v<T, SizeTest> ||
                         std::is_same_v<T, ElementTest>;
  return whole ? PathEnd::Whole : PathEnd::Opened;
}

template <typename Leaf>
bool evaluate(const Condition& condition, const Leaf& leaf) {
  switch (condition.kind) {
    case Condition::Kind::True:
      return true;
    case Condition::Kind::False:
      return false;
    case Condition::Kind::All:
      for (const Condition& child : condition.children) {
        if (!evaluate(child, leaf)) return false;
      }
      return true;
    case Condition::Kind::Any:
      for (const Condition& child : condition.children) {
        if (evaluate(child, leaf)) return true;
      }
      return false;
    case Condition::Kind::Not:
      return !evaluate(condition.children.front(), leaf);
    case Condition::Kind::Leaf:
      return leaf(condition);
  }
  return false;
}

// The conditions of an $elemMatch on values: the element is tested as it is.
bool matches_element(const Condition& condition, const Value& element) {
  return evaluate(condition, [&](const Condition& leaf) {
    return std::visit(
        [&](const auto& test) {
          if constexpr (kOfDocument<std::decay_t<decltype(test)>>) {
            return false;
          } else {
            return passes(test, &element);
          }
        },
        leaf.test);
  });
}

bool passes_leaf(const Condition& leaf, const DocumentView& document) {
  return std::visit(
      [&](const auto& test) {
        using T = std::decay_t<decltype(test)>;
        if constexpr (kOfDocument<T>) {
          return passes_whole(test, document);
        } else {
          constexpr PathEnd end = path_end<T>();
          return walk_path<end>(document, *leaf.path,
                                [&](const Value* value) { return passes(test, value); });
        }
      },
      leaf.test);
}

bool leaf_reads_only(const Condition& leaf, std::span<const std::string_view> fields) {
  if (const auto* test = std::get_if<ExpressionTest>(&leaf.test)) {
    return test->expression->reads_only(fields);
  }
  if (const auto* test = std::get_if<SchemaTest>(&leaf.test)) {
    return test->schema->reads_only(fields);
  }
  if (!leaf.path) return false;
  const std::string_view first = leaf.path->steps().front().name;
  return std::find(fields.begin(), fields.end(), first) != fields.end();
}

// `decisive` ends the question, whatever the other children say.
Truth decide_children(const Condition& condition, Truth decisive, const DocumentView& known,
                      std::span<const std::string_view> fields) {
  bool open = false;
  for (const Condition& child : condition.children) {
    const Truth truth = decide(child, known, fields);
    if (truth == decisive) return decisive;
    open = open || truth == Truth::Depends;
  }
  if (open) return Truth::Depends;
  return decisive == Truth::No ? Truth::Yes : Truth::No;
}

}  // namespace

std::uint32_t type_bit(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::Null:
      return kTypeNull;
    case Value::Kind::Bool:
      return kTypeBool;
    case Value::Kind::Int: {
      using Narrow = std::numeric_limits<std::int32_t>;
      const bool fits = value.as_int() >= Narrow::min() && value.as_int() <= Narrow::max();
      return fits ? kTypeInt : kTypeLong;
    }
    case Value::Kind::Double:
      return kTypeDouble;
    case Value::Kind::String:
      return kTypeString;
    case Value::Kind::Array:
      return kTypeArray;
    case Value::Kind::Object:
      return kTypeObject;
  }
  return 0;
}

bool passes(const Test& test, const Value* scalar) {
  return std::visit(
      [&](const auto& one) {
        if constexpr (kOfDocument<std::decay_t<decltype(one)>>) {
          return false;
        } else {
          return passes(one, scalar);
        }
      },
      test);
}

bool reads_only(const Condition& condition, std::span<const std::string_view> fields) {
  if (condition.kind == Condition::Kind::Leaf) return leaf_reads_only(condition, fields);
  return std::all_of(condition.children.begin(), condition.children.end(),
                     [&](const Condition& child) { return reads_only(child, fields); });
}

bool matches(const Condition& condition, const DocumentView& document) {
  return evaluate(condition, [&](const Condition& leaf) { return passes_leaf(leaf, document); });
}

Truth decide(const Condition& condition, const DocumentView& known,
             std::span<const std::string_view> known_fields) {
  switch (condition.kind) {
    case Condition::Kind::True:
      return Truth::Yes;
    case Condition::Kind::False:
      return Truth::No;
    case Condition::Kind::All:
      return decide_children(condition, Truth::No, known, known_fields);
    case Condition::Kind::Any:
      return decide_children(condition, Truth::Yes, known, known_fields);
    case Condition::Kind::Not: {
      const Truth inner = decide(condition.children.front(), known, known_fields);
      if (inner == Truth::Depends) return inner;
      return inner == Truth::Yes ? Truth::No : Truth::Yes;
    }
    case Condition::Kind::Leaf:
      if (!leaf_reads_only(condition, known_fields)) return Truth::Depends;
      return passes_leaf(condition, known) ? Truth::Yes : Truth::No;
  }
  return Truth::Depends;
}

}  // namespace storm
