// The whole model at one revision. The engine changes its own copy and publishes others as
// immutable snapshots; copying one costs a few pointers. References follow ids; names are looked up
// here.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/persistent_map.hpp"
#include "core/base/result.hpp"
#include "core/document/json_members.hpp"
#include "core/engine/live_view.hpp"
#include "core/groups/resource_class.hpp"
#include "core/model/agent.hpp"
#include "core/model/application.hpp"
#include "core/model/event.hpp"
#include "core/model/group.hpp"
#include "core/model/job.hpp"
#include "core/model/procedure.hpp"
#include "core/model/resource.hpp"
#include "core/model/subscription.hpp"
#include "core/query/query.hpp"

namespace storm {

template <typename T>
using Shared = std::shared_ptr<const T>;
template <typename T>
using Table = PersistentMap<Uuid, Shared<T>>;

// What is compared of a shared value is the value.
template <typename T>
struct Pointee {
  using Key = const T*;
  static const T* of(const Shared<T>& item) { return item.get(); }
};

// Resources by type, then names, then id.
struct ResourceOrder {
  bool operator()(const Resource* a, const Resource* b) const;
};
using ResourceSet = PersistentSet<Shared<Resource>, ResourceOrder, Pointee<Resource>>;
using ClassSet = PersistentSet<SharedClass, ClassOrder, Pointee<ResourceClass>>;

// Somebody of that name, most likely: names are kept by their hashes alone. Resources may share a
// name, others may not.
struct NameEntry {
  std::uint64_t hash = 0;  // of the collection and the name
  Uuid uuid;
  NameEntry() = default;
  NameEntry(EntityKind kind, std::string_view name, const Uuid& of);
  friend auto operator<=>(const NameEntry&, const NameEntry&) = default;
};

// A group's members are whole classes where its query reads only what a class says and it has no
// lists; else they are kept one by one. Functions that need not know which: members.hpp.
struct LiveGroup {
  Shared<Group> group;
  std::optional<Query> query;    // nothing: no members by query
  PersistentSet<Uuid> included;  // the group's lists, for looking up
  PersistentSet<Uuid> excluded;
  bool by_class = false;
  PersistentSet<std::uint32_t> classes;  // by_class: whose resources are its members
  PersistentSet<Uuid> members;           // else: (matching or included) minus excluded
};

struct LiveClass {
  SharedClass traits;
  ResourceSet resources;
  Shared<GroupNumbers> groups;     // to which all its resources belong; null: none
  Shared<GroupNumbers> undecided;  // to which some may belong, found by no value; null: none
  std::uint64_t listed = 0;        // of its resources: members one by one of some group
};

struct State {
  std::uint64_t revision = 0;  // of the last change
  // Between these, both excluded, events may have been told that were lost in a crash.
  std::uint64_t unsure_after = 0, unsure_before = 0;
  Table<Agent> agents;
  Table<Resource> resources;
  ResourceSet ordered_resources;
  BoxedMap<std::uint32_t, LiveClass> classes;  // some may have no resources at the moment
  ClassSet ordered_classes;
  std::uint32_t last_class_number = 0;  // that was given
  std::size_t empty_classes = 0;
  BoxedMap<Uuid, LiveGroup> groups;
  PersistentMap<std::uint32_t, Uuid> group_numbers;
  std::uint32_t last_group_number = 0;  // that was given
  Table<Application> applications;
  Table<Procedure> procedures;
  Table<Job> jobs;
  Table<Subscription> subscriptions;
  BoxedMap<Uuid, LiveView> views;
  PersistentSet<NameEntry> names;
  PersistentSet<std::pair<Uuid, Uuid>> references;  // parent, cluster or host -> who refers to it
  PersistentMap<std::uint64_t, Shared<Event>> events;  // the newest, by number
  PersistentMap<Uuid, Shared<GroupNumbers>>
      listed_in;  // resource -> groups that have it as a member one by one, where there are any

  // An id of that kind or a name; a name that several resources share finds none.
  std::optional<Uuid> find(EntityKind kind, std::string_view reference) const;
  // NotFound, naming the nearest names.
  Result<Uuid> require(EntityKind kind, std::string_view reference) const;
  bool exists(const Id& id) const;
  // The immutable value that the entity is now; null when it does not exist. A change puts another
  // in its place.
  std::shared_ptr<const void> object_of(const Id& id) const;
  std::vector<std::string> names_of(const Id& id) const;
  bool is_named(EntityKind kind, const Uuid& uuid, std::string_view name) const;
  // All of that name in the collection, until `visit` answers false.
  void each_named(EntityKind kind, std::string_view name,
                  const std::function<bool(const Uuid&)>& visit) const;
  std::vector<std::string> near_names(EntityKind kind,
                                      std::string_view reference) const;  // 3 at most

  // The entity as it is answered, without a resource's snapshot. Null when it does not exist.
  Value value_of(const Id& id) const;
  // Ids of a collection in the order in which it is listed.
  std::vector<Id> listed(EntityKind kind) const;
  std::size_t count(EntityKind kind) const;
};

using Snapshot = Shared<State>;

// A document as queries see it: references also by the names of what they refer to, a resource's
// image also in its short form and with its digest, its snapshot parsed when it is asked for.
// Requires: `state` outlives the view.
std::unique_ptr<DocumentView> query_view(const State& state, const Id& id);  // Requires: it exists.

// The same for a resource that need not be in the state (any more), and outlives the view. Of the
// snapshot only those members are read; null: all.
std::unique_ptr<DocumentView> resource_view(const State& state, const Resource& resource,
                                            const MemberTree* snapshot_members = nullptr);

// What a class says, as queries see it.
Value class_document(const State& state, const ResourceClass& traits);

}  // namespace storm
