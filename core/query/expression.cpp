#include "core/query/expression.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "core/query/compiler.hpp"
#include "core/query/value_order.hpp"

namespace storm {
namespace {

using Arguments = std::vector<Expression>;

bool truth(const Computed& computed) {
  if (computed.nothing()) return false;
  const Value& value = computed.value();
  if (value.is_bool()) return value.as_bool();
  return !value.is_number() || value.as_double() != 0;
}

Computed made(Value value) { return Computed(std::move(value)); }

// Missing is below null.
int compare(const Computed& a, const Computed& b) {
  if (a.missing() || b.missing()) return (a.missing() ? 0 : 1) - (b.missing() ? 0 : 1);
  return compare_values(a.value(), b.value());
}

std::string type_of(const Computed& computed) {
  if (computed.missing()) return "missing";
  const Value& value = computed.value();
  if (!value.is_int()) return std::string(name_of(value.kind()));
  using Narrow = std::numeric_limits<std::int32_t>;
  const bool narrow = value.as_int() >= Narrow::min() && value.as_int() <= Narrow::max();
  return narrow ? "int" : "long";
}

// Integers stay exact; what does not fit 64 bits becomes a double.
Value add(const Value& a, const Value& b) {
  std::int64_t sum = 0;
  if (a.is_int() && b.is_int() && !__builtin_add_overflow(a.as_int(), b.as_int(), &sum)) return sum;
  return a.as_double() + b.as_double();
}

Value subtract(const Value& a, const Value& b) {
  std::int64_t rest = 0;
  if (a.is_int() && b.is_int() && !__builtin_sub_overflow(a.as_int(), b.as_int(), &rest)) {
    return rest;
  }
  return a.as_double() - b.as_double();
}

Value multiply(const Value& a, const Value& b) {
  std::int64_t product = 0;
  if (a.is_int() && b.is_int() && !__builtin_mul_overflow(a.as_int(), b.as_int(), &product)) {
    return product;
  }
  return a.as_double() * b.as_double();
}

std::optional<Value> divide(const Value& a, const Value& b) {
  if (b.as_double() == 0) return std::nullopt;
  return Value(a.as_double() / b.as_double());
}

std::optional<Value> modulo(const Value& a, const Value& b) {
  if (b.as_double() == 0) return std::nullopt;
  if (!a.is_int() || !b.is_int()) return Value(std::fmod(a.as_double(), b.as_double()));
  return b.as_int() == -1 ? Value(0) : Value(a.as_int() % b.as_int());
}

Value absolute(const Value& a) {
  if (a.is_int() && a.as_int() != std::numeric_limits<std::int64_t>::min()) {
    return std::abs(a.as_int());
  }
  return std::abs(a.as_double());
}

template <double (*round)(double)>
Value rounded(const Value& a) {
  return a.is_int() ? a : Value(round(a.as_double()));
}

using Compute = Computed (*)(const Arguments&, const DocumentView&);

// Numbers in, a number out; null in, null out.
template <Value (*fold)(const Value&, const Value&), std::int64_t start>
Computed fold_numbers(const Arguments& arguments, const DocumentView& document) {
  Value sum(start);
  bool null = false;
  for (const Expression& argument : arguments) {
    const Computed computed = argument.compute(document);
    if (computed.failed()) return computed;
    if (computed.nothing()) {
      null = true;
    } else if (!computed.value().is_number()) {
      return Computed::failure();
    } else {
      sum = fold(sum, computed.value());
    }
  }
  return made(null ? Value() : std::move(sum));
}

template <auto function>
Computed of_two_numbers(const Arguments& arguments, const DocumentView& document) {
  const Computed a = arguments[0].compute(document);
  const Computed b = arguments[1].compute(document);
  if (a.failed() || b.failed()) return Computed::failure();
  if (a.nothing() || b.nothing()) return made(Value());
  if (!a.value().is_number() || !b.value().is_number()) return Computed::failure();
  const std::optional<Value> result = function(a.value(), b.value());
  return result ? made(*result) : Computed::failure();
}

template <Value (*function)(const Value&)>
Computed of_number(const Arguments& arguments, const DocumentView& document) {
  const Computed a = arguments[0].compute(document);
  if (a.failed()) return a;
  if (a.nothing()) return made(Value());
  return a.value().is_number() ? made(function(a.value())) : Computed::failure();
}

template <typename Test>
Computed compared(const Arguments& arguments, const DocumentView& document, const Test& test) {
  const Computed a = arguments[0].compute(document);
  const Computed b = arguments[1].compute(document);
  if (a.failed() || b.failed()) return Computed::failure();
  return made(Value(test(compare(a, b))));
}

Computed compute_and(const Arguments& arguments, const DocumentView& document) {
  for (const Expression& argument : arguments) {
    const Computed computed = argument.compute(document);
    if (computed.failed()) return computed;
    if (!truth(computed)) return made(false);
  }
  return made(true);
}

Computed compute_or(const Arguments& arguments, const DocumentView& document) {
  for (const Expression& argument : arguments) {
    const Computed computed = argument.compute(document);
    if (computed.failed()) return computed;
    if (truth(computed)) return made(true);
  }
  return made(false);
}

Computed compute_not(const Arguments& arguments, const DocumentView& document) {
  const Computed computed = arguments[0].compute(document);
  return computed.failed() ? computed : made(!truth(computed));
}

Computed compute_cond(const Arguments& arguments, const DocumentView& document) {
  const Computed condition = arguments[0].compute(document);
  if (condition.failed()) return condition;
  return arguments[truth(condition) ? 1 : 2].compute(document);
}

Computed compute_if_null(const Arguments& arguments, const DocumentView& document) {
  for (std::size_t i = 0; i + 1 < arguments.size(); ++i) {
    Computed computed = arguments[i].compute(document);
    if (!computed.nothing()) return computed;
  }
  return arguments.back().compute(document);
}

Computed compute_size(const Arguments& arguments, const DocumentView& document) {
  const Computed computed = arguments[0].compute(document);
  if (computed.nothing() || computed.failed() || !computed.value().is_array()) {
    return Computed::failure();
  }
  return made(Value(static_cast<std::int64_t>(computed.value().as_array().size())));
}

Computed compute_in(const Arguments& arguments, const DocumentView& document) {
  const Computed wanted = arguments[0].compute(document);
  const Computed list = arguments[1].compute(document);
  if (wanted.failed() || list.failed() || list.missing() || !list.value().is_array()) {
    return Computed::failure();
  }
  const Value::Array& items = list.value().as_array();
  return made(!wanted.missing() && std::any_of(items.begin(), items.end(), [&](const Value& item) {
    return same_value(item, wanted.value());
  }));
}

Computed compute_is_array(const Arguments& arguments, const DocumentView& document) {
  const Computed computed = arguments[0].compute(document);
  if (computed.failed()) return computed;
  return made(!computed.missing() && computed.value().is_array());
}

Computed compute_is_number(const Arguments& arguments, const DocumentView& document) {
  const Computed computed = arguments[0].compute(document);
  if (computed.failed()) return computed;
  return made(!computed.missing() && computed.value().is_number());
}

Computed compute_type(const Arguments& arguments, const DocumentView& document) {
  const Computed computed = arguments[0].compute(document);
  return computed.failed() ? computed : made(Value(type_of(computed)));
}

Computed element(const Computed& list, const Value& position) {
  if (list.failed() || !position.is_number()) return Computed::failure();
  if (list.nothing()) return made(Value());
  if (!list.value().is_array()) return Computed::failure();
  const Value::Array& items = list.value().as_array();
  double at = position.as_double();
  if (at < 0) at += static_cast<double>(items.size());
  if (std::trunc(at) != at) return Computed::failure();
  if (at < 0 || at >= static_cast<double>(items.size())) return Computed();
  return made(items[static_cast<std::size_t>(at)]);
}

Computed compute_element_at(const Arguments& arguments, const DocumentView& document) {
  const Computed position = arguments[1].compute(document);
  if (position.failed()) return position;
  if (position.nothing()) return made(Value());
  return element(arguments[0].compute(document), position.value());
}

Computed compute_first(const Arguments& arguments, const DocumentView& document) {
  return element(arguments[0].compute(document), Value(0));
}

Computed compute_last(const Arguments& arguments, const DocumentView& document) {
  return element(arguments[0].compute(document), Value(-1));
}

// $sum and its kin take a list of expressions, or one that gives an array. False when one failed.
template <typename Take>
bool each_value(const Arguments& arguments, const DocumentView& document, const Take& take) {
  for (const Expression& argument : arguments) {
    const Computed computed = argument.compute(document);
    if (computed.failed()) return false;
    if (computed.missing()) continue;
    if (arguments.size() == 1 && computed.value().is_array()) {
      for (const Value& item : computed.value().as_array()) take(item);
    } else {
      take(computed.value());
    }
  }
  return true;
}

Computed compute_sum(const Arguments& arguments, const DocumentView& document) {
  Value sum(0);
  const bool done = each_value(arguments, document, [&](const Value& value) {
    if (value.is_number()) sum = add(sum, value);
  });
  return done ? made(std::move(sum)) : Computed::failure();
}

Computed compute_average(const Arguments& arguments, const DocumentView& document) {
  double sum = 0;
  double count = 0;
  const bool done = each_value(arguments, document, [&](const Value& value) {
    if (!value.is_number()) return;
    sum += value.as_double();
    ++count;
  });
  if (!done) return Computed::failure();
  return made(count == 0 ? Value() : Value(sum / count));
}

template <bool greatest>
Computed compute_extreme(const Arguments& arguments, const DocumentView& document) {
  Value found;
  const bool done = each_value(arguments, document, [&](const Value& value) {
    if (value.is_null()) return;
    const int order = found.is_null() ? 0 : compare_values(value, found);
    if (found.is_null() || (greatest ? order > 0 : order < 0)) found = value;
  });
  return done ? made(std::move(found)) : Computed::failure();
}

Computed compute_concat(const Arguments& arguments, const DocumentView& document) {
  std::string text;
  bool null = false;
  for (const Expression& argument : arguments) {
    const Computed computed = argument.compute(document);
    if (computed.failed()) return computed;
    if (computed.nothing()) {
      null = true;
    } else if (!computed.value().is_string()) {
      return Computed::failure();
    } else {
      text += computed.value().as_string();
      if (text.size() > kComputedTextMax) return Computed::failure();
    }
  }
  return made(null ? Value() : Value(std::move(text)));
}

template <char first, char last, int shift>
Computed change_case(const Arguments& arguments, const DocumentView& document) {
  const Computed computed = arguments[0].compute(document);
  if (computed.failed()) return computed;
  if (computed.nothing()) return made(Value(""));
  if (!computed.value().is_string()) return Computed::failure();
  std::string text = computed.value().as_string();
  for (char& c : text) {
    if (c >= first && c <= last) c = static_cast<char>(c + shift);
  }
  return made(Value(std::move(text)));
}

Computed compute_length(const Arguments& arguments, const DocumentView& document) {
  const Computed computed = arguments[0].compute(document);
  if (computed.failed() || computed.missing() || !computed.value().is_string()) {
    return Computed::failure();
  }
  const std::string& text = computed.value().as_string();
  return made(Value(static_cast<std::int64_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }))));
}

