#include "core/engine/members.hpp"

#include <algorithm>
#include <iterator>

namespace storm {
namespace {

// A group that holds more than this part of all resources is picked out of their order, not sorted.
constexpr std::size_t kSortedPart = 8;

}  // namespace

bool is_member(const State& state, const LiveGroup& group, const Resource& resource) {
  const LiveClass* known = group.by_class ? state.classes.get(resource.class_number) : nullptr;
  if (!group.by_class) return group.members.contains(resource.id.uuid);
  return known && known->groups && std::ranges::binary_search(*known->groups, group.group->number);
}

std::size_t member_count(const State& state, const LiveGroup& group) {
  if (!group.by_class) return group.members.size();
  std::size_t count = 0;
  for (const std::uint32_t number : group.classes)
    count += state.classes.get(number)->resources.size();
  return count;
}

bool has_members(const State& state, const LiveGroup& group) {
  if (!group.by_class) return !group.members.empty();
  return std::ranges::any_of(group.classes, [&](std::uint32_t number) {
    return !state.classes.get(number)->resources.empty();
  });
}

bool each_member(const State& state, const LiveGroup& group,
                 const std::function<bool(const Shared<Resource>&)>& visit) {
  for (const std::uint32_t number : group.classes) {
    for (const Shared<Resource>& resource : state.classes.get(number)->resources) {
      if (!visit(resource)) return false;
    }
  }
  for (const Uuid& member : group.members) {
    if (!visit(*state.resources.get(member))) return false;
  }
  return true;
}

std::vector<Shared<Resource>> members_in_order(const State& state, const LiveGroup& group) {
  std::vector<Shared<Resource>> members;
  const std::size_t count = member_count(state, group);
  members.reserve(count);
  if (count > state.resources.size() / kSortedPart) {
    for (const Shared<Resource>& resource : state.ordered_resources) {
      if (is_member(state, group, *resource)) members.push_back(resource);
    }
    return members;
  }
  each_member(state, group, [&](const Shared<Resource>& resource) {
    members.push_back(resource);
    return true;
  });
  std::ranges::sort(members, ResourceOrder{}, Pointee<Resource>::of);
  return members;
}

Shared<GroupNumbers> groups_of(const State& state, const Resource& resource) {
  const LiveClass* of_class = state.classes.get(resource.class_number);
  const Shared<GroupNumbers>* listed = state.listed_in.get(resource.id.uuid);
  if (!listed) return of_class ? of_class->groups : nullptr;
  if (!of_class || !of_class->groups) return *listed;
  GroupNumbers both;
  std::ranges::merge(*of_class->groups, **listed, std::back_inserter(both));
  return std::make_shared<const GroupNumbers>(std::move(both));
}

std::size_t grouped_count(const State& state) {
  std::size_t count = 0;
  for (const auto& [number, live] : state.classes)
    count += live.groups ? live.resources.size() : live.listed;
  return count;
}

}  // namespace storm
