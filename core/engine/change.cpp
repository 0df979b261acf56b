#include "core/engine/change.hpp"

#include <algorithm>
#include <utility>

#include "core/base/assert.hpp"
#include "core/engine/event_groups.hpp"

namespace storm {
namespace {

std::vector<std::string> as_list(const std::optional<std::string>& name) {
  return name ? std::vector<std::string>{*name} : std::vector<std::string>();
}

template <typename T>
Shared<T> share(T value) {
  return std::make_shared<const T>(std::move(value));
}

bool refers_to(const Resource& resource, const std::set<Uuid>& targets) {
  const auto hit = [&](const std::optional<Id>& id) { return id && targets.contains(id->uuid); };
  return !targets.empty() && (hit(resource.owner) || hit(resource.parent) ||
                              hit(resource.cluster) || hit(resource.host));
}

}  // namespace

void Change::add_event(Event event) {
  event.id = ++state_.revision;
  event.time = now_;
  touched_.events.insert(event.id);
  const std::uint64_t number = event.id;
  last_event_ = std::make_shared<Event>(std::move(event));
  state_.events.put(number, last_event_);
  while (state_.events.size() > events_kept_) {
    const std::uint64_t oldest = state_.events.begin()->first;
    // One of this very change was never stored.
    if (touched_.events.erase(oldest) == 0) touched_.events.insert(oldest);
    state_.events.erase(oldest);
  }
}

void Change::note(EventType type, const Id& id, const std::vector<std::string>& names) {
  touched_.entities.insert(id);
  Event event;
  event.type = type;
  event.entity = id;
  event.names = names;
  add_event(std::move(event));
}

void Change::note(EventType type, const Shared<Resource>& before, const Shared<Resource>& after,
                  GroupNumbers groups_before, GroupNumbers groups_after) {
  const Resource& resource = after ? *after : *before;
  touched_.entities.insert(resource.id);
  Event event;
  event.before = before;
  event.after = after;
  if (groups_before == groups_after) {
    if (!groups_after.empty())
      event.groups_before = event.groups_after = share(std::move(groups_after));
  } else {
    if (!groups_before.empty()) event.groups_before = share(std::move(groups_before));
    if (!groups_after.empty()) event.groups_after = share(std::move(groups_after));
  }
  event.type = type;
  event.entity = resource.id;
  event.names = resource.names;
  event.resource_type = resource.type;
  event.status = resource.status;
  event.health = resource.health;
  event.stale = resource.stale;
  event.observed_at = resource.observed_at;
  add_event(std::move(event));
}

void Change::rename(const Id& id, const std::vector<std::string>& before,
                    const std::vector<std::string>& after) {
  if (before == after) return;
  for (const std::string& name : before) state_.names.erase(NameEntry{id.kind, name, id.uuid});
  for (const std::string& name : after) state_.names.insert_or_assign({id.kind, name, id.uuid});
}

void Change::put(Agent agent, bool quiet) {
  const auto* known = state_.agents.get(agent.id.uuid);
  const EventType type = known ? EventType::Updated : EventType::Created;
  const Id id = agent.id;
  const bool goes_offline = known && (*known)->online && !agent.online;
  const std::vector<std::string> names = as_list(agent.name);
  rename(id, known ? as_list((*known)->name) : std::vector<std::string>(), names);
  if (known && as_list((*known)->name) != names) renamed_.insert(id.uuid);
  state_.agents.put(id.uuid, share(std::move(agent)));
  if (quiet) {
    touched_.entities.insert(id);
  } else {
    note(type, id, names);
  }
  if (!goes_offline) return;
  std::vector<Shared<Job>> held;
  for (const auto& [uuid, job] : state_.jobs) {
    if (job->owner == id && job->status == JobStatus::Running) held.push_back(job);
  }
  for (const Shared<Job>& job : held) {
    Job freed = *job;
    freed.owner.reset();
    freed.status = JobStatus::Pending;
    put(std::move(freed));
  }
}

void Change::put(Resource resource) {
  const auto* known = state_.resources.get(resource.id.uuid);
  const Shared<Resource> before = known ? *known : nullptr;
  resource.revision = state_.revision + 1;
  const Shared<Resource> after = share(std::move(resource));
  const Id id = after->id;
  if (before) state_.ordered_resources.erase(before);
  state_.ordered_resources.insert_or_assign(after);
  state_.resources.put(id.uuid, after);
  if (!before || before->names != after->names) {
    rename(id, before ? before->names : std::vector<std::string>(), after->names);
    renamed_.insert(id.uuid);
  }
  set_references(id.uuid, before.get(), after.get());
  follow(before, after);
}

void Change::put(Group group, std::optional<Query> query) {
  const Id id = group.id;
  const LiveGroup* known = state_.groups.get(id.uuid);
  const EventType type = known ? EventType::Updated : EventType::Created;
  LiveGroup live;
  if (known) live = *known;
  const bool same_query = known && known->group->query == group.query;
  const std::vector<std::string> names = as_list(group.name);
  rename(id, known ? as_list(known->group->name) : std::vector<std::string>(), names);

  if (!same_query) {
    index_.remove(id.uuid);
    if (query) index_.add(id.uuid, *query);
    live.matching.clear();
    if (query) {
      for (const auto& [uuid, resource] : state_.resources) {
        if (query->matches(*resource_view(state_, *resource))) live.matching.insert_or_assign(uuid);
      }
    }
    live.query = std::move(query);
  }
  live.included.clear();
  live.excluded.clear();
  std::set<Uuid> listed;
  for (const Id& item : group.include)
    live.included.insert_or_assign(item.uuid), listed.insert(item.uuid);
  for (const Id& item : group.exclude)
    live.excluded.insert_or_assign(item.uuid), listed.insert(item.uuid);
  index_.set_listed(id.uuid, std::move(listed));

  group.number = known ? known->group->number : ++state_.last_group_number;
  if (!known) state_.group_numbers.put(group.number, id.uuid);
  note(type, id, names);
  const PersistentSet<Uuid> old_members = live.members;
  live.members.clear();
  const auto admit = [&](const Uuid& uuid) {
    if (state_.resources.contains(uuid) && !live.excluded.contains(uuid))
      live.members.insert_or_assign(uuid);
  };
  if (live.excluded.empty()) {
    live.members = live.matching;
  } else {
    for (const Uuid& uuid : live.matching) admit(uuid);
  }
  for (const Uuid& uuid : live.included) admit(uuid);
  for (const Uuid& uuid : old_members) {
    if (live.members.contains(uuid)) continue;
    count_membership(uuid, false);
    note_move(group.number, uuid, false);
  }
  for (const Uuid& uuid : live.members) {
    if (old_members.contains(uuid)) continue;
    count_membership(uuid, true);
    note_move(group.number, uuid, true);
  }
  live.group = share(std::move(group));
  state_.groups.put(id.uuid, std::move(live));
}

void Change::put(Application application) {
  const Id id = application.id;
  const auto* known = state_.applications.get(id.uuid);
  const EventType type = known ? EventType::Updated : EventType::Created;
  const std::vector<std::string> names = as_list(application.name);
  rename(id, known ? as_list((*known)->name) : std::vector<std::string>(), names);
  state_.applications.put(id.uuid, share(std::move(application)));
  note(type, id, names);
}

void Change::put(Procedure procedure) {
  const Id id = procedure.id;
  const auto* known = state_.procedures.get(id.uuid);
  const EventType type = known ? EventType::Updated : EventType::Created;
  const std::vector<std::string> names = as_list(procedure.name);
  rename(id, known ? as_list((*known)->name) : std::vector<std::string>(), names);
  state_.procedures.put(id.uuid, share(std::move(procedure)));
  note(type, id, names);
}

void Change::put(Job job) {
  const Id id = job.id;
  const bool is_new = state_.jobs.put(id.uuid, share(std::move(job)));
  note(is_new ? EventType::Created : EventType::Updated, id, {});
}

void Change::put(Subscription subscription) {
  const Id id = subscription.id;
  const bool is_new = state_.subscriptions.put(id.uuid, share(std::move(subscription)));
  note(is_new ? EventType::Created : EventType::Updated, id, {});
}

void Change::remove(const Id& id) {
  STORM_ASSERT(state_.exists(id));
  switch (id.kind) {
    case EntityKind::Agent:
      return remove_agent(id.uuid);
    case EntityKind::Resource:
      return remove_resource(id.uuid);
    case EntityKind::Group:
      return remove_group(id.uuid);
    case EntityKind::Procedure:
      return remove_procedure(id.uuid);
    case EntityKind::Application: {
      const std::vector<std::string> names = state_.names_of(id);
      rename(id, names, {});
      state_.applications.erase(id.uuid);
      return note(EventType::Deleted, id, names);
    }
    case EntityKind::Job:
      state_.jobs.erase(id.uuid);
      return note(EventType::Deleted, id, {});
    case EntityKind::Subscription:
      state_.subscriptions.erase(id.uuid);
      return note(EventType::Deleted, id, {});
  }
}

template <typename T, typename Match>
void Change::remove_where(EntityKind kind, const Table<T>& table, const Match& match) {
  std::vector<Id> found;
  for (const auto& [uuid, item] : table) {
    if (match(*item)) found.push_back({kind, uuid});
  }
  for (const Id& id : found) {
    if (state_.exists(id)) remove(id);
  }
}

void Change::remove_agent(const Uuid& uuid) {
  const Id id{EntityKind::Agent, uuid};
  remove_where(EntityKind::Resource, state_.resources,
               [&](const Resource& resource) { return resource.owner == id; });
  std::vector<Shared<Job>> held;
  for (const auto& [job_uuid, job] : state_.jobs) {
    if (job->owner == id) held.push_back(job);
  }
  for (const Shared<Job>& job : held) {
    Job freed = *job;
    freed.owner.reset();
    if (freed.status == JobStatus::Running) freed.status = JobStatus::Pending;
    put(std::move(freed));
  }
  const std::vector<std::string> names = state_.names_of(id);
  rename(id, names, {});
  state_.agents.erase(uuid);
  note(EventType::Deleted, id, names);
}

void Change::remove_resource(const Uuid& uuid) {
  const Shared<Resource> before = *state_.resources.get(uuid);
  state_.ordered_resources.erase(before);
  state_.resources.erase(uuid);
  set_references(uuid, before.get(), nullptr);
  renamed_.insert(uuid);  // nothing is found by its names any more
  removed_.insert(uuid);
  follow(before, nullptr);
  rename(before->id, before->names, {});
}

void Change::set_references(const Uuid& referrer, const Resource* before, const Resource* after) {
  const auto each = [&](const Resource* resource, const auto& edit) {
    if (!resource) return;
    for (const auto* target : {&resource->parent, &resource->cluster, &resource->host}) {
      if (*target) edit(std::pair((*target)->uuid, referrer));
    }
  };
  if (before && after && before->parent == after->parent && before->cluster == after->cluster &&
      before->host == after->host) {
    return;
  }
  each(before, [&](const auto& pair) { state_.references.erase(pair); });
  each(after, [&](const auto& pair) { state_.references.insert_or_assign(pair); });
}

void Change::remove_group(const Uuid& uuid) {
  const Id id{EntityKind::Group, uuid};
  remove_where(EntityKind::Subscription, state_.subscriptions,
               [&](const Subscription& subscription) { return subscription.group == id; });
  drop_component(id);
  const LiveGroup live = *state_.groups.get(uuid);
  for (const Uuid& member : live.members) count_membership(member, false);
  index_.remove(uuid);
  index_.set_listed(uuid, {});
  const std::vector<std::string> names = as_list(live.group->name);
  rename(id, names, {});
  state_.groups.erase(uuid);
  state_.group_numbers.erase(live.group->number);
  note(EventType::Deleted, id, names);
}

void Change::remove_procedure(const Uuid& uuid) {
  const Id id{EntityKind::Procedure, uuid};
  remove_where(EntityKind::Job, state_.jobs, [&](const Job& job) { return job.procedure == id; });
  remove_where(EntityKind::Subscription, state_.subscriptions,
               [&](const Subscription& subscription) { return subscription.procedure == id; });
  const std::vector<std::string> names = state_.names_of(id);
  rename(id, names, {});
  state_.procedures.erase(uuid);
  note(EventType::Deleted, id, names);
}

void Change::remove_dependents(const std::set<Uuid>& resources) {
  const auto is_removed = [&](const std::optional<Id>& id) {
    return id && resources.contains(id->uuid);
  };
  remove_where(EntityKind::Job, state_.jobs,
               [&](const Job& job) { return is_removed(job.target); });
  remove_where(EntityKind::Subscription, state_.subscriptions,
               [&](const Subscription& subscription) { return is_removed(subscription.target); });
  std::set<Uuid> listing;
  for (const Uuid& resource : resources) {
    for (const Uuid& group : index_.listing(resource)) listing.insert(group);
  }
  for (const Uuid& uuid : listing) {
    const LiveGroup live = *state_.groups.get(uuid);
    Group group = *live.group;
    std::erase_if(group.include, is_removed);
    std::erase_if(group.exclude, is_removed);
    put(std::move(group), live.query);
  }
}

void Change::drop_component(const Id& group) {
  std::vector<Shared<Application>> holders;
  for (const auto& [uuid, application] : state_.applications) {
    const auto& components = application->components;
    if (std::find(components.begin(), components.end(), group) != components.end())
      holders.push_back(application);
  }
  for (const Shared<Application>& holder : holders) {
    Application application = *holder;
    std::erase(application.components, group);
    std::erase_if(application.links, [&](const Link& link) {
      return link.from_component == group || link.to_component == group;
    });
    std::erase_if(application.expose,
                  [&](const Exposure& exposure) { return exposure.component == group; });
    put(std::move(application));
  }
}

void Change::follow(const Shared<Resource>& before, const Shared<Resource>& after) {
  const Uuid uuid = after ? after->id.uuid : before->id.uuid;
  std::vector<Uuid> groups;
  const auto add = [&](const std::vector<Uuid>& more) {
    groups.insert(groups.end(), more.begin(), more.end());
  };
  std::unique_ptr<DocumentView> view;
  if (after) {
    view = resource_view(state_, *after);
    add(index_.candidates(*view));
  }
  // Whatever matched the old values was a candidate of them.
  if (before) add(index_.candidates(*resource_view(state_, *before)));
  add(index_.listing(uuid));
  // ... unless it was found by a name that its relative has lost in this very change.
  if (before && refers_to(*before, renamed_)) add(all_groups());
  std::sort(groups.begin(), groups.end());
  groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
  GroupNumbers groups_before = before ? groups_of(uuid, groups) : GroupNumbers();
  test(uuid, view.get(), groups, true);
  const EventType type = !before  ? EventType::Created
                         : !after ? EventType::Deleted
                                  : EventType::Updated;
  note(type, before, after, std::move(groups_before), groups_of(uuid, groups));
}

GroupNumbers Change::groups_of(const Uuid& resource, const std::vector<Uuid>& candidates) const {
  GroupNumbers numbers;
  for (const Uuid& uuid : candidates) {
    const LiveGroup* live = state_.groups.get(uuid);
    if (live->members.contains(resource)) numbers.push_back(live->group->number);
  }
  std::ranges::sort(numbers);
  return numbers;
}

void Change::note_move(std::uint32_t group, const Uuid& resource, bool joined) {
  if (!last_event_) return;
  std::vector<MemberMove>& moves = last_event_->moves;
  GroupNumbers& relisted = last_event_->relisted;
  if (std::ranges::binary_search(relisted, group)) return;
  const auto of_group = [&](const MemberMove& move) { return move.group == group; };
  if (moves.size() < kMovesToldMax) {
    moves.push_back({group, resource, joined});
    return;
  }
  std::erase_if(moves, of_group);
  relisted.insert(std::ranges::lower_bound(relisted, group), group);
}

void Change::test(const Uuid& resource, const DocumentView* view, const std::vector<Uuid>& groups,
                  bool own_event) {
  for (const Uuid& uuid : groups) {
    const LiveGroup* known = state_.groups.get(uuid);
    const bool matches = view && known->query && known->query->matches(*view);
    const bool member = view && (matches || known->included.contains(resource)) &&
                        !known->excluded.contains(resource);
    const bool was_member = known->members.contains(resource);
    if (matches == known->matching.contains(resource) && member == was_member) continue;
    LiveGroup live = *known;
    if (matches) {
      live.matching.insert_or_assign(resource);
    } else {
      live.matching.erase(resource);
    }
    if (member) {
      live.members.insert_or_assign(resource);
    } else {
      live.members.erase(resource);
    }
    state_.groups.put(uuid, std::move(live));
    if (member == was_member) continue;
    count_membership(resource, member);
    if (!own_event) note_move(state_.groups.get(uuid)->group->number, resource, member);
  }
}

void Change::count_membership(const Uuid& resource, bool joined) {
  const std::uint32_t* known = state_.group_counts.get(resource);
  const std::uint32_t before = known ? *known : 0;
  STORM_ASSERT(joined || before > 0);
  const std::uint32_t after = joined ? before + 1 : before - 1;
  if (after == 0) {
    state_.group_counts.erase(resource);
  } else {
    state_.group_counts.put(resource, after);
  }
}

std::vector<Uuid> Change::all_groups() const {
  std::vector<Uuid> all;
  for (const auto& [uuid, live] : state_.groups) all.push_back(uuid);
  return all;
}

void Change::finish() {
  if (!removed_.empty()) remove_dependents(std::exchange(removed_, {}));
  const std::set<Uuid> renamed = std::exchange(renamed_, {});
  if (renamed.empty() || !index_.reads_any({"owner", "parent", "cluster", "host"})) return;
  std::set<Uuid> referrers;
  for (const Uuid& target : renamed) {
    if (state_.agents.contains(target)) {
      for (const auto& [uuid, resource] : state_.resources) {
        if (resource->owner && resource->owner->uuid == target) referrers.insert(uuid);
      }
    }
    for (auto at = state_.references.lower_bound(std::pair(target, Uuid{}));
         at != state_.references.end() && at->first == target; ++at) {
      referrers.insert(at->second);
    }
  }
  // The names that they were found by are gone, so every group is asked.
  const std::vector<Uuid> all = all_groups();
  for (const Uuid& uuid : referrers) {
    const auto* resource = state_.resources.get(uuid);
    if (resource) test(uuid, resource_view(state_, **resource).get(), all, false);
  }
}

}  // namespace storm