Computed compute_get_field(const Arguments& arguments, const DocumentView& document) {
  const Computed name = arguments[0].compute(document);
  if (name.failed() || name.missing() || !name.value().is_string()) return Computed::failure();
  if (arguments.size() == 1) return Computed(document.field(name.value().as_string()));
  const Computed input = arguments[1].compute(document);
  if (input.failed() || input.missing()) return input;
  const Value* found = input.value().find(name.value().as_string());
  return found ? made(*found) : Computed();
}

}  // namespace

struct Expression::Operator {
  std::string_view name;
  Compute compute;
  std::size_t arguments_min;
  std::size_t arguments_max;
  // When the arguments may stand in an object: their names, in order.
  std::vector<std::string_view> names = {};
};

namespace {

constexpr std::size_t kAny = static_cast<std::size_t>(-1);

const std::vector<Expression::Operator>& expression_operators() {
  using Args = Arguments;
  using View = DocumentView;
  static const std::vector<Expression::Operator> operators{
      {"$abs", &of_number<absolute>, 1, 1},
      {"$add", &fold_numbers<add, 0>, 1, kAny},
      {"$and", &compute_and, 0, kAny},
      {"$arrayElemAt", &compute_element_at, 2, 2},
      {"$avg", &compute_average, 1, kAny},
      {"$ceil", &of_number<rounded<std::ceil>>, 1, 1},
      {"$cmp",
       [](const Args& a, const View& d) {
         return compared(a, d, [](int o) { return o < 0 ? -1 : (o > 0 ? 1 : 0); });
       },
       2, 2},
      {"$concat", &compute_concat, 1, kAny},
      {"$cond", &compute_cond, 3, 3, {"if", "then", "else"}},
      {"$divide", &of_two_numbers<divide>, 2, 2},
      {"$eq",
       [](const Args& a, const View& d) { return compared(a, d, [](int o) { return o == 0; }); }, 2,
       2},
      {"$first", &compute_first, 1, 1},
      {"$floor", &of_number<rounded<std::floor>>, 1, 1},
      {"$getField", &compute_get_field, 1, 2, {"field", "input"}},
      {"$gt",
       [](const Args& a, const View& d) { return compared(a, d, [](int o) { return o > 0; }); }, 2,
       2},
      {"$gte",
       [](const Args& a, const View& d) { return compared(a, d, [](int o) { return o >= 0; }); }, 2,
       2},
      {"$ifNull", &compute_if_null, 2, kAny},
      {"$in", &compute_in, 2, 2},
      {"$isArray", &compute_is_array, 1, 1},
      {"$isNumber", &compute_is_number, 1, 1},
      {"$last", &compute_last, 1, 1},
      {"$lt",
       [](const Args& a, const View& d) { return compared(a, d, [](int o) { return o < 0; }); }, 2,
       2},
      {"$lte",
       [](const Args& a, const View& d) { return compared(a, d, [](int o) { return o <= 0; }); }, 2,
       2},
      {"$max", &compute_extreme<true>, 1, kAny},
      {"$min", &compute_extreme<false>, 1, kAny},
      {"$mod", &of_two_numbers<modulo>, 2, 2},
      {"$multiply", &fold_numbers<multiply, 1>, 1, kAny},
      {"$ne",
       [](const Args& a, const View& d) { return compared(a, d, [](int o) { return o != 0; }); }, 2,
       2},
      {"$not", &compute_not, 1, 1},
      {"$or", &compute_or, 0, kAny},
      {"$size", &compute_size, 1, 1},
      {"$strLenCP", &compute_length, 1, 1},
      {"$subtract", &of_two_numbers<subtract>, 2, 2},
      {"$sum", &compute_sum, 1, kAny},
      {"$toLower", &change_case<'A', 'Z', 32>, 1, 1},
      {"$toUpper", &change_case<'a', 'z', -32>, 1, 1},
      {"$trunc", &of_number<rounded<std::trunc>>, 1, 1},
      {"$type", &compute_type, 1, 1},
  };
  return operators;
}

// "$a.b", "$$ROOT.a.b" and "$$CURRENT.a.b" name a field; nothing for other text.
Result<std::optional<std::string_view>> field_path(std::string_view text, const Spot& spot) {
  if (!text.starts_with('$')) return std::optional<std::string_view>();
  std::string_view path = text.substr(1);
  if (path.starts_with('$')) {
    const std::size_t dot = path.find('.');
    const std::string_view variable = path.substr(1, std::min(dot, path.size()) - 1);
    if ((variable != "ROOT" && variable != "CURRENT") || dot == path.npos) {
      return refused(spot,
                     "the only variables are $$ROOT and $$CURRENT, with a field: $$ROOT.name");
    }
    path = path.substr(dot + 1);
  }
  if (path.empty()) return refused(spot, "\"$\" is not followed by the name of a field");
  return std::optional<std::string_view>(path);
}

// The steps of an expression's path go through every array, and know no positions.
std::optional<Value> map_path(const Value& value, const std::vector<Path::Step>& steps,
                              std::size_t next) {
  if (next == steps.size()) return value;
  if (value.is_object()) {
    const Value* found = value.find(steps[next].name);
    return found ? map_path(*found, steps, next + 1) : std::nullopt;
  }
  if (!value.is_array()) return std::nullopt;
  Value list = Value::array();
  for (const Value& element : value.as_array()) {
    if (!element.is_object()) continue;
    if (auto found = map_path(element, steps, next)) list.push_back(*std::move(found));
  }
  return list;
}

// Lists and objects hold constants only: what an expression can make is bounded by the document and
// the filter.
Result<void> check_constant(const Value& value, const Spot& spot) {
  if (value.is_string() && value.as_string().starts_with('$')) {
    return refused(spot, "a list or object in $expr holds constants only; use $literal around it");
  }
  if (value.is_array()) {
    std::size_t index = 0;
    for (const Value& item : value.as_array()) STORM_TRY(check_constant(item, spot.at(index++)));
  } else if (value.is_object()) {
    for (const auto& [name, item] : value.as_object()) {
      const Spot there = spot.at(name);
      if (name.starts_with('$')) {
        return refused(there, "a list or object in $expr holds constants only");
      }
      STORM_TRY(check_constant(item, there));
    }
  }
  return {};
}

}  // namespace

