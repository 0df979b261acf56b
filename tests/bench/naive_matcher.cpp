#include "tests/bench/naive_matcher.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "core/document/json.hpp"

namespace storm::bench {
namespace {

namespace dom = simdjson::dom;

[[noreturn]] void unknown(const std::string& what) {
  std::cerr << "the naive matcher does not know " << what << '\n';
  std::exit(1);
}

std::vector<std::string> path_of(std::string_view key) {
  std::vector<std::string> path;
  for (std::size_t begin = 0; begin <= key.size();) {
    const std::size_t end = std::min(key.find('.', begin), key.size());
    path.emplace_back(key.substr(begin, end - begin));
    begin = end + 1;
  }
  return path;
}

std::size_t field_of(const std::string& name) {
  const auto& fields = NaiveDocument::kFields;
  const auto found = std::find(fields.begin(), fields.end(), name);
  if (found == fields.end()) unknown("the field " + name);
  return static_cast<std::size_t>(found - fields.begin());
}

}  // namespace

struct NaiveMatcher::Condition {
  enum class Kind { Equal, NotEqual, In, Regex, Greater, GreaterEqual, Less, LessEqual, Or };
  Kind kind = Kind::Equal;
  std::size_t field = 0;
  std::vector<std::string> below;  // the field
  std::vector<std::string> texts;
  std::int64_t bound = 0;
  std::size_t pattern = 0;
  std::vector<All> either;
};

struct NaiveMatcher::Patterns {
  std::vector<std::unique_ptr<RE2>> compiled;

  std::size_t add(const std::string& pattern) {
    compiled.push_back(std::make_unique<RE2>(pattern));
    if (!compiled.back()->ok()) unknown("the pattern " + pattern);
    return compiled.size() - 1;
  }
  bool matches(std::size_t pattern, std::string_view text) const {
    return compiled[pattern]->Match({text.data(), text.size()}, 0, text.size(), RE2::UNANCHORED,
                                    nullptr, 0);
  }
};

NaiveDocument::NaiveDocument(const dom::object& document) {
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    dom::element value;
    if (document.at_key(kFields[i]).get(value) != simdjson::SUCCESS) continue;
    fields_[i] = value;
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) texts_[i] = text;
  }
}

NaiveMatcher::NaiveMatcher(Order order) : order_(order), patterns_(std::make_unique<Patterns>()) {}
NaiveMatcher::~NaiveMatcher() = default;

std::size_t NaiveMatcher::size() const { return queries_.size(); }

void NaiveMatcher::add(const Value& query) { queries_.push_back(compile(query)); }

NaiveMatcher::All NaiveMatcher::compile(const Value& query) {
  using Kind = Condition::Kind;
  All all;
  for (const auto& [key, value] : query.as_object()) {
    if (key == "$or") {
      Condition condition;
      condition.kind = Kind::Or;
      for (const Value& one : value.as_array()) condition.either.push_back(compile(one));
      all.push_back(std::move(condition));
      continue;
    }
    Condition condition;
    condition.below = path_of(key);
    condition.field = field_of(condition.below.front());
    condition.below.erase(condition.below.begin());
    if (value.is_string()) {
      condition.texts.push_back(value.as_string());
      all.push_back(std::move(condition));
      continue;
    }
    if (!value.is_object()) unknown(key + ": " + to_json(value));
    for (const auto& [name, argument] : value.as_object()) {
      Condition one = condition;
      if (name == "$regex") {
        one.kind = Kind::Regex;
        one.pattern = patterns_->add(argument.as_string());
      } else if (name == "$ne") {
        one.kind = Kind::NotEqual;
        one.texts.push_back(argument.as_string());
      } else if (name == "$in") {
        one.kind = Kind::In;
        for (const Value& text : argument.as_array()) one.texts.push_back(text.as_string());
      } else if (name == "$gt" || name == "$gte" || name == "$lt" || name == "$lte") {
        one.kind = name == "$gt"    ? Kind::Greater
                   : name == "$gte" ? Kind::GreaterEqual
                   : name == "$lt"  ? Kind::Less
                                    : Kind::LessEqual;
        one.bound = argument.as_int();
      } else {
        unknown(name);
      }
      all.push_back(std::move(one));
    }
  }
  if (order_ == Order::ImageFirst) {
    std::stable_partition(all.begin(), all.end(), [](const Condition& condition) {
      return condition.kind != Kind::Or && condition.field == field_of("image");
    });
  }
  return all;
}

bool NaiveMatcher::holds(const Condition& condition, const NaiveDocument& document) const {
  using Kind = Condition::Kind;
  if (condition.kind == Kind::Or) {
    return std::any_of(condition.either.begin(), condition.either.end(),
                       [&](const All& all) { return hold(all, document); });
  }
  if (!condition.below.empty()) return holds_below(condition, document);
  const std::optional<std::string_view>& field = document.text(condition.field);
  const bool is_text = field.has_value();
  const std::string_view text = field.value_or(std::string_view());
  switch (condition.kind) {
    case Kind::Equal:
      return is_text && text == condition.texts.front();
    case Kind::NotEqual:
      return !is_text || text != condition.texts.front();
    case Kind::In:
      return is_text && std::find(condition.texts.begin(), condition.texts.end(), text) !=
                            condition.texts.end();
    case Kind::Regex:
      if (is_text) return patterns_->matches(condition.pattern, text);
      return any_matches(condition, document.field(condition.field));
    default:
      return false;
  }
}

// Of a list, as "names" is, one element is enough.
bool NaiveMatcher::any_matches(const Condition& condition,
                               const std::optional<dom::element>& field) const {
  if (!field || !field->is_array()) return false;
  for (const dom::element item : dom::array(*field)) {
    std::string_view text;
    if (item.get(text) == simdjson::SUCCESS && patterns_->matches(condition.pattern, text)) {
      return true;
    }
  }
  return false;
}

bool NaiveMatcher::holds_below(const Condition& condition, const NaiveDocument& document) const {
  using Kind = Condition::Kind;
  if (!document.field(condition.field)) return false;
  dom::element value = *document.field(condition.field);
  for (const std::string& key : condition.below) {
    dom::object object;
    if (value.get(object) != simdjson::SUCCESS) return false;
    if (object.at_key(key).get(value) != simdjson::SUCCESS) return false;
  }
  if (condition.kind == Kind::Equal) {
    std::string_view text;
    return value.get(text) == simdjson::SUCCESS && text == condition.texts.front();
  }
  std::int64_t number = 0;
  if (value.get(number) != simdjson::SUCCESS) return false;
  switch (condition.kind) {
    case Kind::Greater:
      return number > condition.bound;
    case Kind::GreaterEqual:
      return number >= condition.bound;
    case Kind::Less:
      return number < condition.bound;
    case Kind::LessEqual:
      return number <= condition.bound;
    default:
      unknown("this operator below a field");
  }
}

bool NaiveMatcher::hold(const All& conditions, const NaiveDocument& document) const {
  return std::all_of(conditions.begin(), conditions.end(),
                     [&](const Condition& condition) { return holds(condition, document); });
}

bool NaiveMatcher::matches(std::size_t position, const NaiveDocument& document) const {
  return hold(queries_[position], document);
}

void NaiveMatcher::match(const NaiveDocument& document, std::vector<std::uint32_t>& found) const {
  found.clear();
  for (std::uint32_t i = 0; i < queries_.size(); ++i) {
    if (hold(queries_[i], document)) found.push_back(i);
  }
}

}  // namespace storm::bench
