// Reads the model from the store at start.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "core/base/result.hpp"
#include "core/engine/change.hpp"
#include "core/engine/state.hpp"
#include "core/groups/group_index.hpp"
#include "core/query/operator.hpp"
#include "core/storage/storage.hpp"

namespace storm {

// A row of kMetaSpace: the revision at the last start. Rows of resources that nobody told since say
// that they are fresh, but they were stale already.
inline constexpr std::string_view kStaleUpToKey = "stale_up_to";

struct LoadedState {
  State state;
  GroupIndex index;
  Touched leftovers;                          // rows of the store that belong to nothing any more
  std::string redaction_key;                  // empty: the store has none yet
  std::uint64_t revision_ceiling = 0;         // revisions up to here may have been given out
  std::optional<std::uint64_t> events_up_to;  // kEventsUpToKey
  std::size_t left_out = 0;                   // rows of resources that could not be read
  std::uint64_t stale_up_to = 0;              // kStaleUpToKey
};

// Resources that an executor discovered are stale until it lists them again; agents of plugin
// instances are offline until they start. A row that cannot be read is an error that names it,
// but for resources: theirs are left out with a warning, and stay in the store. A group whose query
// cannot be compiled (an operator is not installed) is kept without members by query, with a
// warning in the log.
// The packer gets the dictionaries of the snapshots, the pool the texts that repeat.
Result<LoadedState> load_state(Storage& storage, const OperatorSet& operators,
                               std::size_t events_kept, TextPacker& packer, TextPool& pool,
                               WallTime now);

}  // namespace storm
