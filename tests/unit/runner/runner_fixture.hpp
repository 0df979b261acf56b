// What tests of runners share: an environment whose executors run in processes, and what this
// process has of descriptors, threads and children.
#pragma once
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "core/plugin_host/executor_adapter.hpp"
#include "core/runner/isolated_plugins.hpp"
#include "plugin_fixture.hpp"
#include "slowness.hpp"

namespace storm::runner::test {

using namespace storm::test;  // NOLINT: the names of the other fixture are meant as if they were
                              // here

inline Manifest unruly() {
  Manifest manifest = manifest_of("unruly", "unruly");
  manifest.isolation = {Isolation::Process, {Isolation::Process, Isolation::InProcess}};
  return manifest;
}

// A log that can be read while others write it.
class KeptLog final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  std::string str() {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    text_.append(line.data(), line.size());
  }
  void flush_() override {}

  std::string text_;  // Guarded by mutex_.
};

struct Isolated {
  explicit Isolated(RestartPolicy::Limits restarts = {}, Patience patience = {},
                    const std::string& program = STORM_RUNNER) {
    IsolatedPlugins::Options options;
    options.program = program;
    options.version = "1.2.3";
    options.restarts = restarts;
    options.patience = patience;
    plugins = std::make_shared<IsolatedPlugins>(options);
    environment.value.clock = std::make_shared<SystemClock>();
    environment.value.log = std::make_shared<spdlog::logger>("test", kept);
    environment.value.isolate = plugins->isolator();
  }
  Result<std::shared_ptr<PluginInstance>> start(const std::string& habit,
                                                const Manifest& manifest = unruly(),
                                                const std::string& name = "prod") {
    return PluginInstance::start(manifest, name, Value(habit), environment.value);
  }
  std::string log() const { return kept->str(); }

  const std::shared_ptr<KeptLog> kept = std::make_shared<KeptLog>();
  Environment environment;
  std::shared_ptr<IsolatedPlugins> plugins;
};

// An executor that discovers into a sink.
struct Watching {
  explicit Watching(const std::string& habit, RestartPolicy::Limits restarts = {},
                    Patience patience = {}, const Manifest& manifest = unruly())
      : isolated(restarts, patience) {
    auto started = isolated.start(habit, manifest);
    if (!started) throw std::runtime_error(started.error().message);
    instance = *started;
    auto created = ExecutorAdapter::create(*started);
    if (!created) throw std::runtime_error(created.error().message);
    adapter = std::move(*created);
    adapter->run(sink);
  }
  int pid() const { return instance->code().process()->pid; }

  Isolated isolated;
  std::shared_ptr<KeepingSink> sink = std::make_shared<KeepingSink>();
  std::shared_ptr<PluginInstance> instance;
  std::unique_ptr<ExecutorAdapter> adapter;
};

// False when it did not come true in time.
inline bool eventually(const std::function<bool()>& condition, int seconds = 10) {
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::seconds(seconds * slowness());
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

inline std::size_t entries(const char* folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}
inline std::size_t descriptors() { return entries("/proc/self/fd"); }
inline std::size_t threads() { return entries("/proc/self/task"); }

// Zombies too.
inline std::size_t children() {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "stat");
    std::string text;
    if (!std::getline(file, text)) continue;
    const std::size_t end = text.rfind(')');
    if (end == std::string::npos || end + 4 > text.size()) continue;
    if (std::atoi(text.c_str() + end + 4) == ::getpid()) ++count;
  }
  return count;
}

}  // namespace storm::runner::test
