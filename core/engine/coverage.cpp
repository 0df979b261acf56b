#include "core/engine/coverage.hpp"

#include <fmt/format.h>

#include "core/engine/members.hpp"

namespace storm {
namespace {

struct Condition {
  std::size_t members = 0, down = 0, unhealthy = 0, stale = 0;
};

bool is_down(Status status) {
  return status == Status::Stopped || status == Status::Stopping || status == Status::Removing ||
         status == Status::Error;
}

void count(Condition& condition, Status status, Health health, bool stale, std::size_t resources) {
  condition.members += resources;
  if (is_down(status)) condition.down += resources;
  if (!is_down(status) && health == Health::Unhealthy) condition.unhealthy += resources;
  if (stale) condition.stale += resources;
}

// A class at a time where the group consists of classes.
Condition condition_of(const State& state, const LiveGroup& group) {
  Condition condition;
  for (const std::uint32_t number : group.classes) {
    const LiveClass& live = *state.classes.get(number);
    count(condition, live.traits->status, live.traits->health, live.traits->stale,
          live.resources.size());
  }
  for (const Uuid& member : group.members) {
    const Resource& resource = **state.resources.get(member);
    count(condition, resource.status, resource.health, resource.stale, 1);
  }
  return condition;
}

std::string label(const Group& group) { return group.name.value_or(group.id.to_string()); }

}  // namespace

ApplicationHealth health_of(const State& state, const Application& application) {
  ApplicationHealth result;
  result.application = application.id;
  if (application.components.empty()) return result;
  bool is_unsure = false;
  for (const Id& component : application.components) {
    const LiveGroup* group = state.groups.get(component.uuid);
    if (!group) {
      result.reasons.push_back(fmt::format("group {} is gone", component.to_string()));
      continue;
    }
    const Condition found = condition_of(state, *group);
    const std::string name = label(*group->group);
    if (found.members == 0) {
      result.reasons.push_back(fmt::format("group {} has no members", name));
    } else if (found.down + found.unhealthy == found.members) {
      result.reasons.push_back(fmt::format("no member of group {} is well ({} down, {} unhealthy)",
                                           name, found.down, found.unhealthy));
    } else if (found.unhealthy > 0) {
      result.reasons.push_back(fmt::format("{} of {} members of group {} are unhealthy",
                                           found.unhealthy, found.members, name));
    }
    if (found.stale > 0) is_unsure = true;
  }
  result.health = !result.reasons.empty() ? Health::Unhealthy
                  : is_unsure             ? Health::Unknown
                                          : Health::Healthy;
  if (is_unsure && result.reasons.empty())
    result.reasons.emplace_back("what is known of some members may be old");
  return result;
}

Coverage coverage_of(const State& state) {
  Coverage coverage;
  coverage.ungrouped = state.resources.size() - grouped_count(state);
  for (const auto& [uuid, live] : state.groups) {
    if (!has_members(state, live)) coverage.empty_groups.push_back({EntityKind::Group, uuid});
  }
  for (const auto& [uuid, application] : state.applications) {
    ApplicationHealth health = health_of(state, *application);
    if (health.health == Health::Unhealthy) coverage.unhealthy.push_back(std::move(health));
  }
  return coverage;
}

std::vector<Shared<Resource>> ungrouped_resources(const State& state, std::size_t most) {
  std::vector<Shared<Resource>> found;
  for (const auto& resource : state.ordered_resources) {
    if (found.size() >= most) break;
    const LiveClass* live = state.classes.get(resource->class_number);
    if (live && !live->groups && !state.listed_in.contains(resource->id.uuid))
      found.push_back(resource);
  }
  return found;
}

}  // namespace storm
