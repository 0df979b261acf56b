// What an executor publishes, as the host would take it: a feed that checks and keeps each batch,
// and one full listing of a scope by means of it.
#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/model/discovery.hpp"
#include "plugin_check/checked_instance.hpp"
#include "storm/executor.h"

namespace storm::plugin_check {

class KeepingFeed {  // [any-thread]
 public:
  explicit KeepingFeed(CheckedInstance& instance, std::string scope);
  KeepingFeed(const KeepingFeed&) = delete;
  KeepingFeed& operator=(const KeepingFeed&) = delete;

  const storm_feed* raw() const { return &feed_; }
  // From now on every batch is answered so, and none is taken.
  void refuse(storm_rc code);
  // True when a full listing, or a refused batch, was there by then.
  bool wait_listed(double seconds);
  bool wait_published(std::size_t batches, double seconds);
  std::size_t published() const;
  std::size_t refused() const;
  std::vector<DiscoveryBatch> batches() const;
  std::string bookmark() const;  // the last that was not empty

 private:
  static storm_rc publish(const storm_feed* feed, const storm_call* call,
                          const storm_batch* batch) noexcept;
  storm_rc take(const storm_batch& batch);

  CheckedInstance& instance_;
  const std::string scope_;
  const storm_feed feed_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<DiscoveryBatch> batches_;  // Guarded by mutex_, as all below.
  std::string bookmark_;
  std::optional<storm_rc> answer_;
  std::size_t published_ = 0;
  std::size_t refused_ = 0;
  bool listed_ = false;
  bool broken_ = false;  // a rule of the ABI was broken, which is said once
};

struct Listing {
  bool complete = false;
  Answer answer;  // of the call, when it ended by itself
  std::vector<DiscoveryBatch> batches;
  std::string bookmark;

  // Of the full listing, sorted.
  std::vector<std::string> uids() const;
};

// The scopes that the executor describes.
std::vector<std::string> scopes_of(CheckedInstance& instance);

// By `sync` if there is one, else by a `watch` that is cancelled once it has listed.
Listing list_scope(CheckedInstance& instance, const std::string& scope);

}  // namespace storm::plugin_check
