#include "core/query/compiler.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "core/base/edit_distance.hpp"
#include "core/query/expression.hpp"
#include "core/query/logic.hpp"
#include "core/query/reads.hpp"
#include "core/query/schema_reader.hpp"
#include "core/query/shown_value.hpp"
#include "core/query/value_order.hpp"

namespace storm {
namespace {

// Objects and arrays inside each other, literals included.
constexpr std::size_t kFilterLevelsMax = 200;
// Longer pointers and names are cut in the message.
constexpr std::size_t kShownPointerMax = 200;
constexpr std::size_t kShownNameMax = 60;

bool is_operator(std::string_view key) { return key.starts_with('$'); }

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

constexpr std::string_view kFilterOperators[] = {"$and",   "$cluster", "$comment",    "$expr",
                                                 "$group", "$host",    "$jsonSchema", "$nor",
                                                 "$or",    "$owner",   "$parent"};

std::optional<Relation> relation_of(std::string_view name) {
  for (const Relation relation : kAllRelations) {
    if (is_operator(name) && name.substr(1) == name_of(relation)) return relation;
  }
  return std::nullopt;
}

// Tests that do not tell by themselves how they were written.
bool keeps_source(const Condition& condition) {
  return condition.kind == Condition::Kind::Leaf &&
         (std::holds_alternative<ElementTest>(condition.test) ||
          std::holds_alternative<TypeTest>(condition.test) ||
          std::holds_alternative<BitsTest>(condition.test));
}

// Operand and operator as they were written, for people; cut when it is long.
std::string source_text(std::string_view name, const Value& operand) {
  constexpr std::size_t kShownSourceMax = 100;
  return std::string(name) + " " + shown_value(operand, kShownSourceMax);
}

}  // namespace

Test test_of(std::shared_ptr<const OperatorProgram> program) {
  OperatorHint hint = program->hint();
  if (hint.exact && hint.kind == OperatorHint::Kind::Prefix) {
    return PrefixTest{std::move(hint.keys)};
  }
  if (!hint.exact || hint.kind != OperatorHint::Kind::AnyOf) return ProgramTest{std::move(program)};
  InTest test;
  for (std::string& key : hint.keys) test.values.emplace_back(std::move(key));
  tidy_values(test.values);
  return test;
}

Error refused(const Spot& spot, std::string message) {
  std::string pointer = spot.pointer();
  std::string text = shown_text(pointer, kShownPointerMax);
  if (!text.empty()) text += ": ";
  text += message;
  return {Errc::InvalidArgument, std::move(text), {{std::move(pointer), std::move(message)}}};
}

std::string quoted(std::string_view word) { return '"' + shown_text(word, kShownNameMax) + '"'; }

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  const auto nearest = nearest_words(word, std::span<const std::string>(candidates), 1);
  return nearest.empty() ? std::string() : "; did you mean " + quoted(nearest.front()) + "?";
}

// The first key decides how an object is read.
bool holds_operators(const Value& value) {
  return value.is_object() && !value.as_object().empty() &&
         is_operator(value.as_object().front().first);
}

bool is_filter_operator(std::string_view name) {
  return std::find(std::begin(kFilterOperators), std::end(kFilterOperators), name) !=
         std::end(kFilterOperators);
}

Result<void> Compiler::measure(const Value& value, const Spot& spot, std::size_t level) {
  if (!value.is_array() && !value.is_object()) return {};
  if (level > kFilterLevelsMax) {
    return refused(
        spot, "the filter is nested deeper than " + std::to_string(kFilterLevelsMax) + " levels");
  }
  const std::size_t size = value.is_array() ? value.as_array().size() : value.as_object().size();
  nodes_ += size;
  if (nodes_ > kQueryNodesMax) {
    return refused(spot, "the filter has more than " + std::to_string(kQueryNodesMax) +
                             " conditions and list items");
  }
  // Pointers are only made for what has something inside: a list of 100,000 strings costs none.
  if (value.is_array()) {
    std::size_t index = 0;
    for (const Value& item : value.as_array()) {
      if (item.is_array() || item.is_object()) {
        STORM_TRY(measure(item, spot.at(index), level + 1));
      }
      ++index;
    }
  } else {
    for (const auto& [key, item] : value.as_object()) {
      if (item.is_array() || item.is_object()) {
        STORM_TRY(measure(item, spot.at(key), level + 1));
      }
    }
  }
  return {};
}

