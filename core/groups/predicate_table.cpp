#include "core/groups/predicate_table.hpp"

#include <algorithm>
#include <boost/geometry.hpp>
#include <boost/geometry/geometries/box.hpp>
#include <boost/geometry/geometries/point_xy.hpp>
#include <boost/geometry/index/rtree.hpp>
#include <boost/iterator/function_output_iterator.hpp>
#include <cmath>
#include <limits>

#include "core/base/assert.hpp"
#include "core/document/json.hpp"

namespace storm {
namespace {

using Kind = AccessPredicate::Kind;

// Equal scalars have equal keys: 1 and 1.0 are one number.
std::string key_of(const Value& scalar) {
  if (scalar.is_string()) return '"' + scalar.as_string();
  if (scalar.is_double()) {
    const double real = scalar.as_double();
    if (real >= -0x1p63 && real < 0x1p63 &&
        static_cast<double>(static_cast<std::int64_t>(real)) == real) {
      return to_json(Value(static_cast<std::int64_t>(real)));
    }
  }
  return to_json(scalar);
}

bool is_scalar(const Value& value) {
  // null also matches a missing field, which no look-up finds.
  return !value.is_null() && !value.is_array() && !value.is_object();
}

// A double at or beside the number, on the side that keeps a range wide enough.
std::optional<double> bound_of(const Value& number, double outwards) {
  if (number.is_double() && !std::isnan(number.as_double())) return number.as_double();
  if (!number.is_int()) return std::nullopt;
  return std::nextafter(static_cast<double>(number.as_int()), outwards);
}

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Bounds {
  double low = -kInfinity, high = kInfinity;
};

// Ranges of numbers only: texts in ranges are rare.
std::optional<Bounds> bounds_of(const AccessPredicate& predicate) {
  Bounds bounds;
  if (predicate.low) {
    const auto low = bound_of(*predicate.low, -kInfinity);
    if (!low) return std::nullopt;
    bounds.low = *low;
  }
  if (predicate.high) {
    const auto high = bound_of(*predicate.high, kInfinity);
    if (!high) return std::nullopt;
    bounds.high = *high;
  }
  return bounds;
}

void take_out(std::unordered_map<std::string, GroupNumbers>& queries, const std::string& key,
              std::uint32_t query) {
  const auto found = queries.find(key);
  if (found == queries.end()) return;
  std::erase(found->second, query);
  if (found->second.empty()) queries.erase(found);
}

// The path of the object that holds the last step, and that step; no parent: it is a field of the
// document itself, or a position.
struct Placed {
  std::string_view parent, name;
};
Placed placed(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  if (dot == path.npos || position_of(path.substr(dot + 1)) != Path::kNoPosition) return {{}, path};
  return {path.substr(0, dot), path.substr(dot + 1)};
}

// So few fields are found sooner one by one than by the names in the document.
constexpr std::size_t kSoughtOneByOne = 8;

void append(GroupNumbers& found, const GroupNumbers& more) {
  found.insert(found.end(), more.begin(), more.end());
}

}  // namespace

// A range is a point (low, high); a value lies in the ranges left of it and above it.
class RangeTree {
 public:
  void add(std::uint32_t query, const Bounds& bounds) { tree_.insert({point(bounds), query}); }
  void remove(std::uint32_t query, const Bounds& bounds) { tree_.remove({point(bounds), query}); }
  bool empty() const { return tree_.empty(); }
  std::size_t size() const { return tree_.size(); }
  void collect(double number, GroupNumbers& found) const {
    const double value = finite(number);
    const Box holding(Point(-kFar, value), Point(value, kFar));
    tree_.query(boost::geometry::index::intersects(holding),
                boost::make_function_output_iterator(
                    [&](const Item& item) { found.push_back(item.second); }));
  }

 private:
  using Point = boost::geometry::model::d2::point_xy<double>;
  using Box = boost::geometry::model::box<Point>;
  using Item = std::pair<Point, std::uint32_t>;
  // The tree computes areas: infinities would make them no numbers.
  static constexpr double kFar = 1e150;
  static double finite(double value) { return std::clamp(value, -kFar, kFar); }
  static Point point(const Bounds& bounds) { return {finite(bounds.low), finite(bounds.high)}; }

