// What an executor tells the model: plain values, made by core/plugin_host, taken by the engine as
// one transaction.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/clock.hpp"
#include "core/document/packed_text.hpp"
#include "core/model/names.hpp"

namespace storm {

// What one batch may hold, wherever it comes from.
inline constexpr std::size_t kBatchResourcesMax = 10'000;  // upserts and removals of a batch
inline constexpr std::size_t kUidBytesMax = 512;
inline constexpr std::size_t kDiscoveredNamesMax = 64;
inline constexpr std::size_t kScopeBytesMax = 256;
inline constexpr std::size_t kSnapshotBytesMax = 16 * 1024 * 1024;
inline constexpr std::size_t kSnapshotDepthMax = 100;

struct DiscoveredResource {
  std::string uid;  // unique within its agent
  std::string type;
  std::string parent_uid, cluster_uid, host_uid;  // of the same agent; empty: none
  std::vector<std::string> names;
  std::string image, image_digest;
  Status status = Status::Unknown;
  Health health = Health::Unknown;
  std::uint64_t provider_revision = 0;  // a lower one than known is dropped; 0: not known
  WallTime observed_at = 0;             // 0: not known
  bool stale = false;
  PackedText snapshot;  // checked JSON text, not yet redacted nor packed; may be none
};

struct DiscoveryBatch {
  std::string scope = {};
  std::uint64_t epoch = 0;
  bool sync_begin = false;  // a full listing of the scope starts with this batch
  // It is complete: what it did not mention is removed, staleness of the scope ends.
  bool sync_end = false;
  bool stale = false;  // everything of the scope is stale until the next sync_end
  std::vector<DiscoveredResource> upserts = {};
  std::vector<std::string> removals = {};  // uids
};

}  // namespace storm
