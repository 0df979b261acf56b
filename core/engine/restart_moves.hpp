// What a restart changes without an event of its own: discovered resources are stale, agents of
// this process are offline. Says whose members that changed. Used once, while a state is loaded.
#pragma once
#include <cstddef>
#include <vector>

#include "core/engine/state.hpp"
#include "core/groups/group_index.hpp"

namespace storm {

// How often a resource is tested against a group at most. Groups for which more would be needed
// are said to have changed: to list them again is never wrong.
inline constexpr std::size_t kRestartTestsMax = 1'000'000;

struct Restarted {
  std::vector<Uuid> stale;    // resources that were not before; sorted
  std::vector<Uuid> offline;  // agents that were not before; sorted
  bool empty() const { return stale.empty() && offline.empty(); }
};

// Numbers of the groups with other members than before, sorted. Requires: `state` is as it is
// after.
GroupNumbers groups_changed(const State& state, const GroupIndex& index, const Restarted& restarted,
                            std::size_t tests_max = kRestartTestsMax);

}  // namespace storm