  boost::geometry::index::rtree<Item, boost::geometry::index::rstar<16>> tree_;
};

PredicateTable::PredicateTable() = default;
PredicateTable::~PredicateTable() = default;

PredicateTable::PredicateTable(const PredicateTable& other) : fields_(other.fields_) {
  for (auto& [path, field] : fields_) {
    if (field.ranges) field.ranges = std::make_shared<RangeTree>(*field.ranges);
    enter(field);
  }
}

PredicateTable& PredicateTable::operator=(PredicateTable other) noexcept {
  std::swap(fields_, other.fields_);
  std::swap(siblings_, other.siblings_);
  std::swap(alone_, other.alone_);
  return *this;
}

std::optional<std::size_t> PredicateTable::crowd(const AccessPredicate& predicate) const {
  if (predicate.path.empty()) return std::nullopt;
  const auto found = fields_.find(predicate.path);
  const Field* field = found == fields_.end() ? nullptr : &found->second;
  std::size_t most = 0;
  const auto look = [&](const auto& queries, const std::string& key) {
    const auto at = queries.find(key);
    if (at != queries.end()) most = std::max(most, at->second.size());
  };
  switch (predicate.kind) {
    case Kind::AnyOf:
      if (!std::ranges::all_of(predicate.values, is_scalar)) return std::nullopt;
      for (const Value& value : predicate.values) {
        if (field) look(field->by_value, key_of(value));
      }
      return most;
    case Kind::Prefix:
      if (predicate.prefixes.empty()) return std::nullopt;
      for (const std::string& prefix : predicate.prefixes) {
        if (field) look(field->by_prefix, prefix);
      }
      return most;
    case Kind::Range:
      if (!bounds_of(predicate)) return std::nullopt;
      return field && field->ranges ? field->ranges->size() : 0;
    case Kind::Exists:
      return field ? field->exists.size() : 0;
    default:
      return std::nullopt;
  }
}

bool PredicateTable::Field::empty() const {
  return by_value.empty() && by_prefix.empty() && !ranges && exists.empty();
}

void PredicateTable::enter(Field& field) {
  const Placed at = placed(field.path.text());
  if (at.parent.empty()) {
    alone_.emplace(field.path.text(), &field);
    return;
  }
  Siblings& siblings = siblings_[std::string(at.parent)];
  if (siblings.by_name.empty()) siblings.parent = Path(at.parent);
  siblings.by_name.emplace(at.name, &field);
}

void PredicateTable::leave(const Field& field) {
  const Placed at = placed(field.path.text());
  if (at.parent.empty()) {
    alone_.erase(field.path.text());
    return;
  }
  const auto siblings = siblings_.find(std::string(at.parent));
  siblings->second.by_name.erase(std::string(at.name));
  if (siblings->second.by_name.empty()) siblings_.erase(siblings);
}

void PredicateTable::add(std::uint32_t query, const AccessPredicate& predicate) {
  Field& field = fields_[predicate.path];
  if (field.path.steps().empty()) {
    field.path = Path(predicate.path);
    enter(field);
  }
  if (predicate.kind == Kind::Exists) field.exists.push_back(query);
  if (predicate.kind == Kind::Range) {
    const auto bounds = bounds_of(predicate);
    STORM_ASSERT(bounds);
    if (!field.ranges) field.ranges = std::make_shared<RangeTree>();
    field.ranges->add(query, *bounds);
    return;
  }
  for (const Value& value : predicate.values) field.by_value[key_of(value)].push_back(query);
  for (const std::string& prefix : predicate.prefixes) {
    GroupNumbers& queries = field.by_prefix[prefix];
    if (queries.empty()) ++field.prefix_lengths[prefix.size()];
    queries.push_back(query);
  }
}

void PredicateTable::remove(std::uint32_t query, const AccessPredicate& predicate) {
  const auto found = fields_.find(predicate.path);
  STORM_ASSERT(found != fields_.end());
  Field& field = found->second;
  if (predicate.kind == Kind::Exists) std::erase(field.exists, query);
  if (predicate.kind == Kind::Range) {
    field.ranges->remove(query, *bounds_of(predicate));
    if (field.ranges->empty()) field.ranges.reset();
  }
  for (const Value& value : predicate.values) take_out(field.by_value, key_of(value), query);
  for (const std::string& prefix : predicate.prefixes) {
    take_out(field.by_prefix, prefix, query);
    if (field.by_prefix.contains(prefix)) continue;
    const auto length = field.prefix_lengths.find(prefix.size());
    if (length != field.prefix_lengths.end() && --length->second == 0)
      field.prefix_lengths.erase(length);
  }
  if (!field.empty()) return;
  leave(field);
  fields_.erase(found);
}

void PredicateTable::collect(const Field& field, const Value& value, GroupNumbers& found) {
  if (!is_scalar(value)) return;
  if (!field.by_value.empty()) {
    const auto queries = field.by_value.find(key_of(value));
    if (queries != field.by_value.end()) append(found, queries->second);
  }
  if (field.ranges) {
    // The point nearest to the number: bounds were moved outwards, so none is missed.
    if (value.is_int()) field.ranges->collect(static_cast<double>(value.as_int()), found);
    if (value.is_double()) field.ranges->collect(value.as_double(), found);
  }
  if (!value.is_string()) return;
  const std::string& text = value.as_string();
  for (const auto& [length, count] : field.prefix_lengths) {
    if (length > text.size()) break;
    const auto queries = field.by_prefix.find(text.substr(0, length));
    if (queries != field.by_prefix.end()) append(found, queries->second);
  }
}

void PredicateTable::collect(const Field& field, const DocumentView& document,
                             GroupNumbers& found) {
  bool exists = false;
  walk_path<PathEnd::Opened>(document, field.path, [&](const Value* value) {
    if (!value) return false;
    collect(field, *value, found);
    exists = true;
    return false;
  });
  if (exists) append(found, field.exists);
}

// As the walk of a path goes on from that object.
void PredicateTable::collect(const Siblings& siblings, const Value& object, GroupNumbers& found) {
  for (const auto& [name, value] : object.as_object()) {
    const auto known = siblings.by_name.find(name);
    if (known == siblings.by_name.end()) continue;
    const Field& field = *known->second;
    append(found, field.exists);
    if (!value.is_array()) collect(field, value, found);
    if (!value.is_array()) continue;
    for (const Value& element : value.as_array()) collect(field, element, found);
  }
}

void PredicateTable::collect(const DocumentView& document, GroupNumbers& found) const {
  for (const auto& [path, field] : alone_) collect(*field, document, found);
  for (const auto& entry : siblings_) {
    const Siblings& siblings = entry.second;
    if (siblings.by_name.size() <= kSoughtOneByOne) {
      for (const auto& [name, field] : siblings.by_name) collect(*field, document, found);
      continue;
    }
    walk_path<PathEnd::Whole>(document, siblings.parent, [&](const Value* value) {
      if (value && value->is_object()) collect(siblings, *value, found);
      if (!value || !value->is_array()) return false;
      for (const Value& element : value->as_array()) {
        if (element.is_object()) collect(siblings, element, found);
      }
      return false;
    });
  }
}

}  // namespace storm
