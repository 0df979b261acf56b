// Makes plugins that run in processes of their own, and remembers by instance how their processes
// fared, over restarts of the instance. Owned by the daemon. [any-thread]
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "core/base/result.hpp"
#include "core/plugin_host/plugin_instance.hpp"
#include "core/runner/restart_policy.hpp"
#include "core/runner/runner_session.hpp"

namespace storm::runner {

// Where the runner's program is to be, beside stormd or installed with it.
std::filesystem::path runner_program(const std::filesystem::path& program_folder);

class IsolatedPlugins : public std::enable_shared_from_this<IsolatedPlugins> {
 public:
  struct Options {
    std::filesystem::path program;  // the runner
    std::string version;            // of stormd
    RestartPolicy::Limits restarts;
    Patience patience;
  };
  explicit IsolatedPlugins(Options options) : options_(std::move(options)) {}

  // For PluginEnvironment::isolate; keeps this alive.
  PluginIsolator isolator();
  // For PluginEnvironment::check_isolated; keeps this alive.
  std::function<Result<void>(const Manifest&)> checker(PluginEnvironment environment);
  // Lets the processes of an instance be started again.
  void clear_quarantine(const std::string& instance) { policy_of(instance)->clear(); }

 private:
  Result<void> check(const Manifest& manifest, const PluginEnvironment& environment) const;
  std::shared_ptr<RestartPolicy> policy_of(const std::string& instance);

  const Options options_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<RestartPolicy>> policies_;  // Guarded by mutex_.
};

}  // namespace storm::runner
