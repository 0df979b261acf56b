#include "core/plugin_host/discovery_reader.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/document/json.hpp"
#include "core/document/json_scan.hpp"
#include "core/model/fields.hpp"
#include "core/plugin_host/abi_text.hpp"

namespace storm {
namespace {

// Up to the last member of ABI 1.0: what later ones append is not demanded of older plugins.
constexpr std::size_t kBatchSizeMin =
    offsetof(storm_batch, bookmark) + sizeof(storm_batch::bookmark);
constexpr std::size_t kResourceSizeMin =
    offsetof(storm_resource, snapshot_json) + sizeof(storm_resource::snapshot_json);
constexpr std::size_t kRemovalSizeMin = offsetof(storm_removal, uid) + sizeof(storm_removal::uid);

constexpr std::uint32_t kBatchFlags = STORM_B_SYNC_BEGIN | STORM_B_SYNC_END | STORM_B_STALE;
constexpr std::uint32_t kResourceFlags = STORM_R_STALE;
constexpr std::uint64_t kRevisionMax = INT64_MAX;  // what a row of the store can hold

// Reads one batch; the first violation is kept and ends the reading.
class Reader {
 public:
  Result<DiscoveryBatch> read(const storm_batch& in) {
    DiscoveryBatch batch;
    where_ = "batch";
    if (in.size < kBatchSizeMin) {
      fail(fmt::format("size is {}, at least {} is needed", in.size, kBatchSizeMin));
      return *error_;
    }
    check_flags(in.flags, kBatchFlags);
    batch.scope = text(in.scope, "scope", 0, kScopeBytesMax);
    text(in.bookmark, "bookmark", 0, kBookmarkBytesMax);
    check_list(in.upserts, "upserts", kResourceSizeMin);
    check_list(in.removals, "removals", kRemovalSizeMin);
    if (std::size_t{in.upserts.n} + in.removals.n > kBatchResourcesMax) {
      fail(fmt::format("it has {} resources, at most {} are allowed",
                       std::size_t{in.upserts.n} + in.removals.n, kBatchResourcesMax));
    }
    batch.epoch = in.epoch;
    batch.sync_begin = (in.flags & STORM_B_SYNC_BEGIN) != 0;
    batch.sync_end = (in.flags & STORM_B_SYNC_END) != 0;
    batch.stale = (in.flags & STORM_B_STALE) != 0;
    if (error_) return *error_;

    batch.upserts.reserve(in.upserts.n);
    for (std::uint32_t i = 0; i < in.upserts.n && !error_; ++i) {
      where_index_ = i;
      where_ = "upserts";
      batch.upserts.push_back(resource(element<storm_resource>(in.upserts, i)));
    }
    batch.removals.reserve(in.removals.n);
    for (std::uint32_t i = 0; i < in.removals.n && !error_; ++i) {
      where_index_ = i;
      where_ = "removals";
      batch.removals.push_back(removal(element<storm_removal>(in.removals, i)));
    }
    if (error_) return *error_;
    return batch;
  }

 private:
  template <typename T>
  static const T& element(storm_list list, std::size_t index) {
    return *reinterpret_cast<const T*>(static_cast<const char*>(list.p) + index * list.stride);
  }

  DiscoveredResource resource(const storm_resource& in) {
    DiscoveredResource out;
    if (in.size < kResourceSizeMin) {
      fail(fmt::format("size is {}, at least {} is needed", in.size, kResourceSizeMin));
      return out;
    }
    check_flags(in.flags, kResourceFlags);
    out.uid = text(in.uid, "uid", 1, kUidBytesMax);
    uid_ = out.uid;
    out.type = shown(in.type, "type", 1);
    out.parent_uid = text(in.parent_uid, "parent_uid", 0, kUidBytesMax);
    out.cluster_uid = text(in.cluster_uid, "cluster_uid", 0, kUidBytesMax);
    out.host_uid = text(in.host_uid, "host_uid", 0, kUidBytesMax);
    out.image = shown(in.image, "image", 0);
    out.image_digest = shown(in.image_digest, "image_digest", 0);
    names(in.names, out);
    out.status = static_cast<Status>(word(in.status, "status", kStatusNames.size()));
    out.health = static_cast<Health>(word(in.health, "health", kHealthNames.size()));
    out.provider_revision = in.revision;
    if (in.revision > kRevisionMax) {
      fail(fmt::format("revision is {}, 0 to {} are allowed", in.revision, kRevisionMax));
    }
    out.observed_at = in.observed_wall_ns;
    if (in.observed_wall_ns < 0) fail("observed_wall_ns is negative");
    out.stale = (in.flags & STORM_R_STALE) != 0;
    out.snapshot = snapshot(in.snapshot_json);
    uid_ = {};
    return out;
  }

