// From a storm_batch, which a plugin wrote, to a DiscoveryBatch, which is ours. Nothing in it is
// trusted: every size, flag, text and snapshot is checked before anything is taken. What the store
// would not give back later (see resource_from_row) is not taken either. [any-thread]
#pragma once
#include <cstddef>

#include "core/base/result.hpp"
#include "core/model/discovery.hpp"
#include "storm/executor.h"

namespace storm {

inline constexpr std::size_t kBatchResourcesMax = 10'000;  // upserts and removals of a batch
inline constexpr std::size_t kBatchBytesMax = 64 * 1024 * 1024;
inline constexpr std::size_t kUidBytesMax = 512;
inline constexpr std::size_t kDiscoveredNamesMax = 64;
inline constexpr std::size_t kScopeBytesMax = 256;
inline constexpr std::size_t kBookmarkBytesMax = 64 * 1024;
inline constexpr std::size_t kSnapshotBytesMax = 16 * 1024 * 1024;
inline constexpr std::size_t kSnapshotDepthMax = 100;

// The error says which rule of storm/executor.h is broken, where and by what.
Result<DiscoveryBatch> read_batch(const storm_batch& batch);

}  // namespace storm
