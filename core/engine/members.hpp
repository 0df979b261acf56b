// Who belongs to a group, and to which groups a resource belongs, at one revision. [any-thread]
#pragma once
#include <functional>
#include <vector>

#include "core/engine/state.hpp"

namespace storm {

bool is_member(const State& state, const LiveGroup& group, const Resource& resource);
std::size_t member_count(const State& state, const LiveGroup& group);
bool has_members(const State& state, const LiveGroup& group);
// In no order, until `visit` answers false; whether all were visited.
bool each_member(const State& state, const LiveGroup& group,
                 const std::function<bool(const Shared<Resource>&)>& visit);
// In the order of resources.
std::vector<Shared<Resource>> members_in_order(const State& state, const LiveGroup& group);

// Sorted; null: none.
Shared<GroupNumbers> groups_of(const State& state, const Resource& resource);
// How many resources are in some group.
std::size_t grouped_count(const State& state);

}  // namespace storm
