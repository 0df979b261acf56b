#include "core/engine/load_state.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>

#include "core/document/json.hpp"
#include "core/engine/live_views.hpp"
#include "core/engine/memberships.hpp"
#include "core/engine/restart_moves.hpp"
#include "core/engine/store_writer.hpp"

namespace storm {
namespace {

constexpr std::size_t kRowsToldMax = 10;  // in the log; damage can make a million unreadable

template <typename Each>
Result<void> load_kind(Storage& storage, EntityKind kind, const Each& each) {
  return storage.load(collection_of(kind), [&](Row row) -> Result<void> {
    const auto uuid = uuid_from_base62(row.key);
    Result<void> outcome =
        uuid ? each(Id{kind, *uuid}, row.value) : Error{Errc::InvalidArgument, "the key is no id"};
    if (outcome) return outcome;
    return Error{Errc::Io, fmt::format("the store's row {}/{} cannot be read: {}", row.space,
                                       row.key, outcome.error().message)};
  });
}

void add_names(State& state, const Id& id, const std::vector<std::string>& names) {
  for (const std::string& name : names)
    state.names.insert_or_assign(NameEntry(id.kind, name, id.uuid));
}

std::vector<std::string> as_list(const std::optional<std::string>& name) {
  return name ? std::vector<std::string>{*name} : std::vector<std::string>();
}

Result<void> load_meta(Storage& storage, LoadedState& loaded) {
  return storage.load(kMetaSpace, [&](Row row) -> Result<void> {
    if (row.key == "redaction_key") loaded.redaction_key = row.value;
    const auto read_number = [&](std::uint64_t& to) -> Result<void> {
      const char* end = row.value.data() + row.value.size();
      if (std::from_chars(row.value.data(), end, to).ptr == end) return {};
      return Error{Errc::Io, fmt::format("the store's row meta/{} is no number", row.key)};
    };
    if (row.key == "revision_ceiling") return read_number(loaded.revision_ceiling);
    if (row.key == kEventsUpToKey) return read_number(loaded.events_up_to.emplace());
    if (row.key == kStaleUpToKey) return read_number(loaded.stale_up_to);
    return {};
  });
}

// One that cannot be read takes the resources with it that need it; their sources tell them again.
Result<void> load_dictionaries(Storage& storage, TextPacker& packer) {
  return storage.load(kDictionarySpace, [&](Row row) -> Result<void> {
    auto dictionary = TextDictionary::from_bytes(std::move(row.value));
    if (dictionary && (*dictionary)->key() == row.key) {
      packer.add(std::move(*dictionary));
    } else {
      spdlog::warn("the store's row {}/{} is no dictionary", row.space, row.key);
    }
    return {};
  });
}

Result<Event> read_event(const std::string& row) {
  const Value value = STORM_TRY(parse_json(row));
  return event_from_row_value(value);
}

// An event that cannot be read is left out: it is only history.
Result<void> load_events(Storage& storage, LoadedState& loaded, std::size_t events_kept) {
  State& state = loaded.state;
  return storage.load(kEventSpace, [&](Row row) -> Result<void> {
    auto event = read_event(row.value);
    if (!event) {
      spdlog::warn("the store's row {}/{} is left out: {}", row.space, row.key,
                   event.error().message);
      return {};
    }
    const std::uint64_t number = event->id;
    for (const auto* groups : {event->groups_before.get(), event->groups_after.get()}) {
      if (groups) state.last_group_number = std::max(state.last_group_number, groups->back());
    }
    for (const MemberMove& move : event->moves) {
      state.last_group_number = std::max(state.last_group_number, move.group);
    }
    state.events.put(number, std::make_shared<const Event>(std::move(*event)));
    if (state.events.size() > events_kept) {
      const std::uint64_t oldest = state.events.begin()->first;
      state.events.erase(oldest);
      loaded.leftovers.events.insert(oldest);
    }
    return {};
  });
}

LiveGroup compile_group(Group group, const OperatorSet& operators) {
  LiveGroup live;
  if (!group.query.as_object().empty()) {
    auto query = Query::parse(group.query, operators);
    if (query) {
      live.query = std::move(*query);
    } else {
      spdlog::warn("group {} has no members by query: {}",
                   group.name.value_or(group.id.to_string()), query.error().message);
    }
  }
  live.group = std::make_shared<const Group>(std::move(group));
  return live;
}

// Its value is found anew.
void enter_view(State& state, View view, const OperatorSet& operators) {
  // Its group went without it: a crash between two rows of the store cannot do that, damage can.
  if (view.group && !state.groups.contains(view.group->uuid)) {
    spdlog::warn("view {} is left out: its group is gone", view.id.to_string());
    return;
  }
  std::optional<Query> query;
  if (!view.query.as_object().empty()) {
    auto compiled = Query::parse(view.query, operators);
    if (compiled) {
      query = std::move(*compiled);
    } else {
      spdlog::warn("view {} is over nothing: {}", view.name.value_or(view.id.to_string()),
                   compiled.error().message);
    }
  }
  add_names(state, view.id, as_list(view.name));
  LiveViews(state).put(std::move(view), std::move(query));
}

// Who follows a group whose members the restart changed without an event is told to list it again.
void tell_restart(LoadedState& loaded, const Restarted& restarted, std::size_t events_kept,
                  WallTime now) {
  State& state = loaded.state;
  GroupNumbers changed = groups_changed(state, loaded.index, restarted);
  if (changed.empty() || state.agents.empty()) return;
  const Agent& agent = *state.agents.begin()->second;
  Event event;
  event.id = ++state.revision;
  event.type = EventType::Updated;
  event.entity = agent.id;
  event.names = as_list(agent.name);
  event.time = now;
  event.relisted = std::move(changed);
  loaded.leftovers.events.insert(event.id);
  state.events.put(event.id, std::make_shared<const Event>(std::move(event)));
  if (state.events.size() > events_kept) {
    loaded.leftovers.events.insert(state.events.begin()->first);
    state.events.erase(state.events.begin()->first);
  }
}

}  // namespace

Result<LoadedState> load_state(Storage& storage, const OperatorSet& operators,
                               std::size_t events_kept, TextPacker& packer, TextPool& pool,
                               WallTime now) {
  LoadedState loaded;
  State& state = loaded.state;
  STORM_TRY(load_meta(storage, loaded));
  STORM_TRY(load_dictionaries(storage, packer));
  Restarted restarted;
  STORM_TRY(load_events(storage, loaded, events_kept));
  STORM_TRY(
      load_kind(storage, EntityKind::Agent, [&](Id id, const std::string& row) -> Result<void> {
        Agent agent = STORM_TRY(agent_from_row(id, row));
        if (agent.is_local && agent.online) {
          agent.online = false;
          restarted.offline.push_back(id.uuid);
          loaded.leftovers.entities.insert(id);
        }
        add_names(state, id, as_list(agent.name));
        state.agents.put(id.uuid, std::make_shared<const Agent>(std::move(agent)));
        return {};
      }));
  // Groups before resources: a class asks them when it is made.
  Memberships memberships(state, loaded.index);
  std::vector<Group> unnumbered;
  STORM_TRY(
      load_kind(storage, EntityKind::Group, [&](Id id, const std::string& row) -> Result<void> {
        Group group = STORM_TRY(group_from_row(id, row));
        add_names(state, id, as_list(group.name));
        state.last_group_number = std::max(state.last_group_number, group.number);
        if (group.number == 0) {
          unnumbered.push_back(std::move(group));
        } else {
          memberships.enlist(compile_group(std::move(group), operators));
        }
        return {};
      }));
  for (Group& group : unnumbered) {
    group.number = ++state.last_group_number;
    loaded.leftovers.entities.insert(group.id);
    memberships.enlist(compile_group(std::move(group), operators));
  }
  STORM_TRY(
      load_kind(storage, EntityKind::Resource, [&](Id id, const std::string& row) -> Result<void> {
        auto read = resource_from_row(id, row, packer, pool);
        if (!read) {
          // Its row stays: its source may tell it again, and what people wrote has no other copy.
          if (++loaded.left_out <= kRowsToldMax) {
            spdlog::warn("the store's row of {} is left out: {}{}", id.to_string(),
                         read.error().message,
                         loaded.left_out == kRowsToldMax ? "; others are not told of" : "");
          }
          return {};
        }
        Resource resource = std::move(*read);
        // Deleted with its agent; only its own row was not reached before the stop.
        if (resource.owner && !state.exists(*resource.owner)) {
          loaded.leftovers.entities.insert(id);
          return {};
        }
        if (!resource.uid.empty() && !resource.stale) {
          resource.stale = true;
          if (resource.revision > loaded.stale_up_to) restarted.stale.push_back(id.uuid);
        }
        add_names(state, id, resource.names);
        for (const auto* target : {&resource.parent, &resource.cluster, &resource.host}) {
          if (*target) state.references.insert_or_assign({(*target)->uuid, id.uuid});
        }
        resource.class_number = memberships.classify(resource);
        auto shared = std::make_shared<const Resource>(std::move(resource));
        memberships.enter(shared);
        state.ordered_resources.insert_or_assign(shared);
        state.resources.put(id.uuid, std::move(shared));
        return {};
      }));
  STORM_TRY(load_kind(storage, EntityKind::Application,
                      [&](Id id, const std::string& row) -> Result<void> {
                        Application application = STORM_TRY(application_from_row(id, row));
                        add_names(state, id, as_list(application.name));
                        state.applications.put(
                            id.uuid, std::make_shared<const Application>(std::move(application)));
                        return {};
                      }));
  STORM_TRY(
      load_kind(storage, EntityKind::Procedure, [&](Id id, const std::string& row) -> Result<void> {
        Procedure procedure = STORM_TRY(procedure_from_row(id, row));
        add_names(state, id, as_list(procedure.name));
        state.procedures.put(id.uuid, std::make_shared<const Procedure>(std::move(procedure)));
        return {};
      }));
  STORM_TRY(load_kind(storage, EntityKind::Job, [&](Id id, const std::string& row) -> Result<void> {
    Job job = STORM_TRY(job_from_row(id, row));
    // Held by an agent that went down with the last stormd.
    const auto* owner = job.owner ? state.agents.get(job.owner->uuid) : nullptr;
    if (job.status == JobStatus::Running && (!owner || !(*owner)->online)) {
      job.status = JobStatus::Pending;
      job.owner.reset();
      loaded.leftovers.entities.insert(id);
    }
    state.jobs.put(id.uuid, std::make_shared<const Job>(std::move(job)));
    return {};
  }));
  STORM_TRY(load_kind(storage, EntityKind::Subscription,
                      [&](Id id, const std::string& row) -> Result<void> {
                        Subscription subscription = STORM_TRY(subscription_from_row(id, row));
                        state.subscriptions.put(
                            id.uuid, std::make_shared<const Subscription>(std::move(subscription)));
                        return {};
                      }));
  std::vector<View> views;
  STORM_TRY(
      load_kind(storage, EntityKind::View, [&](Id id, const std::string& row) -> Result<void> {
        views.push_back(STORM_TRY(view_from_row(id, row)));
        return {};
      }));
  memberships.test_all();
  for (View& view : views) enter_view(state, std::move(view), operators);
  // Every revision that was ever answered is at most the ceiling.
  const std::uint64_t last_event =
      state.events.empty() ? 0 : state.events.nth(state.events.size() - 1).first;
  state.revision = std::max(loaded.revision_ceiling, last_event);
  // After a stop without an end somebody may have been told of what is not in the store.
  state.unsure_after = loaded.events_up_to.value_or(last_event);
  state.unsure_before = state.revision;
  std::ranges::sort(restarted.stale);
  std::ranges::sort(restarted.offline);
  tell_restart(loaded, restarted, events_kept, now);
  return loaded;
}

}  // namespace storm
