// What an event means for groups: who joined, who left, which groups hold something that changed.
#pragma once
#include <vector>

#include "core/engine/state.hpp"
#include "core/model/event.hpp"

namespace storm {

struct GroupChanges {
  // Groups of the event's own resource.
  std::vector<Uuid> joined, left, updated;
  // Other resources that moved, and groups that are to be listed again. A move tells the group's
  // number; group_of_number() its id.
  std::vector<MemberMove> moves;
  std::vector<Uuid> relisted;

  bool empty() const {
    return joined.empty() && left.empty() && updated.empty() && moves.empty() && relisted.empty();
  }
};

// Groups that are gone by the revision of `state` are left out.  [any-thread]
GroupChanges group_changes(const State& state, const Event& event);

// Null when the group is gone.
const Uuid* group_of_number(const State& state, std::uint32_t number);

}  // namespace storm
