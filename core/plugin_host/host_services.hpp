// The storm_host of one plugin instance: what the plugin may ask of us, and what it told us.
// Made before the instance and kept until its destroy has returned. [any-thread]
#pragma once
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
#include "storm/host.h"

namespace spdlog {
class logger;
}

namespace storm {

inline constexpr std::size_t kMetricsPerInstanceMax = 64;

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
  // Adds to a counter of the instance, as the plugin itself can.
  void count(std::string_view name, double by = 1) { record(true, name, by); }
  // Adds to a counter or sets a gauge; a name that is none, or one too many, is dropped.
  void record(bool counter, std::string_view name, double value);

 private:
  struct Tables;

  const Options options_;
  const std::string config_json_;
  const std::shared_ptr<spdlog::logger> log_;
  storm_host raw_{};

  mutable std::mutex mutex_;
  std::function<void(const SourceStatus&)> listener_;           // Guarded by mutex_.
  SourceStatus status_;                                         // Guarded by mutex_.
  std::map<std::string, InstanceMetric, std::less<>> metrics_;  // Guarded by mutex_.
};

}  // namespace storm
