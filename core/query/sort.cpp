#include "core/query/sort.hpp"

#include <algorithm>
#include <utility>

#include "core/query/compiler.hpp"
#include "core/query/value_order.hpp"

namespace storm {
namespace {

using Steps = std::vector<Path::Step>;

const Value& null_value() {
  static const Value null;
  return null;
}

// A part of the document; nullptr: an empty array.
using Part = const Value*;

int compare_parts(Part a, Part b) {
  if (!a || !b) return (a ? 1 : 0) - (b ? 1 : 0);
  return compare_values(*a, *b);
}

// Calls visit(Part) for each value that could be the key. `value` is what was found for the steps
// before `next`; nullptr: missing.
template <typename Visit>
void each_part(const Value* value, const Steps& steps, std::size_t next, const Visit& visit) {
  if (!value) return visit(&null_value());
  if (next == steps.size()) {
    if (!value->is_array()) return visit(value);
    if (value->as_array().empty()) return visit(nullptr);
    for (const Value& element : value->as_array()) visit(&element);
    return;
  }
  if (value->is_object()) return each_part(value->find(steps[next].name), steps, next + 1, visit);
  if (!value->is_array() || value->as_array().empty()) return visit(&null_value());
  const Value::Array& items = value->as_array();
  if (steps[next].position < items.size()) {
    return each_part(&items[steps[next].position], steps, next + 1, visit);
  }
  for (const Value& element : items) {
    // An array in an array is not opened.
    each_part(element.is_object() ? &element : nullptr, steps, next, visit);
  }
}

Part part_of(const DocumentView& document, const Path& path, bool down) {
  Part found = nullptr;
  bool first = true;
  const auto visit = [&](Part part) {
    const int order = first ? 0 : compare_parts(part, found);
    if (first || (down ? order > 0 : order < 0)) found = part;
    first = false;
  };
  each_part(document.field(path.steps().front().name), path.steps(), 1, visit);
  return found;
}

}  // namespace

Result<void> Sort::add(std::string_view path, bool down) {
  const Spot all;
  const Spot spot = all.at(path);
  if (path.empty() || path.starts_with('$')) {
    return refused(spot, quoted(path) + " is not the name of a field");
  }
  if (fields_.size() == kSortFieldsMax) {
    return refused(spot, "more than " + std::to_string(kSortFieldsMax) + " fields to sort by");
  }
  fields_.push_back({STORM_TRY(read_path(path, spot)), down});
  return {};
}

Result<Sort> Sort::parse(const Value& specification) {
  const Spot all;
  if (!specification.is_object()) {
    return refused(all, "an order is an object, not " + std::string(name_of(specification.kind())));
  }
  Sort sort;
  for (const auto& [path, direction] : specification.as_object()) {
    std::int64_t whole = 0;
    if (!is_whole(direction, whole) || (whole != 1 && whole != -1)) {
      return refused(all.at(path), "the direction is 1 or -1");
    }
    STORM_TRY(sort.add(path, whole < 0));
  }
  return sort;
}

Result<Sort> Sort::parse_words(std::string_view words) {
  Sort sort;
  for (bool more = true; more;) {
    const std::size_t comma = words.find(',');
    std::string_view word = words.substr(0, comma);
    more = comma != words.npos;
    if (more) words.remove_prefix(comma + 1);
    const bool down = word.starts_with('-');
    if (down) word.remove_prefix(1);
    STORM_TRY(sort.add(word, down));
  }
  return sort;
}

std::vector<std::string> Sort::fields() const {
  std::vector<std::string> names;
  for (const Field& field : fields_) names.push_back(field.path.steps().front().name);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

Sort::Key Sort::key(const DocumentView& document) const {
  Key key;
  key.reserve(fields_.size());
  for (const Field& field : fields_) {
    const Part part = part_of(document, field.path, field.down);
    key.push_back(part ? std::optional<Value>(*part) : std::nullopt);
  }
  return key;
}

int Sort::compare(const Key& a, const Key& b) const {
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    const int order = compare_parts(a[i] ? &*a[i] : nullptr, b[i] ? &*b[i] : nullptr);
    if (order != 0) return fields_[i].down ? -order : order;
  }
  return 0;
}

int Sort::compare(const DocumentView& a, const DocumentView& b) const {
  for (const Field& field : fields_) {
    const int order =
        compare_parts(part_of(a, field.path, field.down), part_of(b, field.path, field.down));
    if (order != 0) return field.down ? -order : order;
  }
  return 0;
}

}  // namespace storm
