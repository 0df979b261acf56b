#include "core/groups/group_index.hpp"

#include <algorithm>

#include "core/base/assert.hpp"
#include "core/document/json.hpp"

namespace storm {
namespace {

// Equal scalars have equal keys: 1 and 1.0 are one number.
std::string key_of(const Value& scalar) {
  if (scalar.is_double()) {
    const double real = scalar.as_double();
    if (real >= -0x1p63 && real < 0x1p63 &&
        static_cast<double>(static_cast<std::int64_t>(real)) == real) {
      return to_json(Value(static_cast<std::int64_t>(real)));
    }
  }
  return to_json(scalar);
}

bool can_index(const AccessPredicate& predicate) {
  if (predicate.path.empty() || predicate.path.find('.') != std::string::npos) return false;
  if (predicate.kind == AccessPredicate::Kind::Prefix) return !predicate.prefixes.empty();
  if (predicate.kind != AccessPredicate::Kind::AnyOf) return false;
  // null also matches a missing field, which no look-up finds.
  return std::none_of(predicate.values.begin(), predicate.values.end(), [](const Value& value) {
    return value.is_null() || value.is_array() || value.is_object();
  });
}

// Fields of few values tell documents apart badly.
bool is_coarse(std::string_view path) {
  return path == "type" || path == "status" || path == "health" || path == "stale";
}

void take_out(std::unordered_map<std::string, std::vector<Uuid>>& groups, const std::string& key,
              const Uuid& group) {
  const auto found = groups.find(key);
  if (found == groups.end()) return;
  std::erase(found->second, group);
  if (found->second.empty()) groups.erase(found);
}

}  // namespace

void GroupIndex::add(const Uuid& group, const Query& query) {
  STORM_ASSERT(!places_.contains(group));
  Place place;
  place.fields = query.fields();
  for (const std::string& field : place.fields) ++readers_[field];
  const AccessPredicate* best = nullptr;
  bool never = false;
  for (const AccessPredicate& predicate : query.access()) {
    if (predicate.kind == AccessPredicate::Kind::Never) never = true;
    if (!can_index(predicate)) continue;
    if (!best || (is_coarse(best->path) && !is_coarse(predicate.path))) best = &predicate;
  }
  if (best && !never) {
    place.path = best->path;
    Field& field = fields_[best->path];
    for (const Value& value : best->values) {
      std::string key = key_of(value);
      Groups& groups = field.by_value[key];
      if (groups.empty() || groups.back() != group) groups.push_back(group);
      place.values.push_back(std::move(key));
    }
    for (const std::string& prefix : best->prefixes) {
      Groups& groups = field.by_prefix[prefix];
      if (!groups.empty() && groups.back() == group) continue;
      if (groups.empty()) ++field.prefix_lengths[prefix.size()];
      groups.push_back(group);
      place.prefixes.push_back(prefix);
    }
  } else if (!never) {
    everywhere_.push_back(group);
  }
  places_.emplace(group, std::move(place));
}

void GroupIndex::remove(const Uuid& group) {
  const auto found = places_.find(group);
  if (found == places_.end()) return;
  const Place& place = found->second;
  for (const std::string& name : place.fields) {
    const auto reader = readers_.find(name);
    if (--reader->second == 0) readers_.erase(reader);
  }
  if (place.path.empty()) {
    std::erase(everywhere_, group);
  } else {
    Field& field = fields_[place.path];
    for (const std::string& key : place.values) take_out(field.by_value, key, group);
    for (const std::string& prefix : place.prefixes) {
      take_out(field.by_prefix, prefix, group);
      if (field.by_prefix.contains(prefix)) continue;
      const auto length = field.prefix_lengths.find(prefix.size());
      if (length != field.prefix_lengths.end() && --length->second == 0)
        field.prefix_lengths.erase(length);
    }
    if (field.by_value.empty() && field.by_prefix.empty()) fields_.erase(place.path);
  }
  places_.erase(found);
}

void GroupIndex::set_listed(const Uuid& group, std::set<Uuid> resources) {
  if (const auto known = listed_.find(group); known != listed_.end()) {
    for (const Uuid& resource : known->second) {
      const auto groups = listing_.find(resource);
      groups->second.erase(group);
      if (groups->second.empty()) listing_.erase(groups);
    }
    listed_.erase(known);
  }
  if (resources.empty()) return;
  for (const Uuid& resource : resources) listing_[resource].insert(group);
  listed_.emplace(group, std::move(resources));
}

std::vector<Uuid> GroupIndex::listing(const Uuid& resource) const {
  const auto found = listing_.find(resource);
  return found == listing_.end() ? std::vector<Uuid>()
                                 : std::vector<Uuid>(found->second.begin(), found->second.end());
}

void GroupIndex::clear() {
  listed_.clear();
  listing_.clear();
  fields_.clear();
  everywhere_.clear();
  places_.clear();
  readers_.clear();
}

void GroupIndex::collect(const Field& field, const Value& value, Groups& found) const {
  if (value.is_array()) {
    for (const Value& item : value.as_array()) {
      if (!item.is_array()) collect(field, item, found);
    }
    return;
  }
  if (value.is_object()) return;
  if (!field.by_value.empty()) {
    const auto groups = field.by_value.find(key_of(value));
    if (groups != field.by_value.end())
      found.insert(found.end(), groups->second.begin(), groups->second.end());
  }
  if (!value.is_string()) return;
  const std::string& text = value.as_string();
  for (const auto& [length, count] : field.prefix_lengths) {
    if (length > text.size()) break;
    const auto groups = field.by_prefix.find(text.substr(0, length));
    if (groups != field.by_prefix.end())
      found.insert(found.end(), groups->second.begin(), groups->second.end());
  }
}

std::vector<Uuid> GroupIndex::candidates(const DocumentView& document) const {
  Groups found = everywhere_;
  for (const auto& [path, field] : fields_) {
    if (const Value* value = document.field(path)) collect(field, *value, found);
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

bool GroupIndex::reads_any(std::initializer_list<std::string_view> fields) const {
  return std::any_of(fields.begin(), fields.end(),
                     [this](std::string_view field) { return readers_.contains(field); });
}

}  // namespace storm
