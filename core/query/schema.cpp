#include "core/query/schema.hpp"

#include <algorithm>
#include <cmath>

#include "core/query/condition.hpp"
#include "core/query/value_order.hpp"

namespace storm {
namespace {

// Objects without regard to the order of their keys, as schemas compare them.
int compare_loosely(const Value& a, const Value& b);

int compare_members(const Value::Object& a, const Value::Object& b) {
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  const auto sorted = [](const Value::Object& object) {
    std::vector<const Value::Member*> members;
    members.reserve(object.size());
    for (const Value::Member& member : object) members.push_back(&member);
    std::sort(members.begin(), members.end(),
              [](const auto* x, const auto* y) { return x->first < y->first; });
    return members;
  };
  const auto left = sorted(a);
  const auto right = sorted(b);
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (const int order = left[i]->first.compare(right[i]->first)) return order;
    if (const int order = compare_loosely(left[i]->second, right[i]->second)) return order;
  }
  return 0;
}

int compare_loosely(const Value& a, const Value& b) {
  if (a.is_object() && b.is_object()) return compare_members(a.as_object(), b.as_object());
  if (!a.is_array() || !b.is_array()) return compare_values(a, b);
  const Value::Array& left = a.as_array();
  const Value::Array& right = b.as_array();
  if (left.size() != right.size()) return left.size() < right.size() ? -1 : 1;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (const int order = compare_loosely(left[i], right[i])) return order;
  }
  return 0;
}

bool has_twins(const Value::Array& items) {
  std::vector<const Value*> sorted;
  sorted.reserve(items.size());
  for (const Value& item : items) sorted.push_back(&item);
  std::sort(sorted.begin(), sorted.end(),
            [](const Value* a, const Value* b) { return compare_loosely(*a, *b) < 0; });
  return std::adjacent_find(sorted.begin(), sorted.end(), [](const Value* a, const Value* b) {
           return compare_loosely(*a, *b) == 0;
         }) != sorted.end();
}

// Integers exactly; others by the 15 digits that a double is sure to keep, so that 0.3 is a
// multiple of 0.1.
bool is_multiple(const Value& value, const Value& divisor) {
  if (value.is_int() && divisor.is_int()) return value.as_int() % divisor.as_int() == 0;
  constexpr double kDigits = 1e-15;
  const double real = value.as_double();
  if (!std::isfinite(real)) return false;
  const double quotient = real / divisor.as_double();
  if (!std::isfinite(quotient)) return std::fmod(real, divisor.as_double()) == 0;
  const double nearest = std::nearbyint(quotient);
  return std::abs(quotient - nearest) <= std::abs(quotient) * kDigits;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

// The two forms of an object: a value, and a document of which only views exist.

class ValueMembers {
 public:
  explicit ValueMembers(const Value& value) : value_(value) {}
  const Value* find(std::string_view name) const { return value_.find(name); }
  std::size_t count() const { return value_.as_object().size(); }
  template <typename Visit>
  void each(const Visit& visit) const {
    for (const auto& [name, member] : value_.as_object()) visit(name, member);
  }
  bool fits(const Schema& schema) const { return schema.matches(value_); }

 private:
  const Value& value_;
};

class DocumentMembers {
 public:
  explicit DocumentMembers(const DocumentView& document) : document_(document) {}
  const Value* find(std::string_view name) const { return document_.field(name); }
  std::size_t count() const {
    std::size_t count = 0;
    document_.each_name([&](std::string_view) { ++count; });
    return count;
  }
  template <typename Visit>
  void each(const Visit& visit) const {
    document_.each_name([&](std::string_view name) {
      if (const Value* member = document_.field(name)) visit(name, *member);
    });
  }
  bool fits(const Schema& schema) const { return schema.matches(document_); }
  Value whole() const {
    Value object = Value::object();
    each(
        [&](std::string_view name, const Value& member) { object.add(std::string(name), member); });
    return object;
  }

 private:
  const DocumentView& document_;
};

bool below(const Value& a, const Value& b) { return compare_loosely(a, b) < 0; }

bool is_listed(const Value::Array& values, const Value& value) {
  return std::binary_search(values.begin(), values.end(), value, below);
}

}  // namespace

void Schema::set_values(Value::Array values) {
  std::sort(values.begin(), values.end(), below);
  values_ = std::move(values);
}

Schema::Schema() = default;
Schema::Schema(Schema&&) noexcept = default;
Schema& Schema::operator=(Schema&&) noexcept = default;
Schema::~Schema() = default;

template <typename Subject>
bool Schema::logic_matches(const Subject& subject) const {
  const auto fits = [&](const Schema& schema) { return schema.matches(subject); };
  if (!std::all_of(all_of_.begin(), all_of_.end(), fits)) return false;
  if (!any_of_.empty() && std::none_of(any_of_.begin(), any_of_.end(), fits)) return false;
  if (!one_of_.empty() && std::count_if(one_of_.begin(), one_of_.end(), fits) != 1) return false;
  return !not_ || !fits(*not_);
}

