// A host in miniature for one executor plugin: loads the shared object, runs one instance and its
// watch on a thread, and keeps the model that a host would keep, by the rules of storm/executor.h.
// What the plugin does against those rules is collected in violations().
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "storm/executor.h"

namespace storm::testing {

struct SeenResource {
  std::string uid;
  std::string type;
  std::string parent;
  std::string cluster;
  std::string host;
  std::vector<std::string> names;
  std::string image;
  std::string image_digest;
  std::int32_t status = 0;
  std::int32_t health = 0;
  std::uint64_t revision = 0;
  std::int64_t observed_ns = 0;
  std::string snapshot;
  bool flagged_stale = false;  // the plugin said so of this one
  bool stale = false;          // that, or the whole source is in doubt
  std::uint64_t epoch = 0;
};
using Model = std::map<std::string, SeenResource>;

// The deadlines that tests name are those of a machine at rest. A wait that succeeds ends at once,
// so each may last this many times as long.
inline constexpr int kPatience = 4;

struct Publication {
  enum class What { Upsert, Removal, Pruned, Stale, Synced };
  What what = What::Upsert;
  std::int64_t wall_ns = 0;  // when the host was told
  SeenResource resource;     // of a removal: its uid alone
};

class PluginDriver {
 public:
  explicit PluginDriver(std::string config_json);
  ~PluginDriver();
  PluginDriver(const PluginDriver&) = delete;
  PluginDriver& operator=(const PluginDriver&) = delete;

  // STORM_OK, or what `create` answered; fault() says why.
  storm_rc created() const { return created_; }
  std::string fault() const;

  Model model() const;
  std::vector<Publication> publications() const;
  std::vector<std::string> violations() const;
  std::vector<std::string> log() const;  // warnings, worse, and reports of a source not at its best
  std::string status_detail() const;
  std::string status_summary() const;
  int tier() const;  // of the last report; 0: lost
  double metric(const std::string& name) const;
  bool synced() const;  // a listing ended and nothing is stale

  // Each waits until it holds, for kPatience times the time at most.
  bool wait_for(std::chrono::milliseconds time,
                const std::function<bool(const Model&)>& holds) const;
  bool wait_for_tier(int tier, std::chrono::milliseconds time) const;
  bool wait_for_sync(std::chrono::milliseconds time) const;
  // Until a line of the log contains `part`.
  bool wait_for_log(std::chrono::milliseconds time, const std::string& part) const;

 private:
  struct Services;
  void run();
  storm_rc publish(const storm_batch& batch);
  bool stop_requested() const;

  // Constant after construction.
  void* library_ = nullptr;
  const storm_plugin* plugin_ = nullptr;
  const storm_executor_v1* table_ = nullptr;
  storm_inst* instance_ = nullptr;
  storm_rc created_ = STORM_E_INTERNAL;
  storm_host host_{};
  storm_feed feed_{};
  int cancel_pipe_[2] = {-1, -1};

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  // Guarded by mutex_.
  Model model_;
  std::vector<Publication> publications_;
  std::vector<std::string> violations_;
  std::vector<std::string> log_;
  std::map<std::string, double> metrics_;
  std::string fault_;
  std::string status_detail_;
  std::string status_summary_;
  std::int32_t source_ = STORM_SOURCE_CONNECTING;
  std::uint64_t sync_epoch_ = 0;
  bool synced_ = false;
  bool in_doubt_ = false;  // of STORM_B_STALE, until the next SYNC_END

  std::atomic<bool> cancelled_ = false;
  std::thread watch_;
};

std::int64_t wall_now();

}  // namespace storm::testing