Error Compiler::unknown(std::string_view name, const Spot& spot, bool in_field) const {
  if (const Refused* item = find_refused(name)) {
    return refused(spot, std::string(name) + " is refused: it " + std::string(item->why));
  }
  if (!in_field && (find_field_operator(name) || operators_.find(name))) {
    return refused(spot,
                   std::string(name) + " needs a field: {\"name\": {" + quoted(name) + ": ...}}");
  }
  if (in_field && is_filter_operator(name)) {
    return refused(spot, std::string(name) + " stands beside fields, not inside of one");
  }
  std::vector<std::string> names;
  if (in_field) {
    for (const FieldOperator& item : field_operators()) names.emplace_back(item.name);
    for (std::string& item : operators_.names()) names.push_back(std::move(item));
  } else {
    names.assign(std::begin(kFilterOperators), std::end(kFilterOperators));
  }
  return refused(spot, "unknown operator " + quoted(name) + did_you_mean(name, names));
}

Result<Condition> Compiler::filter(const Value& filter, const Spot& spot, std::size_t depth) {
  if (!filter.is_object()) {
    return refused(spot, "a filter is an object, not " + std::string(name_of(filter.kind())));
  }
  if (depth > kQueryDepthMax) {
    return refused(spot, "more than " + std::to_string(kQueryDepthMax) +
                             " filters and conditions inside each other");
  }
  std::vector<Condition> conditions;
  for (const Value::Member& item : filter.as_object()) {
    conditions.push_back(STORM_TRY(member(item, spot.at(item.first), depth)));
  }
  return all_of(std::move(conditions));
}

Result<Path> read_path(std::string_view key, const Spot& spot) {
  if (key.size() > kPathBytesMax) {
    return refused(spot, "a path has at most " + std::to_string(kPathBytesMax) + " bytes");
  }
  Path path(key);
  if (path.steps().size() > kPathStepsMax) {
    return refused(spot, "a path has at most " + std::to_string(kPathStepsMax) + " steps");
  }
  if (path.positions() > kPathPositionsMax) {
    return refused(spot, "a path has at most " + std::to_string(kPathPositionsMax) + " positions");
  }
  return path;
}

Result<Condition> Compiler::member(const Value::Member& member, const Spot& spot,
                                   std::size_t depth) {
  const auto& [key, operand] = member;
  if (key == "$comment") return always(true);
  if (key == "$and" || key == "$or" || key == "$nor") {
    std::vector<Condition> parts = STORM_TRY(branches(operand, spot, depth));
    if (key == "$and") return all_of(std::move(parts));
    Condition any = any_of(std::move(parts));
    return key == "$nor" ? negate(std::move(any)) : std::move(any);
  }
  if (key != "$expr" && key != "$jsonSchema" && key != "$group" && !relation_of(key)) {
    if (is_operator(key)) return unknown(key, spot, false);
    if (odd_keys_ == OddKeys::Ignored && is_odd(key)) return always(true);
    auto path = std::make_shared<const Path>(STORM_TRY(read_path(key, spot)));
    return field(path, operand, spot, depth);
  }
  if (elements_ > 0) {
    return refused(spot, key + " is about the whole document and cannot stand in $elemMatch");
  }
  Condition condition = leaf(nullptr, STORM_TRY(whole_document(member, spot, depth)));
  condition.source = source_text(key, operand);
  return condition;
}

Result<Test> Compiler::whole_document(const Value::Member& member, const Spot& spot,
                                      std::size_t depth) {
  const auto& [key, operand] = member;
  if (key == "$expr") {
    ExpressionTest test;
    test.expression = std::make_shared<const Expression>(
        STORM_TRY(Expression::parse(operand, spot, expression_nodes_)));
    return Test(std::move(test));
  }
  if (key == "$jsonSchema") {
    SchemaReader reader(
        [this](const Value& pattern, const Spot& place) { return schema_pattern(pattern, place); });
    SchemaTest test;
    test.schema = std::make_shared<const Schema>(STORM_TRY(reader.read(operand, spot)));
    return Test(std::move(test));
  }
  if (key == "$group") {
    if (!operand.is_string() || operand.as_string().empty()) {
      return refused(spot, "$group needs the name or the id of a group");
    }
    return Test(GroupTest{operand.as_string()});
  }
  if (relations_ == kQueryRelationsMax) {
    return refused(
        spot, "more than " + std::to_string(kQueryRelationsMax) + " relations inside each other");
  }
  ++relations_;
  auto inner = filter(operand, spot, depth + 1);
  --relations_;
  RelationTest test;
  test.relation = *relation_of(key);
  test.condition = std::make_unique<const Condition>(STORM_TRY(std::move(inner)));
  return Test(std::move(test));
}

