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

void Change::note(const Shared<Resource>& before, const Shared<Resource>& after,
                  Memberships::Groups groups) {
  const Resource& resource = after ? *after : *before;
  views_.follow(before.get(), after.get(), groups.before.get(), groups.after.get());
  touched_.entities.insert(resource.id);
  Event event;
  event.before = before;
  event.after = after;
  event.groups_before = std::move(groups.before);
  event.groups_after = std::move(groups.after);
  event.type = !before ? EventType::Created : !after ? EventType::Deleted : EventType::Updated;
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
  for (const std::string& name : before) state_.names.erase(NameEntry(id.kind, name, id.uuid));
  for (const std::string& name : after)
    state_.names.insert_or_assign(NameEntry(id.kind, name, id.uuid));
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
  if (!quiet) agents_.push_back(id.uuid);
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
  resource.class_number = memberships_.classify(resource);
  const Shared<Resource> after = share(std::move(resource));
  const Id id = after->id;
  // One that stands at the same place is replaced there.
  if (before && (before->names != after->names || before->type != after->type))
    state_.ordered_resources.erase(before.get());
  state_.ordered_resources.insert_or_assign(after);
  state_.resources.put(id.uuid, after);
  if (!before || before->names != after->names) {
    rename(id, before ? before->names : std::vector<std::string>(), after->names);
    renamed_.insert(id.uuid);
  }
  set_references(id.uuid, before.get(), after.get());
  note(before, after, memberships_.follow(before, after));
}

void Change::put(Group group, std::optional<Query> query, const Matches* matches) {
  const Id id = group.id;
  const LiveGroup* known = state_.groups.get(id.uuid);
  const EventType type = known ? EventType::Updated : EventType::Created;
  const std::vector<std::string> names = as_list(group.name);
  rename(id, known ? as_list(known->group->name) : std::vector<std::string>(), names);
  group.number = known ? known->group->number : ++state_.last_group_number;
  if (!known) state_.group_numbers.put(group.number, id.uuid);
  memberships_.put(std::move(group), std::move(query), matches);
  note(type, id, names);
  tell_moves();
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

void Change::put(View view, std::optional<Query> query, const ViewTally* found) {
  const Id id = view.id;
  const LiveView* known = state_.views.get(id.uuid);
  const EventType type = known ? EventType::Updated : EventType::Created;
  const std::vector<std::string> names = as_list(view.name);
  rename(id, known ? as_list(known->view->name) : std::vector<std::string>(), names);
  views_.put(std::move(view), std::move(query), found);
  note(type, id, names);
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
    case EntityKind::View: {
      const std::vector<std::string> names = state_.names_of(id);
      rename(id, names, {});
      state_.views.erase(id.uuid);
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
  state_.ordered_resources.erase(before.get());
  state_.resources.erase(uuid);
  set_references(uuid, before.get(), nullptr);
  renamed_.insert(uuid);  // nothing is found by its names any more
  removed_.insert(uuid);
  const Memberships::Groups groups = memberships_.follow(before, nullptr);
  rename(before->id, before->names, {});
  note(before, nullptr, groups);
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
  std::vector<Id> views;
  for (const auto& [view, live] : state_.views) {
    if (live.view->group == id) views.push_back(live.view->id);
  }
  for (const Id& view : views) remove(view);
  drop_component(id);
  const std::vector<std::string> names = state_.names_of(id);
  rename(id, names, {});
  memberships_.remove(uuid);
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
  GroupNumbers listing;
  for (const Uuid& resource : resources) index_.listing(resource, listing);
  std::ranges::sort(listing);
  listing.erase(std::unique(listing.begin(), listing.end()), listing.end());
  for (const std::uint32_t number : listing) {
    const LiveGroup live = *state_.groups.get(*state_.group_numbers.get(number));
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

void Change::tell_moves() {
  Memberships::Moves moves = memberships_.take_moves();
  if (moves.told.empty() && moves.relisted.empty()) return;
  views_.follow_moves(moves.told, moves.relisted);
  moves_.told.insert(moves_.told.end(), moves.told.begin(), moves.told.end());
  moves_.relisted.insert(moves_.relisted.end(), moves.relisted.begin(), moves.relisted.end());
  std::ranges::sort(moves_.relisted);
  STORM_ASSERT(last_event_);
  auto& told = last_event_->moves;
  told.insert(told.end(), moves.told.begin(), moves.told.end());
  GroupNumbers& relisted = last_event_->relisted;
  relisted.insert(relisted.end(), moves.relisted.begin(), moves.relisted.end());
  std::ranges::sort(relisted);
  relisted.erase(std::unique(relisted.begin(), relisted.end()), relisted.end());
}

void Change::finish() {
  if (!removed_.empty()) remove_dependents(std::exchange(removed_, {}));
  const bool owners =
      std::ranges::any_of(renamed_, [&](const Uuid& uuid) { return state_.agents.contains(uuid); });
  memberships_.follow_names(std::vector<Uuid>(renamed_.begin(), renamed_.end()));
  memberships_.follow_relatives(std::exchange(agents_, {}));
  tell_moves();
  if (owners) views_.follow_owners();
  memberships_.sweep();
}

}  // namespace storm
