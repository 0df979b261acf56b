// From a storm_batch, which a plugin wrote, to a DiscoveryBatch, which is ours. Nothing in it is
// trusted: every size, flag, text and snapshot is checked before anything is taken. What the store
// would not give back later (see resource_from_row) is not taken either. [any-thread]
#pragma once
#include <cstddef>

#include "core/base/result.hpp"
#include "core/model/discovery.hpp"
#include "storm/executor.h"

namespace storm {

inline constexpr std::size_t kBatchBytesMax = 64 * 1024 * 1024;
inline constexpr std::size_t kBookmarkBytesMax = 64 * 1024;

// The error says which rule of storm/executor.h is broken, where and by what.
Result<DiscoveryBatch> read_batch(const storm_batch& batch);

}  // namespace storm
