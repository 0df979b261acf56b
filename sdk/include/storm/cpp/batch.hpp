// Batch: one transaction on the model, built from owned values; Feed: where it goes.
// Not thread-safe; a Feed may be used from any thread of the plugin while its call lasts.
//
//   Batch batch;
//   batch.begin_sync(epoch);
//   for (auto& task : tasks) batch.upsert(resource_of(task));
//   batch.end_sync();
//   if (!feed.publish(call, batch)) return;   // cancelled or superseded
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "storm/cpp/host.hpp"
#include "storm/executor.h"

namespace storm::sdk {

// As storm_resource, owning its text. Empty means "has none" everywhere.
struct Resource {
  std::string uid;
  std::string type;
  std::string parent_uid = {};
  std::string cluster_uid = {};
  std::string host_uid = {};
  std::vector<std::string> names = {};
  std::string image = {};
  std::string image_digest = {};
  std::int32_t status = STORM_STATUS_UNKNOWN;
  std::int32_t health = STORM_HEALTH_UNKNOWN;
  std::uint64_t revision = 0;
  std::int64_t observed_wall_ns = 0;
  bool stale = false;
  std::string snapshot_json = {};
};

class Batch {
 public:
  explicit Batch(std::string scope = {}) : scope_(std::move(scope)) {}

  void begin_sync(std::uint64_t epoch) {
    flags_ |= STORM_B_SYNC_BEGIN;
    epoch_ = epoch;
  }
  // Every batch of a listing carries its epoch, so give it when the listing spans several.
  void set_epoch(std::uint64_t epoch) { epoch_ = epoch; }
  void end_sync() { flags_ |= STORM_B_SYNC_END; }
  void mark_stale() { flags_ |= STORM_B_STALE; }
  void set_bookmark(std::string bookmark) { bookmark_ = std::move(bookmark); }
  void upsert(Resource resource) {
    bytes_ += resource.snapshot_json.size();
    upserts_.push_back(std::move(resource));
  }
  void remove(std::string uid) { removals_.push_back(std::move(uid)); }

  std::size_t size() const { return upserts_.size() + removals_.size(); }
  std::size_t snapshot_bytes() const { return bytes_; }
  bool empty() const { return size() == 0 && flags_ == 0; }
  const std::vector<Resource>& upserts() const { return upserts_; }
  const std::vector<std::string>& removals() const { return removals_; }
  // Empties the batch for its next use; the scope and the epoch stay.
  void clear() {
    flags_ = 0;
    bytes_ = 0;
    bookmark_.clear();
    upserts_.clear();
    removals_.clear();
  }

 private:
  friend class Feed;

  std::string scope_;
  std::uint32_t flags_ = 0;
  std::uint64_t epoch_ = 0;
  std::size_t bytes_ = 0;
  std::string bookmark_;
  std::vector<Resource> upserts_;
  std::vector<std::string> removals_;
};

class Feed {
 public:
  explicit Feed(const storm_feed* feed) : feed_(feed) {}

  // Waits while the model is behind. False: cancelled or superseded, return from the call. Throws
  // Fault when the host refuses the batch; nothing of it was taken then.
  bool publish(const Call& call, const Batch& batch) const {
    std::vector<storm_str> names;
    std::size_t count = 0;
    for (const Resource& resource : batch.upserts_) count += resource.names.size();
    names.reserve(count);  // Never grows below: the resources point into it.

    std::vector<storm_resource> upserts;
    upserts.reserve(batch.upserts_.size());
    for (const Resource& resource : batch.upserts_) upserts.push_back(raw(resource, names));
    std::vector<storm_removal> removals;
    removals.reserve(batch.removals_.size());
    for (const std::string& uid : batch.removals_) {
      removals.push_back({sizeof(storm_removal), 0, str(uid)});
    }

    storm_batch out{};
    out.size = sizeof out;
    out.flags = batch.flags_;
    out.scope = str(batch.scope_);
    out.epoch = batch.epoch_;
    out.upserts = list_of(upserts);
    out.removals = list_of(removals);
    out.bookmark = str(batch.bookmark_);
    const storm_rc rc = feed_->publish(feed_, call.raw(), &out);
    if (rc == STORM_E_FENCED || rc == STORM_E_CANCELLED) return false;
    if (rc < 0) throw Fault(rc, "");
    return true;
  }

 private:
  static storm_resource raw(const Resource& resource, std::vector<storm_str>& names) {
    const std::size_t first = names.size();
    for (const std::string& name : resource.names) names.push_back(str(name));
    storm_resource out{};
    out.size = sizeof out;
    out.flags = resource.stale ? std::uint32_t{STORM_R_STALE} : 0U;
    out.uid = str(resource.uid);
    out.type = str(resource.type);
    out.parent_uid = str(resource.parent_uid);
    out.cluster_uid = str(resource.cluster_uid);
    out.host_uid = str(resource.host_uid);
    out.names = {names.data() + first, static_cast<std::uint32_t>(resource.names.size()),
                 sizeof(storm_str)};
    out.image = str(resource.image);
    out.image_digest = str(resource.image_digest);
    out.status = resource.status;
    out.health = resource.health;
    out.revision = resource.revision;
    out.observed_wall_ns = resource.observed_wall_ns;
    out.snapshot_json = str(resource.snapshot_json);
    return out;
  }

  const storm_feed* feed_;
};

}  // namespace storm::sdk
