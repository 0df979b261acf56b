// The storm_host of one plugin instance: what the plugin may ask of us, and what it told us.
// Made before the instance. It outlives destroy: a plugin that still calls a service then is told
// so, once, and nothing happens (kept by LibraryRegistry::keep). [any-thread]
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/document/value.hpp"
#include "core/plugin_host/model_reader.hpp"
#include "storm/host.h"

namespace spdlog {
class logger;
}

namespace storm {

inline constexpr std::size_t kMetricsPerInstanceMax = 64;
inline constexpr std::uint32_t kThreadsPerInstanceMax = 256;  // of its own, announced at a time
inline constexpr std::uint32_t kQueriesPerInstanceMax = 4;    // at a time
inline constexpr std::int64_t kQueryTimeMax = 30 * kNanosecondsPerSecond;
// Counts what a plugin did against the rules of threads; each kind is logged once.
inline constexpr std::string_view kViolationsMetric = "abi_violations_total";

// What an instance last said about its source.
struct SourceStatus {
  std::int32_t source = STORM_SOURCE_CONNECTING;
  std::string summary;
  std::string detail_json;

  friend bool operator==(const SourceStatus&, const SourceStatus&) = default;
};
// "connecting", "live", "degraded", "lost".
std::string_view name_of_source(std::int32_t source);

struct InstanceMetric {
  std::string name;
  bool counter = false;
  double value = 0;
};

class HostServices {
 public:
  struct Options {
    std::string instance;            // name in the configuration
    std::string host_version;        // of stormd
    std::vector<std::string> needs;  // ids of the services that the manifest asks for
    Value config;                    // of the instance
    std::shared_ptr<const Clock> clock;
    std::shared_ptr<spdlog::logger> log;
    // Told of every report about the source, changed or not, instead of the log: somebody else
    // keeps it. Null: nobody.
    std::function<void(const SourceStatus&)> tell_status = nullptr;
    std::shared_ptr<ModelReader> model = nullptr;  // null: there is no query service
    // Gives the secret of a reference that the configuration mentions; null: read_secret.
    std::function<Result<std::string>(std::string_view reference)> secrets = nullptr;
    // False for a runtime whose threads are not the plugin's to announce.
    bool threads_announce_themselves = true;
  };

  explicit HostServices(Options options);
  HostServices(const HostServices&) = delete;
  HostServices& operator=(const HostServices&) = delete;

  const storm_host* raw() const { return &raw_; }
  const std::string& instance() const { return options_.instance; }
  const Clock& clock() const { return *options_.clock; }
  spdlog::logger& log() const { return *log_; }
  const std::string& config_json() const { return config_json_; }

  SourceStatus status() const;
  void set_status(SourceStatus status);
  // Told of every change of the status, on the thread that made it. Null: nobody.
  void on_status(std::function<void(const SourceStatus&)> listener);
  std::vector<InstanceMetric> metrics() const;
  // The secret that a reference stands for. Unsupported: the configuration does not mention it.
  Result<std::string> secret(std::string_view reference) const;
  ModelReader* model() const { return options_.model.get(); }

  // May the calling thread use a service now? What is not in order is reported; false: the service
  // does nothing. `waits`: it may wait.
  bool admit(std::string_view service, bool waits);
  // The instance was destroyed: services do nothing from now on.
  void end();
  // Reports threads that are still announced; for after quiesce.
  void check_threads_left();

  // Adds to a counter of the instance, as the plugin itself can.
  void count(std::string_view name, double by = 1) { record(true, name, by); }
  // Adds to a counter or sets a gauge; a name that is none, or one too many, is dropped.
  void record(bool counter, std::string_view name, double value);

 private:
  struct Tables;
  enum Violation : unsigned {
    kWaitInPure = 1,
    kUnannounced = 2,
    kAfterDestroy = 4,
    kLeftThreads = 8
  };

  void report_violation(Violation violation, std::string_view what);

  const Options options_;
  const std::string config_json_;
  const std::shared_ptr<spdlog::logger> log_;
  storm_host raw_{};
  std::atomic<bool> ended_ = false;
  std::atomic<unsigned> reported_ = 0;  // Violation bits
  std::atomic<std::uint32_t> announced_ = 0;
  std::atomic<std::uint32_t> queries_ = 0;

  mutable std::mutex mutex_;
  std::function<void(const SourceStatus&)> listener_;           // Guarded by mutex_.
  SourceStatus status_;                                         // Guarded by mutex_.
  std::map<std::string, InstanceMetric, std::less<>> metrics_;  // Guarded by mutex_.
};

}  // namespace storm
