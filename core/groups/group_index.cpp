#include "core/groups/group_index.hpp"

#include <algorithm>
#include <initializer_list>

#include "core/base/assert.hpp"

namespace storm {
namespace {

constexpr std::string_view kSnapshot = "snapshot";

std::string_view first_step(std::string_view path) { return path.substr(0, path.find('.')); }

using Kind = AccessPredicate::Kind;

void tidy(GroupNumbers& groups) {
  std::ranges::sort(groups);
  groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
}

// The predicate under whose key the fewest others stand: queries spread over what tells them apart.
template <typename Admit>
const AccessPredicate* least_crowded(const PredicateTable& table, const Query& query,
                                     const Admit& admit) {
  const AccessPredicate* best = nullptr;
  std::size_t crowd_of_best = 0;
  for (const AccessPredicate& predicate : query.access()) {
    if (!admit(predicate)) continue;
    const auto crowd = table.crowd(predicate);
    if (!crowd || (best && *crowd >= crowd_of_best)) continue;
    best = &predicate;
    crowd_of_best = *crowd;
  }
  return best;
}

}  // namespace

void GroupIndex::add(std::uint32_t group, const Query& query, bool by_class) {
  STORM_ASSERT(!entries_.contains(group));
  Entry entry{query, by_class, by_class ? Route::Class : Route::Within, std::nullopt};
  place(group, entry);
  for (const std::string& field : query.fields()) readers_[field].insert(group);
  if (query.reads_names()) readers_of_all_.insert(group);
  if (!by_class) count_paths(query, true);
  if (query.relations() != 0 || !query.groups().empty()) dependent_.insert(group);
  entries_.emplace(group, std::move(entry));
}

void GroupIndex::place(std::uint32_t group, Entry& entry) {
  const std::vector<AccessPredicate>& access = entry.query.access();
  if (std::ranges::any_of(access, [](const AccessPredicate& predicate) {
        return predicate.kind == AccessPredicate::Kind::Never;
      })) {
    entry.route = Route::Never;
    return;
  }
  const auto of_class = [](const AccessPredicate& predicate) {
    return is_class_field(predicate.path) && predicate.kind != Kind::Exists;
  };
  const AccessPredicate* in_class = least_crowded(classes_, entry.query, of_class);
  if (entry.route == Route::Within) {
    const auto outside = [&](std::initializer_list<Kind> kinds) {
      return [kinds](const AccessPredicate& predicate) {
        return !is_class_field(first_step(predicate.path)) &&
               std::ranges::find(kinds, predicate.kind) != kinds.end();
      };
    };
    const AccessPredicate* by_value =
        least_crowded(values_, entry.query, outside({Kind::AnyOf, Kind::Prefix}));
    // An image rules out more than a range does, and that more than that something is there.
    const bool is_coarse = !in_class || in_class->path != "image";
    if (!by_value && is_coarse)
      by_value = least_crowded(values_, entry.query, outside({Kind::Range}));
    if (!by_value && is_coarse)
      by_value = least_crowded(values_, entry.query, outside({Kind::Exists}));
    if (by_value) {
      entry.route = Route::Value;
      entry.placed = *by_value;
      values_.add(group, *by_value);
      return;
    }
  }
  if (in_class) {
    entry.placed = *in_class;
    classes_.add(group, *in_class);
  } else {
    every_class_.insert(group);
  }
}

void GroupIndex::remove(std::uint32_t group) {
  const auto found = entries_.find(group);
  if (found == entries_.end()) return;
  const Entry& entry = found->second;
  for (const std::string& field : entry.query.fields()) {
    const auto reader = readers_.find(field);
    reader->second.erase(group);
    if (reader->second.empty()) readers_.erase(reader);
  }
  readers_of_all_.erase(group);
  if (!entry.by_class) count_paths(entry.query, false);
  dependent_.erase(group);
  std::erase(order_, group);
  if (entry.placed) {
    (entry.route == Route::Value ? values_ : classes_).remove(group, *entry.placed);
  } else {
    every_class_.erase(group);
  }
  entries_.erase(found);
}

void GroupIndex::count_paths(const Query& query, bool added) {
  if (query.reads_names()) count_path("", added);
  for (const std::string& path : query.paths()) {
    if (first_step(path) != kSnapshot) continue;
    std::string rest = path.size() > kSnapshot.size() ? path.substr(kSnapshot.size() + 1) : "";
    count_path(rest, added);
  }
}

void GroupIndex::count_path(const std::string& path, bool added) {
  if (added) {
    if (++snapshot_paths_[path] == 1 && snapshot_members_) snapshot_members_->add(path);
  } else if (const auto known = snapshot_paths_.find(path); --known->second == 0) {
    snapshot_paths_.erase(known);
    snapshot_members_.reset();
  }
}

const MemberTree& GroupIndex::snapshot_members() const {
  if (!snapshot_members_) {
    snapshot_members_.emplace();
    for (const auto& [path, readers] : snapshot_paths_) snapshot_members_->add(path);
  }
  return *snapshot_members_;
}

void GroupIndex::set_listed(std::uint32_t group, std::set<Uuid> resources) {
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

void GroupIndex::listing(const Uuid& resource, GroupNumbers& found) const {
  const auto groups = listing_.find(resource);
  if (groups != listing_.end())
    found.insert(found.end(), groups->second.begin(), groups->second.end());
}

void GroupIndex::clear() { *this = GroupIndex(); }

const GroupIndex::Entry* GroupIndex::find(std::uint32_t group) const {
  const auto found = entries_.find(group);
  return found == entries_.end() ? nullptr : &found->second;
}

GroupNumbers GroupIndex::of_class(const DocumentView& document) const {
  GroupNumbers found(every_class_.begin(), every_class_.end());
  classes_.collect(document, found);
  tidy(found);
  return found;
}

void GroupIndex::of_values(const DocumentView& document, GroupNumbers& found) const {
  values_.collect(document, found);
}

GroupNumbers GroupIndex::readers(std::span<const std::string_view> fields) const {
  GroupNumbers found(readers_of_all_.begin(), readers_of_all_.end());
  for (const std::string_view field : fields) {
    const auto groups = readers_.find(field);
    if (groups != readers_.end())
      found.insert(found.end(), groups->second.begin(), groups->second.end());
  }
  tidy(found);
  return found;
}

}  // namespace storm