  std::string removal(const storm_removal& in) {
    if (in.size < kRemovalSizeMin) {
      fail(fmt::format("size is {}, at least {} is needed", in.size, kRemovalSizeMin));
      return {};
    }
    return text(in.uid, "uid", 1, kUidBytesMax);
  }

  void names(storm_list in, DiscoveredResource& out) {
    check_list(in, "names", sizeof(storm_str));
    if (in.n > kDiscoveredNamesMax) {
      fail(fmt::format("{} names, at most {} are allowed", in.n, kDiscoveredNamesMax));
    }
    if (error_) return;
    out.names.reserve(in.n);
    for (std::uint32_t i = 0; i < in.n; ++i) {
      out.names.push_back(shown(element<storm_str>(in, i), "name", 1));
    }
  }

  PackedText snapshot(storm_str in) {
    if (error_ || in.n == 0) return nullptr;
    if (in.n > kSnapshotBytesMax) {
      fail(fmt::format("snapshot_json has {} bytes, at most {} are allowed", in.n,
                       kSnapshotBytesMax));
      return nullptr;
    }
    if (!take_bytes(in, "snapshot_json")) return nullptr;
    const std::string_view json = text_of(in);
    if (Result<void> checked = check_json(json, kSnapshotDepthMax); !checked) {
      fail("snapshot_json: " + checked.error().message);
      return nullptr;
    }
    return PackedText::raw(json);
  }

  // A text that is shown to people: what is there is not blank.
  std::string shown(storm_str in, std::string_view field, std::size_t low) {
    std::string out = text(in, field, low, kNameBytesMax);
    if (!error_ && !out.empty() && is_blank(out)) fail(fmt::format("{} is blank", field));
    return out;
  }

  std::string text(storm_str in, std::string_view field, std::size_t low, std::size_t high) {
    if (error_) return {};
    if (in.n < low || in.n > high) {
      fail(fmt::format("{} has {} bytes, {} to {} are allowed", field, in.n, low, high));
      return {};
    }
    if (!take_bytes(in, field)) return {};
    const std::string_view bytes = text_of(in);
    if (!is_utf8(bytes)) {
      fail(fmt::format("{} is not valid UTF-8", field));
      return {};
    }
    return std::string(bytes);
  }

  bool take_bytes(storm_str in, std::string_view field) {
    if (in.n > 0 && !in.p) {
      fail(fmt::format("{} is NULL but has {} bytes", field, in.n));
      return false;
    }
    if (in.n > kBatchBytesMax - bytes_) {
      fail(fmt::format("the batch is larger than {} MiB", kBatchBytesMax / 1024 / 1024));
      return false;
    }
    bytes_ += in.n;
    return true;
  }

  void check_list(storm_list in, std::string_view field, std::size_t element_size) {
    if (in.n == 0) return;
    if (!in.p) fail(fmt::format("{} is NULL but has {} elements", field, in.n));
    if (in.stride < element_size) {
      fail(fmt::format("{} has elements of {} bytes, at least {} are needed", field, in.stride,
                       element_size));
    }
  }

  void check_flags(std::uint32_t flags, std::uint32_t known) {
    if ((flags & ~known) != 0) {
      fail(fmt::format("flags {:#x} are not known, known are {:#x}", flags & ~known, known));
    }
  }

  int word(std::int32_t value, std::string_view field, std::size_t count) {
    if (value >= 0 && static_cast<std::size_t>(value) < count) return value;
    fail(fmt::format("{} is {}, 0 to {} are allowed", field, value, count - 1));
    return 0;
  }

  void fail(const std::string& message) {
    if (error_) return;
    std::string place(where_);
    if (place != "batch") place += fmt::format("[{}]", where_index_);
    if (!uid_.empty()) place += fmt::format(" (uid \"{}\")", one_line(uid_));
    error_ = Error{Errc::InvalidArgument, place + ": " + message};
  }

  std::string_view where_;
  std::size_t where_index_ = 0;
  std::string uid_;
  std::size_t bytes_ = 0;
  std::optional<Error> error_;
};

}  // namespace

Result<DiscoveryBatch> read_batch(const storm_batch& batch) { return Reader().read(batch); }

}  // namespace storm