bool Schema::number_matches(const Value& value) const {
  if (minimum_) {
    const int order = compare_values(value, *minimum_);
    if (order < 0 || (order == 0 && above_minimum_)) return false;
  }
  if (maximum_) {
    const int order = compare_values(value, *maximum_);
    if (order > 0 || (order == 0 && below_maximum_)) return false;
  }
  return !divisor_ || is_multiple(value, *divisor_);
}

bool Schema::string_matches(const Value& value) const {
  if (!length_.open() && !length_.hold(characters(value.as_string()))) return false;
  return !pattern_ || pattern_->matches(value);
}

bool Schema::array_matches(const Value& value) const {
  const Value::Array& items = value.as_array();
  if (!items_count_.hold(items.size())) return false;
  if (!more_items_ && items.size() > positions_.size()) return false;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Schema* schema = i < positions_.size() ? &positions_[i] : items_.get();
    if (schema && !schema->matches(items[i])) return false;
  }
  return !unique_items_ || !has_twins(items);
}

bool Schema::member_matches(std::string_view name, const Value& value) const {
  const auto at =
      std::lower_bound(properties_.begin(), properties_.end(), name,
                       [](const Named& one, std::string_view wanted) { return one.name < wanted; });
  bool named = at != properties_.end() && at->name == name;
  if (!patterns_.empty()) {
    const Value text{name};
    for (const Patterned& one : patterns_) {
      if (!one.pattern->matches(text)) continue;
      named = true;
      if (!one.schema.matches(value)) return false;
    }
  }
  if (named) return true;
  return members_ ? members_->matches(value) : more_members_;
}

// Whether all members are looked at, not only those that properties_ and required_ name.
bool Schema::counts_members() const {
  return !patterns_.empty() || !more_members_ || members_ || !members_count_.open();
}

template <typename Object>
bool Schema::object_matches(const Object& object) const {
  for (const std::string& name : required_) {
    if (!object.find(name)) return false;
  }
  for (const Named& one : properties_) {
    const Value* member = object.find(one.name);
    if (member && !one.schema.matches(*member)) return false;
  }
  for (const Dependency& one : dependencies_) {
    if (!object.find(one.name)) continue;
    for (const std::string& name : one.required) {
      if (!object.find(name)) return false;
    }
    if (one.schema && !object.fits(*one.schema)) return false;
  }
  if (!counts_members()) return true;
  if (!members_count_.open() && !members_count_.hold(object.count())) return false;
  bool fits = true;
  object.each([&](std::string_view name, const Value& member) {
    fits = fits && member_matches(name, member);
  });
  return fits;
}

bool Schema::matches(const Value& value) const {
  if (types_ && (type_bit(value) & *types_) == 0) return false;
  if (values_ && !is_listed(*values_, value)) return false;
  if (value.is_number() && !number_matches(value)) return false;
  if (value.is_string() && !string_matches(value)) return false;
  if (value.is_array() && !array_matches(value)) return false;
  if (value.is_object() && !object_matches(ValueMembers(value))) return false;
  return logic_matches(value);
}

bool Schema::matches(const DocumentView& document) const {
  const DocumentMembers members(document);
  if (types_ && (kTypeObject & *types_) == 0) return false;
  if (values_ && !is_listed(*values_, members.whole())) return false;
  return object_matches(members) && logic_matches(document);
}

template <typename Visit>
void Schema::each_of_the_same_value(const Visit& visit) const {
  for (const auto* list : {&all_of_, &any_of_, &one_of_}) {
    for (const Schema& schema : *list) visit(schema);
  }
  if (not_) visit(*not_);
  for (const Dependency& one : dependencies_) {
    if (one.schema) visit(*one.schema);
  }
}

void Schema::collect_fields(std::set<std::string>& fields) const {
  fields.insert(required_.begin(), required_.end());
  for (const Named& one : properties_) fields.insert(one.name);
  for (const Dependency& one : dependencies_) {
    fields.insert(one.name);
    fields.insert(one.required.begin(), one.required.end());
  }
  each_of_the_same_value([&](const Schema& schema) { schema.collect_fields(fields); });
}

bool Schema::reads_names() const {
  bool reads = counts_members() || values_;
  each_of_the_same_value([&](const Schema& schema) { reads = reads || schema.reads_names(); });
  return reads;
}

bool Schema::reads_only(std::span<const std::string_view> fields) const {
  const auto known = [&](const std::string& name) {
    return std::find(fields.begin(), fields.end(), name) != fields.end();
  };
  if (counts_members() || values_) return false;
  if (!std::all_of(required_.begin(), required_.end(), known)) return false;
  bool only = true;
  for (const Named& one : properties_) only = only && known(one.name);
  for (const Dependency& one : dependencies_) {
    only = only && known(one.name) && std::all_of(one.required.begin(), one.required.end(), known);
  }
  each_of_the_same_value([&](const Schema& schema) { only = only && schema.reads_only(fields); });
  return only;
}

}  // namespace storm