Result<std::shared_ptr<const OperatorProgram>> Compiler::schema_pattern(const Value& pattern,
                                                                        const Spot& spot) {
  static constexpr std::string_view kOperator = "$regex";
  const OperatorSource* source = operators_.find(kOperator);
  if (!source) {
    return refused(spot,
                   "patterns of $jsonSchema need the operator $regex, which is not installed");
  }
  const Value::Member member{std::string(kOperator), pattern};
  return program(*source, member, {member}, spot);
}

Result<std::vector<Condition>> Compiler::branches(const Value& list, const Spot& spot,
                                                  std::size_t depth) {
  if (!list.is_array() || list.as_array().empty()) {
    return refused(spot, "needs a list of at least one filter");
  }
  std::vector<Condition> parts;
  for (std::size_t i = 0; i < list.as_array().size(); ++i) {
    parts.push_back(STORM_TRY(filter(list.as_array()[i], spot.at(i), depth + 1)));
  }
  return parts;
}

Result<Condition> Compiler::field(const std::shared_ptr<const Path>& path, const Value& operand,
                                  const Spot& spot, std::size_t depth) {
  if (holds_operators(operand)) return operators(path, operand, spot, depth);
  return leaf(path, EqualTest{operand});
}

Result<Condition> Compiler::operators(const std::shared_ptr<const Path>& path, const Value& object,
                                      const Spot& spot, std::size_t depth) {
  std::vector<Condition> conditions;
  const Value::Object& siblings = object.as_object();
  for (const Value::Member& item : siblings) {
    const auto& [name, operand] = item;
    const Spot here = spot.at(name);
    if (!is_operator(name)) {
      return refused(
          here, "operators and fields cannot be mixed: " + quoted(name) + " does not start with $");
    }
    if (const FieldOperator* known = find_field_operator(name)) {
      const Place place{name, operand, path, here, depth};
      Condition condition = STORM_TRY((this->*known->reader)(place));
      if (keeps_source(condition)) condition.source = source_text(name, operand);
      conditions.push_back(std::move(condition));
    } else if (const OperatorSource* source = operators_.find(name)) {
      auto compiled = STORM_TRY(program(*source, item, siblings, here));
      Condition condition = leaf(path, test_of(std::move(compiled)));
      condition.source = source_text(name, operand);
      conditions.push_back(std::move(condition));
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
  return all_of(std::move(conditions));
}

Result<std::shared_ptr<const OperatorProgram>> Compiler::program(const OperatorSource& source,
                                                                 const Value::Member& member,
                                                                 const Value::Object& siblings,
                                                                 const Spot& spot) {
  Value modifiers = Value::object();
  for (const auto& [key, value] : siblings) {
    if (operators_.source_of_modifier(key) == &source) modifiers.add(key, value);
  }
  if (++programs_ > kQueryProgramsMax) {
    return refused(spot, "a filter has at most " + std::to_string(kQueryProgramsMax) +
                             " operators of plugins, such as " + member.first);
  }
  auto compiled = source.compile(member.first, member.second, modifiers);
  if (compiled) return std::move(*compiled);
  const Error& why = compiled.error();
  Error error = refused(spot, member.first + ": " + why.message);
  error.code = why.code;
  return error;
}

Result<Query> Query::parse(const Value& filter, const OperatorSet& operators, OddKeys odd_keys) {
  Compiler compiler(operators, odd_keys);
  STORM_TRY(compiler.measure(filter, Spot(), 1));
  auto compiled = std::make_shared<CompiledQuery>();
  compiled->condition = STORM_TRY(compiler.filter(filter, Spot(), 1));
  compiled->access = access_of(compiled->condition);
  compiled->reads = reads_of(compiled->condition);
  return Query(std::move(compiled));
}

}  // namespace storm