Result<Expression> Expression::parse(const Value& value, const Spot& spot, std::size_t& count) {
  if (++count > kExpressionNodesMax) {
    return refused(spot, "$expr has more than " + std::to_string(kExpressionNodesMax) + " parts");
  }
  Expression expression;
  if (value.is_string()) {
    const auto path = STORM_TRY(field_path(value.as_string(), spot));
    if (path) {
      expression.path_ = STORM_TRY(read_path(*path, spot));
      expression.kind_ = Kind::Field;
      return expression;
    }
  } else if (holds_operators(value)) {
    const Value::Object& members = value.as_object();
    if (members.size() > 1) {
      return refused(spot, "an expression has one operator: " + quoted(members[0].first) + " or " +
                               quoted(members[1].first));
    }
    return parse_call(members.front(), spot.at(members.front().first), count);
  } else {
    STORM_TRY(check_constant(value, spot));
  }
  expression.literal_ = value;
  return expression;
}

Result<Expression> Expression::parse_call(const Value::Member& call, const Spot& spot,
                                          std::size_t& count) {
  const std::string& name = call.first;
  const Value& operand = call.second;
  Expression expression;
  if (name == "$literal") {
    expression.literal_ = operand;
    return expression;
  }
  const auto& operators = expression_operators();
  const auto known = std::find_if(operators.begin(), operators.end(),
                                  [&](const Operator& one) { return one.name == name; });
  if (known == operators.end()) {
    std::vector<std::string> names;
    for (const Operator& one : operators) names.emplace_back(one.name);
    return refused(spot, "unknown operator of $expr " + quoted(name) + did_you_mean(name, names));
  }
  expression.kind_ = Kind::Call;
  expression.operator_ = &*known;
  if (operand.is_array()) {
    std::size_t index = 0;
    for (const Value& item : operand.as_array()) {
      expression.arguments_.push_back(STORM_TRY(parse(item, spot.at(index++), count)));
    }
  } else if (operand.is_object() && !known->names.empty() && !holds_operators(operand)) {
    for (const std::string_view argument : known->names) {
      const Value* item = operand.find(argument);
      if (!item && expression.arguments_.size() >= known->arguments_min) break;
      if (!item) return refused(spot, name + " needs " + quoted(argument));
      expression.arguments_.push_back(STORM_TRY(parse(*item, spot.at(argument), count)));
    }
    if (operand.as_object().size() > expression.arguments_.size()) {
      return refused(spot, name + " has an argument that it does not know");
    }
  } else {
    expression.arguments_.push_back(STORM_TRY(parse(operand, spot, count)));
  }
  const std::size_t given = expression.arguments_.size();
  if (given < known->arguments_min || given > known->arguments_max) {
    const std::size_t wanted =
        given < known->arguments_min ? known->arguments_min : known->arguments_max;
    return refused(spot, name + " needs " +
                             (known->arguments_max == kAny ? "at least " : std::string()) +
                             std::to_string(wanted) + " arguments, not " + std::to_string(given));
  }
  // A name that is computed would leave open which fields are read.
  if (name == "$getField" && (expression.arguments_[0].kind_ != Kind::Literal ||
                              !expression.arguments_[0].literal_.is_string())) {
    return refused(spot, "$getField needs the name of a field as a constant string");
  }
  return expression;
}

