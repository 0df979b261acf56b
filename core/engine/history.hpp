// What was: who joined and left a group, and who was in it at a time, found by going back over the
// events that are kept. [any-thread]
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/engine/state.hpp"

namespace storm {

struct PastMove {
  std::uint64_t revision = 0;
  WallTime time = 0;
  Uuid resource;
  std::vector<std::string> names;  // none when they are not known any more
  bool joined = false;
  bool relisted = false;  // more moved than was noted; no resource then
};

// Of events after `since`, oldest first.
std::vector<PastMove> group_history(const State& state, const Uuid& group, WallTime since);

// The time of the oldest event kept; nothing: none is.
std::optional<WallTime> history_begin(const State& state);

// Members at a time, sorted by id. Out of range when it lies before the oldest event, before the
// group, or before a change whose moves were not noted.  Requires: the group exists.
Result<std::vector<Uuid>> members_at(const State& state, const Uuid& group, WallTime time);

}  // namespace storm
