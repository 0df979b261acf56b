#include <algorithm>
#include <cmath>
#include <iterator>

#include "core/query/compiler.hpp"
#include "core/query/logic.hpp"
#include "core/query/value_order.hpp"

namespace storm {

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

namespace {

struct TypeName {
  std::string_view name;
  std::int64_t code;
  std::uint32_t types;  // 0: a type of MongoDB that JSON does not have
};
constexpr TypeName kTypes[] = {
    {"double", 1, kTypeDouble}, {"string", 2, kTypeString}, {"object", 3, kTypeObject},
    {"array", 4, kTypeArray},   {"binData", 5, 0},          {"undefined", 6, 0},
    {"objectId", 7, 0},         {"bool", 8, kTypeBool},     {"date", 9, 0},
    {"null", 10, kTypeNull},    {"regex", 11, 0},           {"dbPointer", 12, 0},
    {"javascript", 13, 0},      {"symbol", 14, 0},          {"javascriptWithScope", 15, 0},
    {"int", 16, kTypeInt},      {"timestamp", 17, 0},       {"long", 18, kTypeLong},
    {"decimal", 19, 0},         {"minKey", -1, 0},          {"maxKey", 127, 0},
};

}  // namespace

Result<std::uint32_t> read_type_name(const std::string& name, const Spot& spot) {
  if (name == "number") return kTypeInt | kTypeLong | kTypeDouble;
  for (const TypeName& one : kTypes) {
    if (one.name == name) return one.types;
  }
  std::vector<std::string> names{"number"};
  for (const TypeName& one : kTypes) names.emplace_back(one.name);
  return refused(spot, "unknown type " + quoted(name) + did_you_mean(name, names));
}

std::span<const Compiler::FieldOperator> Compiler::field_operators() {
  static constexpr FieldOperator kOperators[] = {
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
  return kOperators;
}

const Compiler::FieldOperator* Compiler::find_field_operator(std::string_view name) {
  for (const FieldOperator& item : field_operators()) {
    if (item.name == name) return &item;
  }
  return nullptr;
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
  if (place.operand.is_null() && !test.equal) return always(false);
  return leaf(place.path, std::move(test));
}

Result<Condition> Compiler::in(const Place& place) {
  if (!place.operand.is_array()) {
    return refused(place.spot, std::string(place.name) + " needs a list, not " +
                                   std::string(name_of(place.operand.kind())));
  }
  InTest test;
  std::size_t index = 0;
  for (const Value& item : place.operand.as_array()) {
    if (holds_operators(item)) {
      const Spot here = place.spot.at(index);
      const Value::Object& members = item.as_object();
      for (const Value::Member& one : members) {
        const Spot there = here.at(one.first);
        if (const OperatorSource* source = operators_.find(one.first)) {
          test.programs.push_back(STORM_TRY(program(*source, one, members, there)));
        } else if (&one == &members.front() || !operators_.is_modifier(one.first)) {
          return refused(
              there, quoted(one.first) + " cannot stand in the list of " + std::string(place.name));
        }
      }
    } else {
      test.null = test.null || item.is_null();
      test.values.push_back(item);
    }
    ++index;
  }
  tidy_values(test.values);
  if (test.values.empty() && test.programs.empty()) return always(false);
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
    return refused(place.spot, "$size needs a whole number from 0 on");
  }
  return leaf(place.path, SizeTest{static_cast<std::size_t>(size)});
}

Result<Condition> Compiler::type(const Place& place) {
  TypeTest test;
  const auto add = [&](const Value& item, const Spot& spot) -> Result<void> {
    std::int64_t code = 0;
    if (is_whole(item, code)) {
      const auto known = std::find_if(std::begin(kTypes), std::end(kTypes),
                                      [&](const TypeName& one) { return one.code == code; });
      if (known != std::end(kTypes)) {
        test.types |= known->types;
        return {};
      }
    }
    if (!item.is_string()) {
      return refused(spot, "$type needs the name or the number of a type of MongoDB");
    }
    test.types |= STORM_TRY(read_type_name(item.as_string(), spot));
    return {};
  };
  if (!place.operand.is_array()) {
    STORM_TRY(add(place.operand, place.spot));
  } else {
    if (place.operand.as_array().empty()) {
      return refused(place.spot, "$type needs at least one type");
    }
    std::size_t index = 0;
    for (const Value& item : place.operand.as_array()) {
      STORM_TRY(add(item, place.spot.at(index++)));
    }
  }
  return test.types == 0 ? always(false) : leaf(place.path, test);
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
    return refused(place.spot, "$mod needs a list of two numbers: [divisor, remainder]");
  }
  if (test.divisor == 0) return refused(place.spot.at(0), "division by 0");
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
        return refused(place.spot.at(index), "the position of a bit is a whole number from 0 on");
      }
      test.mask |= std::uint64_t{1} << std::min(number, kSignBit);
      ++index;
    }
  } else if (is_whole(place.operand, number) && number >= 0) {
    test.mask = static_cast<std::uint64_t>(number);
  } else {
    return refused(place.spot, std::string(place.name) +
                                   " needs a whole number from 0 on, or a list of positions");
  }
  return leaf(place.path, test);
}

Result<Condition> Compiler::all(const Place& place) {
  if (!place.operand.is_array()) {
    return refused(place.spot,
                   "$all needs a list, not " + std::string(name_of(place.operand.kind())));
  }
  std::vector<Condition> conditions;
  std::size_t index = 0;
  for (const Value& item : place.operand.as_array()) {
    if (holds_operators(item)) {
      const Spot here = place.spot.at(index);
      const std::string& name = item.as_object().front().first;
      if (name != "$elemMatch" && !operators_.find(name)) {
        return refused(here.at(name), quoted(name) + " cannot stand in the list of $all");
      }
      conditions.push_back(STORM_TRY(operators(place.path, item, here, place.depth + 1)));
    } else {
      conditions.push_back(leaf(place.path, EqualTest{item}));
    }
    ++index;
  }
  if (conditions.empty()) return always(false);
  return all_of(std::move(conditions));
}

Result<Condition> Compiler::not_(const Place& place) {
  if (!holds_operators(place.operand)) {
    return refused(place.spot, "$not needs an object of operators");
  }
  if (place.depth + 1 > kQueryDepthMax) {
    return refused(place.spot, "more than " + std::to_string(kQueryDepthMax) +
                                   " filters and conditions inside each other");
  }
  Condition inner = STORM_TRY(operators(place.path, place.operand, place.spot, place.depth + 1));
  return negate(std::move(inner));
}

Result<Condition> Compiler::element_match(const Place& place) {
  if (!place.operand.is_object()) {
    return refused(place.spot,
                   "$elemMatch needs an object, not " + std::string(name_of(place.operand.kind())));
  }
  if (place.depth + 1 > kQueryDepthMax) {
    return refused(place.spot, "more than " + std::to_string(kQueryDepthMax) +
                                   " filters and conditions inside each other");
  }
  ElementTest test;
  test.fields = !holds_operators(place.operand) ||
                is_filter_operator(place.operand.as_object().front().first);
  ++elements_;
  auto inner = test.fields ? filter(place.operand, place.spot, place.depth + 1)
                           : operators(nullptr, place.operand, place.spot, place.depth + 1);
  --elements_;
  test.condition = std::make_unique<const Condition>(STORM_TRY(std::move(inner)));
  return leaf(place.path, std::move(test));
}

}  // namespace storm
