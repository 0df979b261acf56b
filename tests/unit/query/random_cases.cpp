#include "random_cases.hpp"

#include <array>
#include <cstdlib>
#include <iostream>
#include <string>

namespace storm::test {

Value RandomCases::scalar() {
  static const std::array<Value, 18> kScalars{
      Value(),      Value(true), Value(false),
      Value(0),     Value(1),    Value(2),
      Value(-1),    Value(7),    Value(1.0),
      Value(2.5),   Value(-0.5), Value(""),
      Value("a"),   Value("ab"), Value("abc"),
      Value("b\n"), Value("B"),  Value(std::int64_t{9007199254740993})};
  static const std::array<Value, 3> kFrequent{Value(1), Value("a"), Value("ab")};
  if (chance(2)) return kFrequent[below(kFrequent.size())];
  return kScalars[below(kScalars.size())];
}

Value RandomCases::value(int depth) {
  const std::size_t kind = depth <= 0 ? 0 : below(5);
  if (kind == 3) {
    Value array = Value::array();
    for (std::size_t i = below(4); i > 0; --i) array.push_back(value(depth - 1));
    return array;
  }
  if (kind == 4) {
    Value object = Value::object();
    for (const char* name : {"a", "b", "c", "0", "1"}) {
      if (chance(name[0] > '9' ? 2 : 6)) object.add(name, value(depth - 1));
    }
    return object;
  }
  return scalar();
}

Value RandomCases::document() {
  Value object = Value::object();
  for (const char* name : {"a", "b", "c"}) {
    if (!chance(4)) object.add(name, value(4));
  }
  return object;
}

std::string RandomCases::path() {
  static constexpr std::array<const char*, 3> kFirst{"a", "b", "c"};
  static constexpr std::array<const char*, 6> kNext{"a", "b", "c", "a", "0", "1"};
  std::string text = kFirst[below(kFirst.size())];
  for (std::size_t i = below(2) * below(4); i > 0; --i)
    text += std::string(".") + kNext[below(kNext.size())];
  return text;
}

Value RandomCases::pattern() {
  static constexpr std::array<const char*, 10> kPatterns{"^a",  "^ab", "^ab$", "b",    "c$",
                                                         "^b$", "^$",  "^",    "^abc", "B"};
  Value object = Value::object();
  object.add("$regex", Value(kPatterns[below(kPatterns.size())]));
  return object;
}

Value RandomCases::list(int depth, bool patterns) {
  Value items = Value::array();
  for (std::size_t i = below(4); i > 0; --i) {
    items.push_back(patterns && chance(5) ? pattern() : value(depth > 0 ? 1 : 0));
  }
  return items;
}

Value RandomCases::operand(const std::string& name, int depth) {
  if (name == "$in" || name == "$nin" || name == "$all") return list(depth, true);
  if (name == "$exists") return Value(chance(2));
  if (name == "$size") return Value(static_cast<std::int64_t>(below(4)));
  if (name == "$not") return operators(depth - 1);
  if (name == "$elemMatch") return chance(2) ? operators(depth - 1) : filter(depth - 1);
  if (name == "$mod") {
    Value pair = Value::array();
    pair.push_back(static_cast<std::int64_t>(1 + below(3)));
    pair.push_back(static_cast<std::int64_t>(below(3)));
    return pair;
  }
  if (name == "$type") {
    static constexpr std::array<const char*, 8> kTypes{"null",   "bool",  "int",    "long",
                                                       "double", "array", "object", "string"};
    return Value(chance(5) ? "number" : kTypes[below(kTypes.size())]);
  }
  return chance(2) ? scalar() : value(2);
}

Value RandomCases::operators(int depth) {
  static const std::array<std::string, 17> kNames{
      "$eq",   "$ne",  "$gt",   "$gte",   "$lt",    "$lte", "$in",  "$nin",      "$exists",
      "$size", "$mod", "$type", "$regex", "$regex", "$all", "$not", "$elemMatch"};
  Value object = Value::object();
  const std::size_t count = 1 + (chance(3) ? 1 : 0);
  while (object.as_object().size() < count) {
    const std::string& name = kNames[below(depth > 0 ? kNames.size() : kNames.size() - 2)];
    if (name == "$regex") {
      object.set(name, pattern().as_object().front().second);
    } else {
      object.set(name, operand(name, depth));
    }
  }
  return object;
}

Value RandomCases::list_of_filters(int depth) {
  Value filters = Value::array();
  for (std::size_t i = 1 + below(3); i > 0; --i) filters.push_back(filter(depth - 1));
  return filters;
}

Value RandomCases::filter(int depth) {
  Value object = Value::object();
  for (std::size_t i = chance(8) ? 0 : 1 + below(2); i > 0; --i) {
    if (depth > 0 && chance(4)) {
      static constexpr std::array<const char*, 3> kLogic{"$and", "$or", "$nor"};
      object.set(kLogic[below(kLogic.size())], list_of_filters(depth));
    } else if (chance(3)) {
      object.set(path(), chance(2) ? scalar() : value(2));
    } else {
      object.set(path(), operators(depth));
    }
  }
  return object;
}

Value RandomCases::narrow_test(int depth) {
  Value object = Value::object();
  switch (below(depth > 0 ? 7 : 6)) {
    case 0:
      return scalar();
    case 1:
      return pattern();
    case 2:
      object.add("$in", list(0, true));
      return object;
    case 3:
      object.add("$all", list(0, false));
      return object;
    case 4:
      object.add(chance(2) ? "$gt" : "$gte", scalar());
      if (chance(2)) object.add(chance(2) ? "$lt" : "$lte", scalar());
      return object;
    case 5:
      object.add(chance(2) ? "$lt" : "$exists", Value(true));
      return object;
    default:
      Value inner = narrow_test(depth - 1);
      if (chance(2) || !inner.is_object()) {
        Value fields = Value::object();
        fields.add(chance(4) ? "0" : "b", std::move(inner));
        inner = std::move(fields);
      }
      object.add("$elemMatch", std::move(inner));
      return object;
  }
}

Value RandomCases::narrow_filter(int depth) {
  static constexpr std::array<const char*, 6> kPaths{"a", "a", "b", "a.b", "a.0", "b.a"};
  Value object = Value::object();
  if (depth > 0 && chance(3)) {
    Value filters = Value::array();
    for (std::size_t i = 1 + below(3); i > 0; --i) filters.push_back(narrow_filter(depth - 1));
    object.add("$or", std::move(filters));
  }
  if (object.as_object().empty() || chance(3)) {
    object.add(kPaths[below(kPaths.size())], narrow_test(2));
  }
  return object;
}

std::uint64_t test_seed() {
  const char* given = std::getenv("STORM_TEST_SEED");
  const std::uint64_t seed = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::cout << "STORM_TEST_SEED=" << seed << std::endl;
  return seed;
}

}  // namespace storm::test
