#include "core/engine/history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/engine/members.hpp"

namespace storm {
namespace {

bool holds(const std::shared_ptr<const GroupNumbers>& groups, std::uint32_t number) {
  return groups && std::ranges::binary_search(*groups, number);
}

// Calls visit(resource, names, joined) for each move of the group in the event.
template <typename Visit>
void each_move(const State& state, const Event& event, std::uint32_t group, const Visit& visit) {
  const bool was = holds(event.groups_before, group);
  const bool is = holds(event.groups_after, group);
  if (was != is) visit(event.entity.uuid, event.names, is);
  for (const MemberMove& move : event.moves) {
    if (move.group != group) continue;
    const auto* resource = state.resources.get(move.resource);
    visit(move.resource, resource ? (*resource)->names : std::vector<std::string>(), move.joined);
  }
}

bool is_relisted(const Event& event, std::uint32_t group) {
  return std::ranges::find(event.relisted, group) != event.relisted.end();
}

}  // namespace

std::vector<PastMove> group_history(const State& state, const Uuid& group, WallTime since) {
  const std::uint32_t number = state.groups.get(group)->group->number;
  std::vector<PastMove> moves;
  for (const auto& [revision, event] : state.events) {
    if (event->time <= since) continue;
    each_move(state, *event, number,
              [&](const Uuid& resource, const std::vector<std::string>& names, bool joined) {
                moves.push_back({revision, event->time, resource, names, joined, false});
              });
    if (is_relisted(*event, number)) moves.push_back({revision, event->time, {}, {}, false, true});
  }
  return moves;
}

std::optional<WallTime> history_begin(const State& state) {
  if (state.events.empty()) return std::nullopt;
  return state.events.begin()->second->time;
}

Result<std::vector<Uuid>> members_at(const State& state, const Uuid& group, WallTime time) {
  const LiveGroup& live = *state.groups.get(group);
  const std::uint32_t number = live.group->number;
  const auto beyond = [](WallTime known, std::string_view why) {
    return Error{Errc::InvalidArgument,
                 fmt::format("members are known from {} on: {}", to_rfc3339(known), why)};
  };
  const auto begin = history_begin(state);
  if (!begin || time < *begin) return beyond(begin.value_or(0), "older events are not kept");
  std::set<Uuid> members;
  each_member(state, live, [&](const Shared<Resource>& resource) {
    members.insert(resource->id.uuid);
    return true;
  });
  std::vector<const Event*> later;
  for (const auto& [revision, event] : state.events) {
    if (event->time > time) later.push_back(event.get());
  }
  for (auto at = later.rbegin(); at != later.rend(); ++at) {
    const Event& event = **at;
    if (is_relisted(event, number))
      return beyond(event.time, "more moved then than was noted one by one");
    if (event.entity == Id{EntityKind::Group, group} && event.type == EventType::Created)
      return beyond(event.time, "the group was made then");
    each_move(state, event, number,
              [&](const Uuid& resource, const std::vector<std::string>&, bool joined) {
                if (joined) {
                  members.erase(resource);
                } else {
                  members.insert(resource);
                }
              });
  }
  return std::vector<Uuid>(members.begin(), members.end());
}

}  // namespace storm