Computed Expression::field(const DocumentView& document) const {
  const auto& steps = path_.steps();
  const Value* value = document.field(steps.front().name);
  // Without an array on the way, the value is a part of the document and need not be copied.
  std::size_t next = 1;
  while (value && next < steps.size() && value->is_object())
    value = value->find(steps[next++].name);
  if (!value || next == steps.size()) return Computed(value);
  auto mapped = map_path(*value, steps, next);
  return mapped ? Computed(*std::move(mapped)) : Computed();
}

Computed Expression::compute(const DocumentView& document) const {
  switch (kind_) {
    case Kind::Literal:
      return Computed(&literal_);
    case Kind::Field:
      return field(document);
    case Kind::Call:
      return operator_->compute(arguments_, document);
  }
  return Computed();
}

bool Expression::holds(const DocumentView& document) const {
  const Computed computed = compute(document);
  return !computed.failed() && truth(computed);
}

const std::string* Expression::own_field() const {
  if (kind_ == Kind::Field) return &path_.steps().front().name;
  if (operator_ && operator_->compute == &compute_get_field && arguments_.size() == 1) {
    return &arguments_[0].literal_.as_string();
  }
  return nullptr;
}

void Expression::collect_fields(std::set<std::string>& fields) const {
  if (const std::string* own = own_field()) fields.insert(*own);
  for (const Expression& argument : arguments_) argument.collect_fields(fields);
}

void Expression::collect_paths(std::set<std::string>& paths) const {
  if (const std::string* own = own_field()) {
    paths.insert(kind_ == Kind::Field ? path_.text() : *own);
  }
  for (const Expression& argument : arguments_) argument.collect_paths(paths);
}

bool Expression::reads_only(std::span<const std::string_view> fields) const {
  const std::string* own = own_field();
  if (own && std::find(fields.begin(), fields.end(), *own) == fields.end()) return false;
  return std::all_of(arguments_.begin(), arguments_.end(),
                     [&](const Expression& argument) { return argument.reads_only(fields); });
}

}  // namespace storm
