#include "tests/swarm/plugin_driver.hpp"

#include <dlfcn.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "storm/cpp/text.hpp"

namespace storm::testing {
namespace {

using sdk::view;

std::string copy(storm_str text) { return std::string(view(text)); }

std::int64_t clock_ns(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

}  // namespace

std::int64_t wall_now() { return clock_ns(CLOCK_REALTIME); }

// The services of the host: their first argument leads back to the driver.
struct PluginDriver::Services {
  static PluginDriver& of(const storm_host* host) { return *static_cast<PluginDriver*>(host->ctx); }

  static std::int32_t threshold(const storm_host*) { return STORM_LOG_INFO; }
  static void write(const storm_host* host, std::int32_t level, storm_str, storm_str message) {
    PluginDriver& self = of(host);
    const std::lock_guard lock(self.mutex_);
    if (std::getenv("STORM_TEST_LOG") != nullptr) {
      std::fprintf(stderr, "[%d] %s\n", level, copy(message).c_str());
    }
    if (level < STORM_LOG_WARN) return;
    self.log_.push_back(copy(message));
    self.changed_.notify_all();
  }
  static storm_rc cancelled(const storm_host* host, const storm_call*) {
    return of(host).cancelled_ ? STORM_YES : STORM_OK;
  }
  static std::int32_t cancel_fd(const storm_host* host, const storm_call*) {
    return of(host).cancel_pipe_[0];
  }
  static storm_rc sleep(const storm_host* host, const storm_call*, std::int64_t ns) {
    pollfd fd{of(host).cancel_pipe_[0], POLLIN, 0};
    poll(&fd, 1, static_cast<int>(ns / 1'000'000));
    return of(host).cancelled_ ? STORM_E_CANCELLED : STORM_OK;
  }
  static std::int64_t mono_ns(const storm_host*) { return clock_ns(CLOCK_MONOTONIC); }
  static std::int64_t wall_ns(const storm_host*) { return wall_now(); }
  static void report(const storm_host* host, std::int32_t source, storm_str summary,
                     storm_str detail) {
    PluginDriver& self = of(host);
    const std::lock_guard lock(self.mutex_);
    const bool worth_a_line = source == STORM_SOURCE_DEGRADED || source == STORM_SOURCE_LOST;
    if (worth_a_line && copy(summary) != self.status_summary_) self.log_.push_back(copy(summary));
    self.source_ = source;
    self.status_summary_ = copy(summary);
    self.status_detail_ = copy(detail);
    self.changed_.notify_all();
  }
  static void record(const storm_host* host, std::uint32_t kind, storm_str name, double value) {
    PluginDriver& self = of(host);
    const std::lock_guard lock(self.mutex_);
    double& metric = self.metrics_[copy(name)];
    metric = kind == STORM_METRIC_COUNTER ? metric + value : value;
  }
  static void fail(const storm_host* host, storm_error*, const storm_fault* fault) {
    PluginDriver& self = of(host);
    const std::lock_guard lock(self.mutex_);
    self.fault_ = copy(fault->message);
  }
  static const void* service(const storm_host*, const char* id) {
    static constexpr storm_log_v1 kLog = {sizeof kLog, 0, &threshold, &write};
    static constexpr storm_calls_v1 kCalls = {sizeof kCalls, 0,       &cancelled, &cancel_fd,
                                              &sleep,        nullptr, nullptr};
    static constexpr storm_clock_v1 kClock = {sizeof kClock, 0, &mono_ns, &wall_ns};
    static constexpr storm_status_v1 kStatus = {sizeof kStatus, 0, &report};
    static constexpr storm_metrics_v1 kMetrics = {sizeof kMetrics, 0, &record};
    if (std::strcmp(id, "storm.host.log/1") == 0) return &kLog;
    if (std::strcmp(id, "storm.host.calls/1") == 0) return &kCalls;
    if (std::strcmp(id, "storm.host.clock/1") == 0) return &kClock;
    if (std::strcmp(id, "storm.host.status/1") == 0) return &kStatus;
    if (std::strcmp(id, "storm.host.metrics/1") == 0) return &kMetrics;
    return nullptr;
  }
};

PluginDriver::PluginDriver(std::string config_json) {
  library_ = dlopen(STORM_TEST_PLUGIN, RTLD_NOW | RTLD_LOCAL);
  if (library_ == nullptr) {
    fault_ = dlerror();
    return;
  }
  const auto entry = reinterpret_cast<storm_entry_fn>(dlsym(library_, STORM_TEST_ENTRY));
  plugin_ = entry != nullptr ? entry(STORM_ABI_MAJOR, STORM_ABI_MINOR) : nullptr;
  if (plugin_ == nullptr) {
    fault_ = "no entry";
    return;
  }
  table_ = static_cast<const storm_executor_v1*>(plugin_->iface(STORM_EXECUTOR_V1));
  if (pipe(cancel_pipe_) != 0) return;

  host_.size = sizeof host_;
  host_.abi_major = STORM_ABI_MAJOR;
  host_.abi_minor = STORM_ABI_MINOR;
  host_.ctx = this;
  host_.name = sdk::str("driver");
  host_.version = sdk::str("1");
  host_.instance = sdk::str("test");
  host_.service = &Services::service;
  host_.fail = &Services::fail;

  feed_.size = sizeof feed_;
  feed_.ctx = this;
  feed_.publish = [](const storm_feed* feed, const storm_call*, const storm_batch* batch) {
    return static_cast<PluginDriver*>(feed->ctx)->publish(*batch);
  };

  storm_call call{};
  call.size = sizeof call;
  call.thread_class = STORM_T_CTL;
  call.deadline_mono_ns = INT64_MAX;
  created_ = plugin_->create(&host_, &call, sdk::str(config_json), &instance_);
  if (created_ != STORM_OK) return;
  plugin_->start(instance_, &call, sdk::str(""));
  watch_ = std::thread([this] { run(); });
}

PluginDriver::~PluginDriver() {
  cancelled_ = true;
  if (cancel_pipe_[1] >= 0) (void)!::write(cancel_pipe_[1], "x", 1);
  if (watch_.joinable()) watch_.join();
  if (instance_ != nullptr) {
    storm_call call{};
    call.size = sizeof call;
    call.thread_class = STORM_T_CTL;
    call.deadline_mono_ns = INT64_MAX;
    plugin_->quiesce(instance_, &call, nullptr);
    plugin_->destroy(instance_);
  }
  for (const int fd : cancel_pipe_) {
    if (fd >= 0) close(fd);
  }
}

// As the host does it: an error marks everything stale, and the watch begins again after a while.
void PluginDriver::run() {
  while (!cancelled_) {
    storm_call call{};
    call.size = sizeof call;
    call.thread_class = STORM_T_WATCH;
    call.deadline_mono_ns = INT64_MAX;
    const storm_rc rc = table_->watch(instance_, &call, sdk::str(""), sdk::str(""), &feed_);
    const std::lock_guard lock(mutex_);
    if (!cancelled_) violations_.push_back("watch returned " + std::to_string(rc) + ": " + fault_);
    if (!cancelled_ && violations_.size() > 10) return;
  }
}

storm_rc PluginDriver::publish(const storm_batch& batch) {
  const std::int64_t now = wall_now();
  const std::lock_guard lock(mutex_);
  const auto violate = [this](const std::string& what) { violations_.push_back(what); };
  if (batch.upserts.n + batch.removals.n > 10'000) violate("a batch of more than 10,000");
  if ((batch.flags & STORM_B_SYNC_BEGIN) != 0) {
    if (batch.epoch <= sync_epoch_) violate("an epoch that does not grow");
    sync_epoch_ = batch.epoch;
  }
  std::set<std::string> mentioned;
  for (const storm_resource& raw : sdk::List<storm_resource>(batch.upserts)) {
    SeenResource seen;
    seen.uid = copy(raw.uid);
    seen.type = copy(raw.type);
    seen.parent = copy(raw.parent_uid);
    seen.cluster = copy(raw.cluster_uid);
    seen.host = copy(raw.host_uid);
    for (const storm_str& name : sdk::List<storm_str>(raw.names)) seen.names.push_back(copy(name));
    seen.image = copy(raw.image);
    seen.image_digest = copy(raw.image_digest);
    seen.status = raw.status;
    seen.health = raw.health;
    seen.revision = raw.revision;
    seen.observed_ns = raw.observed_wall_ns;
    seen.snapshot = copy(raw.snapshot_json);
    seen.flagged_stale = (raw.flags & STORM_R_STALE) != 0;
    seen.stale = in_doubt_ || seen.flagged_stale;
    seen.epoch = sync_epoch_;
    if (seen.uid.empty() || seen.uid.size() > 512) violate("a uid of a wrong length");
    if (seen.names.empty()) violate("no names: " + seen.uid);
    if (!mentioned.insert(seen.uid).second) violate("twice in a batch: " + seen.uid);
    if (!nlohmann::json::accept(seen.snapshot)) violate("a snapshot that is not JSON: " + seen.uid);
    const auto known = model_.find(seen.uid);
    if (known != model_.end() && !known->second.stale && seen.revision < known->second.revision) {
      violate("a lower revision: " + seen.uid);
      continue;
    }
    publications_.push_back({Publication::What::Upsert, now, seen});
    model_[seen.uid] = std::move(seen);
  }
  for (const storm_removal& raw : sdk::List<storm_removal>(batch.removals)) {
    const std::string uid = copy(raw.uid);
    if (model_.erase(uid) == 0) violate("a removal of what is not there: " + uid);
    SeenResource gone;
    gone.uid = uid;
    publications_.push_back({Publication::What::Removal, now, std::move(gone)});
  }
  if ((batch.flags & STORM_B_SYNC_END) != 0) {
    for (auto each = model_.begin(); each != model_.end();) {
      if (each->second.epoch != sync_epoch_) {
        publications_.push_back({Publication::What::Pruned, now, each->second});
        each = model_.erase(each);
      } else {
        ++each;
      }
    }
    publications_.push_back({Publication::What::Synced, now, {}});
    synced_ = true;
    in_doubt_ = false;
    for (auto& [uid, resource] : model_) resource.stale = resource.flagged_stale;
  }
  if ((batch.flags & STORM_B_STALE) != 0) {
    for (auto& [uid, resource] : model_) resource.stale = true;
    publications_.push_back({Publication::What::Stale, now, {}});
    synced_ = false;
    in_doubt_ = true;
  }
  changed_.notify_all();
  return cancelled_ ? STORM_E_CANCELLED : STORM_OK;
}

std::string PluginDriver::fault() const {
  const std::lock_guard lock(mutex_);
  return fault_;
}
Model PluginDriver::model() const {
  const std::lock_guard lock(mutex_);
  return model_;
}
std::vector<Publication> PluginDriver::publications() const {
  const std::lock_guard lock(mutex_);
  return publications_;
}
std::vector<std::string> PluginDriver::violations() const {
  const std::lock_guard lock(mutex_);
  return violations_;
}
std::vector<std::string> PluginDriver::log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}
std::string PluginDriver::status_detail() const {
  const std::lock_guard lock(mutex_);
  return status_detail_;
}
std::string PluginDriver::status_summary() const {
  const std::lock_guard lock(mutex_);
  return status_summary_;
}
double PluginDriver::metric(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = metrics_.find(name);
  return found != metrics_.end() ? found->second : 0;
}
bool PluginDriver::synced() const {
  const std::lock_guard lock(mutex_);
  return synced_;
}
int PluginDriver::tier() const {
  const std::lock_guard lock(mutex_);
  if (source_ == STORM_SOURCE_LOST) return 0;
  const auto detail = nlohmann::json::parse(status_detail_, nullptr, false);
  return detail.is_object() ? detail.value("tier", -1) : -1;
}

bool PluginDriver::wait_for(std::chrono::milliseconds time,
                            const std::function<bool(const Model&)>& holds) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience * time, [&] { return holds(model_); });
}
bool PluginDriver::wait_for_tier(int wanted, std::chrono::milliseconds time) const {
  const auto end = std::chrono::steady_clock::now() + kPatience * time;
  while (tier() != wanted) {
    std::unique_lock lock(mutex_);
    if (changed_.wait_until(lock, end) == std::cv_status::timeout) {
      lock.unlock();
      return tier() == wanted;
    }
  }
  return true;
}
bool PluginDriver::wait_for_sync(std::chrono::milliseconds time) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience * time, [&] { return synced_; });
}
bool PluginDriver::wait_for_log(std::chrono::milliseconds time, const std::string& part) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience * time, [&] {
    return std::ranges::any_of(
        log_, [&](const std::string& line) { return line.find(part) != std::string::npos; });
  });
}

}  // namespace storm::testing
