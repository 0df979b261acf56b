// What has been published of a swarm, and the rules by which events and answers change it. An
// answer can be older than another that came first, a manager that starts replays its log as live
// events, and a listing can miss what was made while it was under way: the rules here stand
// against all of that. Pure: no connections, no clock. Not thread-safe.
#pragma once
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "plugins/executors/swarm/swarm_object.hpp"
#include "plugins/executors/swarm/watch_message.hpp"

namespace storm::swarm {

// What is to be published next.
struct Changes {
  std::vector<sdk::Resource> upserts;
  std::vector<std::string> removals;
  bool empty() const { return upserts.empty() && removals.empty(); }
};

enum class EventVerdict {
  Drop,  // old news, or none of ours
  Remove,
  Read,  // ask Docker for the object
};

class KnownObjects {
 public:
  static constexpr std::size_t kRemovedKept = 100'000;

  // Forgets everything; what follows belongs to this cluster.
  void begin_cluster(const std::string& cluster_id);
  const std::string& cluster_id() const { return cluster_id_; }

  EventVerdict judge(const WatchEvent& event) const;
  bool knows(const std::string& id) const { return objects_.contains(id); }
  std::uint64_t version_of(const std::string& id) const;  // 0: not known
  // Whether the names and the parent of this task can be told.
  bool knows_service_of(const SwarmObject& task) const { return knows(task.service_id); }
  std::vector<std::string> tasks_of(const std::string& service_id) const;

  // Takes an object from an answer to a request that was sent at `asked_ns`.
  void put(SwarmObject object, std::int64_t asked_ns, Changes& changes);
  void put_cluster(const SwarmInfo& info, Changes& changes);
  // The provider said that this object, known or not, is gone; its id never comes back.
  void remove(const std::string& id, Changes& changes);
  // Takes the complete listing of a kind: adds, updates, and removes what was known before
  // `asked_ns` and is not in it. False: this is not a listing; nothing was done.
  bool put_listing(ObjectKind kind, std::string_view json, std::int64_t asked_ns, Changes& changes);
  // Whether all of these complete listings is older than something known. Of a new connection's
  // first ones: the swarm was restored from a backup, its versions count from there once more.
  struct KindListing {
    ObjectKind kind;
    std::string_view json;
  };
  bool is_ahead_of(const std::vector<KindListing>& listings) const;
  // Whatever is put next counts as newer, and may have been removed. Requires: no answer to an
  // earlier request is awaited.
  void forget_versions();
  // Writes the little that an event says into the last JSON of a task and marks it stale.
  void patch(const WatchEvent& event, Changes& changes);

  // Events of objects that are not known count only above the highest version of a full listing:
  // call after the lists of a new connection were put.
  void end_first_listing() { high_ = highest_seen_; }

  std::size_t size() const { return objects_.size() + (cluster_.uid.empty() ? 0 : 1); }
  // The cluster, then nodes, services and tasks.
  std::vector<const sdk::Resource*> all() const;

 private:
  struct Known {
    ObjectKind kind = ObjectKind::Task;
    std::uint64_t version = 0;
    std::string service_id;
    std::string service_name;  // of a task: that of its service, kept when the service is gone
    std::string slot;
    std::string container_id;
    std::int64_t asked_ns = 0;
    bool is_leader = false;
    sdk::Resource resource;
  };

  void relate(Known& known) const;
  void relate_tasks_of(const std::string& service_id, Changes& changes);
  void erase(const std::string& id, std::int64_t removed_ns, Changes& changes);
  void check_leader(Changes& changes);

  std::string cluster_id_;
  std::string cluster_fingerprint_;
  sdk::Resource cluster_;
  std::unordered_map<std::string, Known> objects_;
  // Answers to requests sent before this time are too old to bring the object back.
  std::unordered_map<std::string, std::int64_t> removed_;
  std::deque<std::string> removed_order_;
  std::uint64_t high_ = 0;
  std::uint64_t highest_seen_ = 0;
};

}  // namespace storm::swarm
