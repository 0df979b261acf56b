// What tests of plugins share: a folder that goes away, manifests, a quiet environment, a sink that
// keeps what it is given.
#pragma once
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "core/plugin_host/plugin_instance.hpp"
#include "core/plugin_host/resource_sink.hpp"

namespace storm::test {

class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "storm-test-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

inline std::filesystem::path fixture(const std::string& name) {
  return std::filesystem::path(STORM_FIXTURES) / (name + ".so");
}

// A manifest that fits a fixture; tests bend what they are about.
inline Manifest manifest_of(const std::string& library, const std::string& name = "fixture") {
  Manifest manifest;
  manifest.file = "/plugins/executor-" + name + ".yaml";
  manifest.id = "executor." + name;
  manifest.kind = "executor";
  manifest.name = name;
  manifest.version = "1.0.0";
  manifest.abi_major = STORM_ABI_MAJOR;
  manifest.library = fixture(library);
  manifest.entry = "storm_entry_" + name;
  manifest.runtime = "native";
  manifest.provides = {"storm.executor/1"};
  manifest.needs = {"storm.host.log/1",     "storm.host.calls/1",  "storm.host.clock/1",
                    "storm.host.config/1",  "storm.host.status/1", "storm.host.metrics/1",
                    "storm.host.threads/1", "storm.host.query/1"};
  return manifest;
}

// Keeps the log so that tests can read it.
struct Environment {
  std::ostringstream written;
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  PluginEnvironment value{"1.2.3", clock,
                          std::make_shared<spdlog::logger>(
                              "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(written)),
                          std::make_shared<LibraryRegistry>()};
};

class KeepingSink final : public ResourceSink {
 public:
  Taken publish(DiscoveryBatch batch, const std::function<bool()>& stop) override {
    std::unique_lock lock(mutex_);
    batches_.push_back(std::move(batch));
    changed_.notify_all();
    while (blocked_ && !stop()) changed_.wait_for(lock, std::chrono::milliseconds(5));
    if (blocked_) return Taken::Stopped;
    return std::exchange(once_, std::nullopt).value_or(answer_);
  }
  void report(SourceReport report) override {
    const std::lock_guard lock(mutex_);
    reports_.push_back(std::move(report));
    changed_.notify_all();
  }
  void block() {
    const std::lock_guard lock(mutex_);
    blocked_ = true;
  }
  void answer(Taken taken) {
    const std::lock_guard lock(mutex_);
    answer_ = taken;
  }
  void answer_once(Taken taken) {
    const std::lock_guard lock(mutex_);
    once_ = taken;
  }
  // False when it did not come true within ten seconds.
  template <typename Condition>
  bool wait_until(const Condition& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10),
                             [&] { return condition(batches_, reports_); });
  }
  std::vector<DiscoveryBatch> batches() const {
    const std::lock_guard lock(mutex_);
    return batches_;
  }
  std::vector<SourceReport> reports() const {
    const std::lock_guard lock(mutex_);
    return reports_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<DiscoveryBatch> batches_;  // Guarded by mutex_.
  std::vector<SourceReport> reports_;    // Guarded by mutex_.
  bool blocked_ = false;                 // Guarded by mutex_.
  Taken answer_ = Taken::Yes;            // Guarded by mutex_.
  std::optional<Taken> once_;            // Guarded by mutex_; the next answer, if it is another.
};

}  // namespace storm::test
