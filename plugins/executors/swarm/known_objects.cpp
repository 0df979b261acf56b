#include "plugins/executors/swarm/known_objects.hpp"

#include <algorithm>
#include <limits>
#include <unordered_set>
#include <utility>

#include "plugins/executors/swarm/json_slices.hpp"

namespace storm::swarm {
namespace {

constexpr std::int64_t kForEver = std::numeric_limits<std::int64_t>::max();

std::optional<SwarmObject> read_object(ObjectKind kind, std::string_view json) {
  switch (kind) {
    case ObjectKind::Task:
      return read_task(json);
    case ObjectKind::Service:
      return read_service(json);
    case ObjectKind::Node:
      return read_node(json);
    case ObjectKind::Cluster:
      break;
  }
  return std::nullopt;
}

}  // namespace

void KnownObjects::begin_cluster(const std::string& cluster_id) {
  *this = KnownObjects();
  cluster_id_ = cluster_id;
}

EventVerdict KnownObjects::judge(const WatchEvent& event) const {
  // Of what is not known too: an older answer that shows it may be under way.
  if (event.removed) return EventVerdict::Remove;
  const auto known = objects_.find(event.id);
  // The attachment of a plain container to a network; /tasks does not list it.
  if (event.kind == ObjectKind::Task && event.service_id.empty()) return EventVerdict::Drop;
  const std::uint64_t seen = known != objects_.end() ? known->second.version : high_;
  return event.version <= seen ? EventVerdict::Drop : EventVerdict::Read;
}

std::uint64_t KnownObjects::version_of(const std::string& id) const {
  const auto known = objects_.find(id);
  return known != objects_.end() ? known->second.version : 0;
}

std::vector<std::string> KnownObjects::tasks_of(const std::string& service_id) const {
  std::vector<std::string> out;
  for (const auto& [id, known] : objects_) {
    if (known.kind == ObjectKind::Task && known.service_id == service_id) out.push_back(id);
  }
  return out;
}

// Sets what depends on other objects: cluster, parent, names.
void KnownObjects::relate(Known& known) const {
  sdk::Resource& resource = known.resource;
  resource.cluster_uid = cluster_id_;
  if (known.kind != ObjectKind::Task) {
    resource.parent_uid = cluster_id_;
    return;
  }
  const auto service = objects_.find(known.service_id);
  if (service != objects_.end()) known.service_name = service->second.service_name;
  resource.parent_uid = service != objects_.end() ? known.service_id : std::string();
  resource.names = task_names(resource.uid, known.container_id, known.service_name, known.slot);
}

void KnownObjects::relate_tasks_of(const std::string& service_id, Changes& changes) {
  for (auto& [id, known] : objects_) {
    if (known.kind != ObjectKind::Task || known.service_id != service_id) continue;
    const std::string parent = known.resource.parent_uid;
    const std::vector<std::string> names = known.resource.names;
    relate(known);
    if (known.resource.parent_uid != parent || known.resource.names != names) {
      changes.upserts.push_back(known.resource);
    }
  }
}

void KnownObjects::put(SwarmObject object, std::int64_t asked_ns, Changes& changes) {
  const std::string id = object.resource.uid;
  highest_seen_ = std::max(highest_seen_, object.version);
  const auto removed = removed_.find(id);
  if (removed != removed_.end()) {
    if (asked_ns <= removed->second) return;
    removed_.erase(removed);
  }
  const auto found = objects_.find(id);
  const bool is_new = found == objects_.end();
  Known& known = is_new ? objects_[id] : found->second;
  if (!is_new) {
    if (object.version < known.version) return;
    known.asked_ns = std::max(known.asked_ns, asked_ns);
    if (!known.resource.stale && object.resource.snapshot_json == known.resource.snapshot_json) {
      known.version = object.version;
      return;
    }
  }
  known.kind = object.kind;
  known.version = object.version;
  known.asked_ns = std::max(known.asked_ns, asked_ns);
  known.is_leader = object.is_leader;
  known.slot = std::move(object.slot);
  known.resource = std::move(object.resource);
  if (known.kind == ObjectKind::Task) {
    known.service_id = std::move(object.service_id);
    known.container_id = known.resource.names.size() > 1 ? known.resource.names[1] : "";
  } else {
    known.service_name = std::move(object.service_name);
  }
  relate(known);
  changes.upserts.push_back(known.resource);
  if (is_new && known.kind == ObjectKind::Service) relate_tasks_of(id, changes);
}

void KnownObjects::check_leader(Changes& changes) {
  if (cluster_.uid.empty()) return;
  bool leader = false;
  bool nodes = false;
  for (const auto& [id, known] : objects_) {
    if (known.kind != ObjectKind::Node) continue;
    nodes = true;
    leader = leader || known.is_leader;
  }
  const std::int32_t status = leader || !nodes ? STORM_STATUS_RUNNING : STORM_STATUS_UNKNOWN;
  if (cluster_.status == status) return;
  cluster_.status = status;
  changes.upserts.push_back(cluster_);
}

void KnownObjects::put_cluster(const SwarmInfo& info, Changes& changes) {
  if (!info.cluster || info.fingerprint == cluster_fingerprint_) return;
  cluster_fingerprint_ = info.fingerprint;
  const bool is_new = cluster_.uid.empty();
  const std::int32_t status = cluster_.status;
  cluster_ = info.cluster->resource;
  if (!is_new) cluster_.status = status;
  changes.upserts.push_back(cluster_);
}

void KnownObjects::erase(const std::string& id, std::int64_t removed_ns, Changes& changes) {
  const auto known = objects_.find(id);
  if (known != objects_.end()) {
    const bool was_service = known->second.kind == ObjectKind::Service;
    objects_.erase(known);
    changes.removals.push_back(id);
    if (was_service) relate_tasks_of(id, changes);
  }
  if (removed_.insert_or_assign(id, removed_ns).second) removed_order_.push_back(id);
  if (removed_order_.size() > kRemovedKept) {
    removed_.erase(removed_order_.front());
    removed_order_.pop_front();
  }
}

void KnownObjects::remove(const std::string& id, Changes& changes) { erase(id, kForEver, changes); }

bool KnownObjects::is_ahead_of(const std::vector<KindListing>& listings) const {
  std::uint64_t highest = 0;
  for (const auto& [id, known] : objects_) highest = std::max(highest, known.version);
  if (highest == 0) return false;
  for (const KindListing& listing : listings) {
    const auto slices = slice_objects(listing.json);
    if (!slices) return false;
    for (const std::string_view slice : *slices) {
      const std::optional<SwarmObject> object = read_object(listing.kind, slice);
      if (object && object->version >= highest) return false;
    }
  }
  return true;
}

void KnownObjects::forget_versions() {
  for (auto& [id, known] : objects_) known.version = 0;
  removed_.clear();
  removed_order_.clear();
  high_ = highest_seen_ = 0;
}

bool KnownObjects::put_listing(ObjectKind kind, std::string_view json, std::int64_t asked_ns,
                               Changes& changes) {
  const auto slices = slice_objects(json);
  if (!slices) return false;
  std::unordered_set<std::string> listed;
  listed.reserve(slices->size());
  for (const std::string_view slice : *slices) {
    // What has not changed is not parsed again.
    const std::string_view leading = leading_id(slice);
    if (const auto known = objects_.find(std::string(leading)); known != objects_.end()) {
      if (!known->second.resource.stale && known->second.resource.snapshot_json == slice) {
        Known& same = known->second;
        same.asked_ns = std::max(same.asked_ns, asked_ns);
        same.version = std::max(same.version, same.resource.revision);
        highest_seen_ = std::max(highest_seen_, same.version);
        listed.emplace(leading);
        continue;
      }
    }
    std::optional<SwarmObject> object = read_object(kind, slice);
    if (!object) continue;
    listed.insert(object->resource.uid);
    put(std::move(*object), asked_ns, changes);
  }
  std::vector<std::string> gone;
  for (const auto& [id, known] : objects_) {
    if (known.kind == kind && known.asked_ns < asked_ns && !listed.contains(id)) {
      gone.push_back(id);
    }
  }
  for (const std::string& id : gone) erase(id, asked_ns, changes);
  if (kind == ObjectKind::Node) check_leader(changes);
  return true;
}

void KnownObjects::patch(const WatchEvent& event, Changes& changes) {
  const auto found = objects_.find(event.id);
  if (found == objects_.end() || found->second.kind != ObjectKind::Task) return;
  Known& known = found->second;
  if (event.version < known.version) return;
  const std::string json =
      patch_task(known.resource.snapshot_json, task_state_name(event.state),
                 task_state_name(event.desired_state), event.node_id, event.version);
  std::optional<SwarmObject> object = read_task(json);
  if (!object) return;
  put(std::move(*object), known.asked_ns, changes);
  known.resource.stale = true;
  if (!changes.upserts.empty() && changes.upserts.back().uid == event.id) {
    changes.upserts.back().stale = true;
  }
}

std::vector<const sdk::Resource*> KnownObjects::all() const {
  std::vector<const sdk::Resource*> out;
  out.reserve(size());
  if (!cluster_.uid.empty()) out.push_back(&cluster_);
  for (const ObjectKind kind : {ObjectKind::Node, ObjectKind::Service, ObjectKind::Task}) {
    for (const auto& [id, known] : objects_) {
      if (known.kind == kind) out.push_back(&known.resource);
    }
  }
  return out;
}

}  // namespace storm::swarm
