// Query::parse: checks a filter and builds the tree of conditions. Recursion is bounded: the filter
// is measured first.
#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <set>
#include <span>

#include "core/base/edit_distance.hpp"
#include "core/query/condition.hpp"
#include "core/query/query.hpp"
#include "core/query/value_order.hpp"

namespace storm {
namespace {

constexpr std::size_t kFilterLevelsMax =
    200;  // objects and arrays inside each other, literals included

Error refused(const std::string& pointer, std::string message) {
  std::string text = pointer.empty() ? message : pointer + ": " + message;
  return {Errc::InvalidArgument, std::move(text), {{pointer, std::move(message)}}};
}

std::string quoted(std::string_view word) { return '"' + std::string(word) + '"'; }

bool is_operator(std::string_view key) { return key.starts_with('$'); }

// The first key decides how an object is read.
bool holds_operators(const Value& value) {
  return value.is_object() && !value.as_object().empty() &&
         is_operator(value.as_object().front().first);
}

bool is_odd(std::string_view key) {
  return key.find('\0') != key.npos || key.find('$', 1) != key.npos;
}

// Operators of MongoDB that are not here, and why.
struct Refused {
  std::string_view name;
  std::string_view why;
};
constexpr Refused kRefused[] = {
    {"$where", "runs a script, which this server does not do"},
    {"$function", "runs a script, which this server does not do"},
    {"$accumulator", "runs a script, which this server does not do"},
    {"$text", "needs a text index; use $regex"},
    {"$near", "is about places on the earth, which resources do not have"},
    {"$nearSphere", "is about places on the earth, which resources do not have"},
    {"$geoWithin", "is about places on the earth, which resources do not have"},
    {"$geoIntersects", "is about places on the earth, which resources do not have"},
    {"$sampleRate", "answers by chance, so no group can be kept by it"},
};

const Refused* find_refused(std::string_view name) {
  const auto at = std::find_if(std::begin(kRefused), std::end(kRefused),
                               [&](const Refused& item) { return item.name == name; });
  return at == std::end(kRefused) ? nullptr : at;
}

// A number without a fraction, within 64 bits.
bool is_whole(const Value& value, std::int64_t& whole) {
  if (value.is_int()) {
    whole = value.as_int();
    return true;
  }
  if (!value.is_double()) return false;
  const double real = value.as_double();
  if (!(real >= -0x1p63 && real < 0x1p63) || std::trunc(real) != real) return false;
  whole = static_cast<std::int64_t>(real);
  return true;
}

using Kind = Condition::Kind;

Condition constant(bool truth) {
  Condition condition;
  condition.kind = truth ? Kind::True : Kind::False;
  return condition;
}

// What a test costs, roughly: the cheap ones go first.
std::size_t cost(const Condition& condition) {
  std::size_t sum = 1;
  for (const Condition& child : condition.children) sum += cost(child);
  if (condition.kind != Kind::Leaf) return sum;
  sum += condition.path.steps().size();
  if (std::holds_alternative<ProgramTest>(condition.test)) sum += 20;
  if (const auto* in = std::get_if<InTest>(&condition.test)) sum += 5 + 20 * in->programs.size();
  if (const auto* element = std::get_if<ElementTest>(&condition.test)) {
    sum += 10 + 4 * cost(*element->condition);
  }
  return sum;
}

// All or Any: drops what changes nothing, and knows the answer where one child decides.
Condition combine(Kind kind, std::vector<Condition> children) {
  const Kind neutral = kind == Kind::All ? Kind::True : Kind::False;
  const Kind decisive = kind == Kind::All ? Kind::False : Kind::True;
  std::vector<std::pair<std::size_t, Condition>> kept;
  for (Condition& child : children) {
    if (child.kind == decisive) return constant(kind == Kind::Any);
    if (child.kind == neutral) continue;
    if (child.kind == kind) {
      for (Condition& grandchild : child.children) {
        const std::size_t price = cost(grandchild);
        kept.emplace_back(price, std::move(grandchild));
      }
      continue;
    }
    const std::size_t price = cost(child);
    kept.emplace_back(price, std::move(child));
  }
  if (kept.empty()) return constant(kind == Kind::All);
  if (kept.size() == 1) return std::move(kept.front().second);
  std::stable_sort(kept.begin(), kept.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  Condition condition;
  condition.kind = kind;
  for (auto& [price, child] : kept) condition.children.push_back(std::move(child));
  return condition;
}

Condition negate(Condition inner) {
  if (inner.kind == Kind::True || inner.kind == Kind::False) {
    return constant(inner.kind == Kind::False);
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

class Compiler {
 public:
  Compiler(const OperatorSet& operators, OddKeys odd_keys)
      : operators_(operators), odd_keys_(odd_keys) {}

  // Depth and number of everything in the filter, literals included.
  Result<void> measure(const Value& value, const std::string& pointer, std::size_t level);
  Result<Condition> filter(const Value& filter, const std::string& pointer, std::size_t depth);

 private:
  // Where an operator stands: everything its reader needs.
  struct Place {
    std::string_view name;
    const Value& operand;
    const Value::Object& siblings;
    const Path& path;
    const std::string& pointer;
    std::size_t depth;
  };
  using Reader = Result<Condition> (Compiler::*)(const Place&);
  struct FieldOperator {
    std::string_view name;
    Reader reader;
  };
  static const FieldOperator kFieldOperators[];

  Result<Condition> member(const Value::Member& member, const std::string& pointer,
                           std::size_t depth);
  Result<std::vector<Condition>> branches(const Value& list, const std::string& pointer,
                                          std::size_t depth);
  Result<Condition> field(const Path& path, const Value& operand, const std::string& pointer,
                          std::size_t depth);
  Result<Condition> field_operators(const Path& path, const Value& object,
                                    const std::string& pointer, std::size_t depth);
  Result<std::shared_ptr<const OperatorProgram>> program(const OperatorSource& source,
                                                         const Value::Member& member,
                                                         const Value::Object& siblings,
                                                         const std::string& pointer);
  Error unknown(std::string_view name, const std::string& pointer, bool in_field) const;

  Result<Condition> equal(const Place& place);
  Result<Condition> not_equal(const Place& place);
  Result<Condition> order(const Place& place);
  Result<Condition> in(const Place& place);
  Result<Condition> not_in(const Place& place);
  Result<Condition> exists(const Place& place);
  Result<Condition> size(const Place& place);
  Result<Condition> type(const Place& place);
  Result<Condition> mod(const Place& place);
  Result<Condition> bits(const Place& place);
  Result<Condition> all(const Place& place);
  Result<Condition> not_(const Place& place);
  Result<Condition> element_match(const Place& place);

  static Condition leaf(const Path& path, Test test) {
    Condition condition;
    condition.kind = Kind::Leaf;
    condition.path = path;
    condition.test = std::move(test);
    return condition;
  }

  const OperatorSet& operators_;
  const OddKeys odd_keys_;
  std::size_t nodes_ = 0;
};

const Compiler::FieldOperator Compiler::kFieldOperators[] = {
    {"$all", &Compiler::all},         {"$bitsAllClear", &Compiler::bits},
    {"$bitsAllSet", &Compiler::bits}, {"$bitsAnyClear", &Compiler::bits},
    {"$bitsAnySet", &Compiler::bits}, {"$elemMatch", &Compiler::element_match},
    {"$eq", &Compiler::equal},        {"$exists", &Compiler::exists},
    {"$gt", &Compiler::order},        {"$gte", &Compiler::order},
    {"$in", &Compiler::in},           {"$lt", &Compiler::order},
    {"$lte", &Compiler::order},       {"$mod", &Compiler::mod},
    {"$ne", &Compiler::not_equal},    {"$nin", &Compiler::not_in},
    {"$not", &Compiler::not_},        {"$size", &Compiler::size},
    {"$type", &Compiler::type},
};

constexpr std::string_view kFilterOperators[] = {"$and", "$comment", "$nor", "$or"};

bool is_filter_operator(std::string_view name) {
  return std::find(std::begin(kFilterOperators), std::end(kFilterOperators), name) !=
         std::end(kFilterOperators);
}

Result<void> Compiler::measure(const Value& value, const std::string& pointer, std::size_t level) {
  if (!value.is_array() && !value.is_object()) return {};
  if (level > kFilterLevelsMax) {
    return refused(pointer, "the filter is nested deeper than " + std::to_string(kFilterLevelsMax) +
                                " levels");
  }
  const std::size_t size = value.is_array() ? value.as_array().size() : value.as_object().size();
  nodes_ += size;
  if (nodes_ > kQueryNodesMax) {
    return refused(pointer, "the filter has more than " + std::to_string(kQueryNodesMax) +
                                " conditions and list items");
  }
  // Pointers are only made for what has something inside: a list of 100,000 strings costs none.
  if (value.is_array()) {
    std::size_t index = 0;
    for (const Value& item : value.as_array()) {
      if (item.is_array() || item.is_object()) {
        STORM_TRY(measure(item, pointer_join(pointer, index), level + 1));
      }
      ++index;
    }
  } else {
    for (const auto& [key, item] : value.as_object()) {
      if (item.is_array() || item.is_object()) {
        STORM_TRY(measure(item, pointer_join(pointer, key), level + 1));
      }
    }
  }
  return {};
}

Error Compiler::unknown(std::string_view name, const std::string& pointer, bool in_field) const {
  if (const Refused* item = find_refused(name)) {
    return refused(pointer, std::string(name) + " is refused: it " + std::string(item->why));
  }
  const auto* known = std::find_if(std::begin(kFieldOperators), std::end(kFieldOperators),
                                   [&](const FieldOperator& item) { return item.name == name; });
  if (!in_field && (known != std::end(kFieldOperators) || operators_.find(name))) {
    return refused(pointer,
                   std::string(name) + " needs a field: {\"name\": {" + quoted(name) + ": ...}}");
  }
  if (in_field && is_filter_operator(name)) {
    return refused(pointer, std::string(name) + " stands beside fields, not inside of one");
  }
  std::vector<std::string> names;
  if (in_field) {
    for (const FieldOperator& item : kFieldOperators) names.emplace_back(item.name);
    for (std::string& item : operators_.names()) names.push_back(std::move(item));
  } else {
    names.assign(std::begin(kFilterOperators), std::end(kFilterOperators));
  }
  std::string message = "unknown operator " + quoted(name);
  const auto nearest = nearest_words(name, std::span<const std::string>(names), 1);
  if (!nearest.empty()) message += "; did you mean " + quoted(nearest.front()) + "?";
  return refused(pointer, std::move(message));
}

Result<Condition> Compiler::filter(const Value& filter, const std::string& pointer,
                                   std::size_t depth) {
  if (!filter.is_object()) {
    return refused(pointer, "a filter is an object, not " + std::string(name_of(filter.kind())));
  }
  if (depth > kQueryDepthMax) {
    return refused(pointer, "more than " + std::to_string(kQueryDepthMax) +
                                " filters and conditions inside each other");
  }
  std::vector<Condition> conditions;
  for (const Value::Member& item : filter.as_object()) {
    conditions.push_back(STORM_TRY(member(item, pointer_join(pointer, item.first), depth)));
  }
  return combine(Kind::All, std::move(conditions));
}

Result<Condition> Compiler::member(const Value::Member& member, const std::string& pointer,
                                   std::size_t depth) {
  const auto& [key, operand] = member;
  if (key == "$comment") return constant(true);
  if (key == "$and" || key == "$or" || key == "$nor") {
    std::vector<Condition> parts = STORM_TRY(branches(operand, pointer, depth));
    Condition condition = combine(key == "$and" ? Kind::All : Kind::Any, std::move(parts));
    return key == "$nor" ? negate(std::move(condition)) : std::move(condition);
  }
  if (is_operator(key)) return unknown(key, pointer, false);
  if (odd_keys_ == OddKeys::Ignored && is_odd(key)) return constant(true);
  if (std::count(key.begin(), key.end(), '.') >= static_cast<std::ptrdiff_t>(kPathStepsMax)) {
    return refused(pointer, "a path has at most " + std::to_string(kPathStepsMax) + " steps");
  }
  return field(Path(key), operand, pointer, depth);
}

Result<std::vector<Condition>> Compiler::branches(const Value& list, const std::string& pointer,
                                                  std::size_t depth) {
  if (!list.is_array() || list.as_array().empty()) {
    return refused(pointer, "needs a list of at least one filter");
  }
  std::vector<Condition> parts;
  for (std::size_t i = 0; i < list.as_array().size(); ++i) {
    parts.push_back(STORM_TRY(filter(list.as_array()[i], pointer_join(pointer, i), depth + 1)));
  }
  return parts;
}

Result<Condition> Compiler::field(const Path& path, const Value& operand,
                                  const std::string& pointer, std::size_t depth) {
  if (holds_operators(operand)) return field_operators(path, operand, pointer, depth);
  return leaf(path, EqualTest{operand});
}

Result<Condition> Compiler::field_operators(const Path& path, const Value& object,
                                            const std::string& pointer, std::size_t depth) {
  std::vector<Condition> conditions;
  const Value::Object& siblings = object.as_object();
  for (const Value::Member& item : siblings) {
    const auto& [name, operand] = item;
    const std::string here = pointer_join(pointer, name);
    if (!is_operator(name)) {
      return refused(
          here, "operators and fields cannot be mixed: " + quoted(name) + " does not start with $");
    }
    const auto* known = std::find_if(std::begin(kFieldOperators), std::end(kFieldOperators),
                                     [&](const FieldOperator& one) { return one.name == name; });
    if (known != std::end(kFieldOperators)) {
      const Place place{name, operand, siblings, path, here, depth};
      conditions.push_back(STORM_TRY((this->*known->reader)(place)));
    } else if (const OperatorSource* source = operators_.find(name)) {
      auto compiled = STORM_TRY(program(*source, item, siblings, here));
      conditions.push_back(leaf(path, ProgramTest{std::move(compiled)}));
    } else if (const OperatorSource* owner = operators_.source_of_modifier(name)) {
      const auto belongs = [&](const Value::Member& one) {
        return operators_.find(one.first) == owner;
      };
      if (std::none_of(siblings.begin(), siblings.end(), belongs)) {
        return refused(here, name + " stands beside " + owner->operators().front() +
                                 ", which is missing here");
      }
    } else {
      return unknown(name, here, true);
    }
  }
  return combine(Kind::All, std::move(conditions));
}

Result<std::shared_ptr<const OperatorProgram>> Compiler::program(const OperatorSource& source,
                                                                 const Value::Member& member,
                                                                 const Value::Object& siblings,
                                                                 const std::string& pointer) {
  Value modifiers = Value::object();
  for (const auto& [key, value] : siblings) {
    if (operators_.source_of_modifier(key) == &source) modifiers.add(key, value);
  }
  auto compiled = source.compile(member.first, member.second, modifiers);
  if (compiled) return std::move(*compiled);
  Error error = std::move(compiled).error();
  std::string message = member.first + ": " + error.message;
  error.message = pointer + ": " + error.message;
  error.problems = {{pointer, std::move(message)}};
  return error;
}

Result<Condition> Compiler::equal(const Place& place) {
  return leaf(place.path, EqualTest{place.operand});
}

Result<Condition> Compiler::not_equal(const Place& place) {
  return negate(leaf(place.path, EqualTest{place.operand}));
}

Result<Condition> Compiler::order(const Place& place) {
  OrderTest test;
  test.value = place.operand;
  test.above = place.name == "$gt" || place.name == "$gte";
  test.below = !test.above;
  test.equal = place.name == "$gte" || place.name == "$lte";
  if (place.operand.is_null() && !test.equal) return constant(false);
  return leaf(place.path, std::move(test));
}

Result<Condition> Compiler::in(const Place& place) {
  if (!place.operand.is_array()) {
    return refused(place.pointer, std::string(place.name) + " needs a list, not " +
                                      std::string(name_of(place.operand.kind())));
  }
  InTest test;
  std::size_t index = 0;
  for (const Value& item : place.operand.as_array()) {
    if (holds_operators(item)) {
      const std::string here = pointer_join(place.pointer, index);
      const Value::Object& members = item.as_object();
      for (const Value::Member& one : members) {
        const std::string there = pointer_join(here, one.first);
        if (const OperatorSource* source = operators_.find(one.first)) {
          test.programs.push_back(STORM_TRY(program(*source, one, members, there)));
        } else if (&one == &members.front() || !operators_.is_modifier(one.first)) {
          return refused(there,
                         one.first + " cannot stand in the list of " + std::string(place.name));
        }
      }
    } else {
      test.null = test.null || item.is_null();
      test.values.push_back(item);
    }
    ++index;
  }
  std::sort(test.values.begin(), test.values.end(),
            [](const Value& a, const Value& b) { return compare_values(a, b) < 0; });
  test.values.erase(std::unique(test.values.begin(), test.values.end(), same_value),
                    test.values.end());
  if (test.values.empty() && test.programs.empty()) return constant(false);
  return leaf(place.path, std::move(test));
}

Result<Condition> Compiler::not_in(const Place& place) { return negate(STORM_TRY(in(place))); }

Result<Condition> Compiler::exists(const Place& place) {
  const Value& operand = place.operand;
  const bool no = operand.is_null() || (operand.is_bool() && !operand.as_bool()) ||
                  (operand.is_number() && operand.as_double() == 0);
  Condition condition = leaf(place.path, ExistsTest{});
  return no ? negate(std::move(condition)) : std::move(condition);
}

Result<Condition> Compiler::size(const Place& place) {
  std::int64_t size = 0;
  if (!is_whole(place.operand, size) || size < 0) {
    return refused(place.pointer, "$size needs a whole number from 0 on");
  }
  return leaf(place.path, SizeTest{static_cast<std::size_t>(size)});
}

Result<Condition> Compiler::type(const Place& place) {
  struct TypeName {
    std::string_view name;
    std::int64_t code;
    std::uint32_t types;  // 0: a type of MongoDB that JSON does not have
  };
  static constexpr TypeName kTypes[] = {
      {"double", 1, kTypeDouble}, {"string", 2, kTypeString}, {"object", 3, kTypeObject},
      {"array", 4, kTypeArray},   {"binData", 5, 0},          {"undefined", 6, 0},
      {"objectId", 7, 0},         {"bool", 8, kTypeBool},     {"date", 9, 0},
      {"null", 10, kTypeNull},    {"regex", 11, 0},           {"dbPointer", 12, 0},
      {"javascript", 13, 0},      {"symbol", 14, 0},          {"javascriptWithScope", 15, 0},
      {"int", 16, kTypeInt},      {"timestamp", 17, 0},       {"long", 18, kTypeLong},
      {"decimal", 19, 0},         {"minKey", -1, 0},          {"maxKey", 127, 0},
  };
  TypeTest test;
  const auto add = [&](const Value& item, const std::string& pointer) -> Result<void> {
    std::int64_t code = 0;
    if (item.is_string() && item.as_string() == "number") {
      test.types |= kTypeInt | kTypeLong | kTypeDouble;
      return {};
    }
    const bool coded = is_whole(item, code);
    for (const TypeName& one : kTypes) {
      if (coded ? one.code == code : (item.is_string() && one.name == item.as_string())) {
        test.types |= one.types;
        return {};
      }
    }
    if (!item.is_string()) {
      return refused(pointer, "$type needs the name or the number of a type of MongoDB");
    }
    std::vector<std::string_view> names{"number"};
    for (const TypeName& one : kTypes) names.push_back(one.name);
    const auto nearest =
        nearest_words(item.as_string(), std::span<const std::string_view>(names), 1);
    std::string message = "unknown type " + quoted(item.as_string());
    if (!nearest.empty()) message += "; did you mean " + quoted(nearest.front()) + "?";
    return refused(pointer, std::move(message));
  };
  if (!place.operand.is_array()) {
    STORM_TRY(add(place.operand, place.pointer));
  } else {
    if (place.operand.as_array().empty()) {
      return refused(place.pointer, "$type needs at least one type");
    }
    std::size_t index = 0;
    for (const Value& item : place.operand.as_array()) {
      STORM_TRY(add(item, pointer_join(place.pointer, index++)));
    }
  }
  return test.types == 0 ? constant(false) : leaf(place.path, test);
}

Result<Condition> Compiler::mod(const Place& place) {
  const auto cut = [](const Value& value, std::int64_t& whole) {
    return value.is_number() &&
           is_whole(value.is_int() ? value : Value(std::trunc(value.as_double())), whole);
  };
  ModTest test;
  const Value& operand = place.operand;
  if (!operand.is_array() || operand.as_array().size() != 2 ||
      !cut(operand.as_array()[0], test.divisor) || !cut(operand.as_array()[1], test.remainder)) {
    return refused(place.pointer, "$mod needs a list of two numbers: [divisor, remainder]");
  }
  if (test.divisor == 0) return refused(pointer_join(place.pointer, 0), "division by 0");
  return leaf(place.path, test);
}

Result<Condition> Compiler::bits(const Place& place) {
  constexpr std::int64_t kSignBit = 63;
  BitsTest test;
  test.all = place.name.starts_with("$bitsAll");
  test.set = place.name.ends_with("Set");
  std::int64_t number = 0;
  if (place.operand.is_array()) {
    std::size_t index = 0;
    for (const Value& item : place.operand.as_array()) {
      if (!is_whole(item, number) || number < 0) {
        return refused(pointer_join(place.pointer, index),
                       "the position of a bit is a whole number from 0 on");
      }
      test.mask |= std::uint64_t{1} << std::min(number, kSignBit);
      ++index;
    }
  } else if (is_whole(place.operand, number) && number >= 0) {
    test.mask = static_cast<std::uint64_t>(number);
  } else {
    return refused(place.pointer, std::string(place.name) +
                                      " needs a whole number from 0 on, or a list of positions");
  }
  return leaf(place.path, test);
}

Result<Condition> Compiler::all(const Place& place) {
  if (!place.operand.is_array()) {
    return refused(place.pointer,
                   "$all needs a list, not " + std::string(name_of(place.operand.kind())));
  }
  std::vector<Condition> conditions;
  std::size_t index = 0;
  for (const Value& item : place.operand.as_array()) {
    if (holds_operators(item)) {
      const std::string here = pointer_join(place.pointer, index);
      const std::string& name = item.as_object().front().first;
      if (name != "$elemMatch" && !operators_.find(name)) {
        return refused(pointer_join(here, name), name + " cannot stand in the list of $all");
      }
      conditions.push_back(STORM_TRY(field_operators(place.path, item, here, place.depth + 1)));
    } else {
      conditions.push_back(leaf(place.path, EqualTest{item}));
    }
    ++index;
  }
  if (conditions.empty()) return constant(false);
  return combine(Kind::All, std::move(conditions));
}

Result<Condition> Compiler::not_(const Place& place) {
  if (!holds_operators(place.operand)) {
    return refused(place.pointer, "$not needs an object of operators");
  }
  if (place.depth + 1 > kQueryDepthMax) {
    return refused(place.pointer, "more than " + std::to_string(kQueryDepthMax) +
                                      " filters and conditions inside each other");
  }
  Condition inner =
      STORM_TRY(field_operators(place.path, place.operand, place.pointer, place.depth + 1));
  return negate(std::move(inner));
}

Result<Condition> Compiler::element_match(const Place& place) {
  if (!place.operand.is_object()) {
    return refused(place.pointer,
                   "$elemMatch needs an object, not " + std::string(name_of(place.operand.kind())));
  }
  if (place.depth + 1 > kQueryDepthMax) {
    return refused(place.pointer, "more than " + std::to_string(kQueryDepthMax) +
                                      " filters and conditions inside each other");
  }
  ElementTest test;
  test.fields = !holds_operators(place.operand) ||
                is_filter_operator(place.operand.as_object().front().first);
  Condition inner =
      test.fields
          ? STORM_TRY(filter(place.operand, place.pointer, place.depth + 1))
          : STORM_TRY(field_operators(Path(), place.operand, place.pointer, place.depth + 1));
  test.condition = std::make_unique<const Condition>(std::move(inner));
  return leaf(place.path, std::move(test));
}

// Paths inside an $elemMatch belong to the element.
void collect_fields(const Condition& condition, std::set<std::string>& fields) {
  if (condition.kind == Kind::Leaf) fields.insert(condition.path.steps().front().name);
  for (const Condition& child : condition.children) collect_fields(child, fields);
}

}  // namespace

Result<Query> Query::parse(const Value& filter, const OperatorSet& operators, OddKeys odd_keys) {
  Compiler compiler(operators, odd_keys);
  STORM_TRY(compiler.measure(filter, "", 1));
  auto compiled = std::make_shared<CompiledQuery>();
  compiled->condition = STORM_TRY(compiler.filter(filter, "", 1));
  compiled->access = access_of(compiled->condition);
  std::set<std::string> fields;
  collect_fields(compiled->condition, fields);
  compiled->fields.assign(fields.begin(), fields.end());
  return Query(std::move(compiled));
}

}  // namespace storm
