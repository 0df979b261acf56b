// One instance of a plugin: a stack of steps (mapped, created, started), undone in reverse. The
// owner starts and stops it from one thread; its interface is called from many between the two.
// Held by shared_ptr: a thread stuck in a plugin keeps everything that it touches alive.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "core/plugin_host/host_services.hpp"
#include "core/plugin_host/isolation.hpp"
#include "core/plugin_host/plugin_call.hpp"
#include "core/plugin_host/plugin_code.hpp"
#include "core/plugin_host/plugin_loader.hpp"

namespace storm {

inline constexpr std::int64_t kStartTimeout = 10 * kNanosecondsPerSecond;
inline constexpr std::int64_t kQuiesceTimeout = 1 * kNanosecondsPerSecond;

enum class PluginState { Discovered, Loaded, Created, Started, Quiescing, Stopped, Failed };
// "discovered", "loaded", ...
std::string_view name_of(PluginState state);

// What every instance is given by the daemon.
struct PluginEnvironment {
  std::string version;  // of stormd
  std::shared_ptr<const Clock> clock;
  std::shared_ptr<spdlog::logger> log;
  std::shared_ptr<LibraryRegistry> libraries;
  IsolationChoices isolation = {};
  PluginIsolator isolate = nullptr;  // null: every plugin is mapped here
  // Whether a process of its own can map a plugin, by having one do so. With `isolate`.
  std::function<Result<void>(const Manifest&)> check_isolated = nullptr;
  // Lets the processes of an instance be started again.
  std::function<void(const std::string& instance)> clear_quarantine = nullptr;
  std::shared_ptr<ModelReader> model = nullptr;  // null: plugins have no query service
};

class PluginInstance : public std::enable_shared_from_this<PluginInstance> {
 public:
  // Maps the plugin, creates and starts an instance named `name`. The error says which step failed;
  // the steps before it are undone. A plugin that does not come back from one within kStartTimeout
  // is left behind with its thread: TimedOut.
  static Result<std::shared_ptr<PluginInstance>> start(const Manifest& manifest, std::string name,
                                                       Value config,
                                                       const PluginEnvironment& environment);
  ~PluginInstance();
  PluginInstance(const PluginInstance&) = delete;
  PluginInstance& operator=(const PluginInstance&) = delete;

  // Requires: every other call of the instance has returned. An instance that does not come back in
  // time is left behind with its thread, and the result says so. Stopping twice is harmless.
  Result<void> stop();
  // Leaves the instance as it is for ever: a call into it never returned.
  void abandon();

  PluginState state() const { return state_.load(); }  // [any-thread]
  const std::string& name() const { return services_->instance(); }
  const Manifest& manifest() const { return manifest_; }
  HostServices& services() { return *services_; }
  const HostServices& services() const { return *services_; }
  const Clock& clock() const { return services_->clock(); }

  // For the adapters. Requires: loaded and created.
  template <typename Table>
  const Table& table() const {
    return *static_cast<const Table*>(plugin_->table());
  }
  storm_inst* handle() const { return instance_; }
  // How long after its deadline a call may still come back.
  std::int64_t patience() const { return plugin_ ? plugin_->patience() : 0; }
  // The code behind the instance. Requires: loaded.
  PluginCode& code() const { return *plugin_; }

 private:
  PluginInstance(const Manifest& manifest, HostServices::Options options);

  Result<void> load(const PluginEnvironment& environment);
  Result<void> create_and_start();
  Result<void> make();
  Result<void> begin();
  // Runs one step of the start on a thread of its own, which is left behind when it hangs.
  Result<void> step(std::string_view what, Result<void> (PluginInstance::*function)());
  Result<void> quiesce();
  void destroy();
  void transition(PluginState to);

  const Manifest manifest_;
  const std::shared_ptr<HostServices> services_;
  std::atomic<PluginState> state_ = PluginState::Discovered;
  std::shared_ptr<PluginCode> plugin_;
  storm_inst* instance_ = nullptr;
  bool begun_ = false;  // its start succeeded
};

// Runs `work` on a thread of its own and waits for it; false when it was not done in time. The
// thread is then left to itself: `work` must own everything that it touches.
bool run_within(std::int64_t timeout_ns, std::function<void()> work);

}  // namespace storm
