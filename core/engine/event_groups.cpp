#include "core/engine/event_groups.hpp"

#include <algorithm>
#include <iterator>

namespace storm {
namespace {

std::vector<Uuid> ids(const State& state, const GroupNumbers& numbers) {
  std::vector<Uuid> found;
  for (const std::uint32_t number : numbers) {
    if (const Uuid* group = group_of_number(state, number)) found.push_back(*group);
  }
  return found;
}

}  // namespace

GroupChanges group_changes(const State& state, const Event& event) {
  GroupChanges changes;
  static const GroupNumbers kNone;
  const GroupNumbers& before = event.groups_before ? *event.groups_before : kNone;
  const GroupNumbers& after = event.groups_after ? *event.groups_after : kNone;
  GroupNumbers joined, left, both;
  if (&before == &after) {
    both = after;
  } else {
    std::ranges::set_difference(after, before, std::back_inserter(joined));
    std::ranges::set_difference(before, after, std::back_inserter(left));
    std::ranges::set_intersection(before, after, std::back_inserter(both));
  }
  changes.joined = ids(state, joined);
  changes.left = ids(state, left);
  changes.updated = ids(state, both);
  for (const MemberMove& move : event.moves) {
    if (group_of_number(state, move.group)) changes.moves.push_back(move);
  }
  changes.relisted = ids(state, event.relisted);
  return changes;
}

const Uuid* group_of_number(const State& state, std::uint32_t number) {
  return state.group_numbers.get(number);
}

}  // namespace storm
