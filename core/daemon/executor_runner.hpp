// One executor of the configuration while it runs: its agent in the model, its plugin instance, and
// what connects the two. An executor that cannot start leaves its agent with the reason, and the
// daemon goes on.
#pragma once
#include <memory>
#include <string>

#include "core/base/result.hpp"
#include "core/config/config.hpp"
#include "core/daemon/engine_sink.hpp"
#include "core/engine/engine.hpp"
#include "core/plugin_host/executor_adapter.hpp"
#include "core/plugin_host/plugin_scan.hpp"

namespace storm {

class ExecutorRunner {
 public:
  // Whether its plugin can be started, as far as that can be told without starting it.
  static Result<void> check(const InstanceConfig& config, const PluginCatalog& catalog,
                            const PluginEnvironment& environment);
  // Registers the agent and starts the plugin. Fails only when the engine does.
  static Result<std::unique_ptr<ExecutorRunner>> start(const InstanceConfig& config,
                                                       const PluginCatalog& catalog,
                                                       const PluginEnvironment& environment,
                                                       Engine& engine);
  // Ends the plugin's work, in a few seconds at most. What it knew stays as it is: for the end of
  // stormd, which finds it stale at its next start.
  void stop();
  // Stops, and marks the agent offline and what it knew as stale: for an executor that is not
  // configured any more.
  void retire();
  // Looks at a state that was published; does not wait. An agent that somebody deleted comes back.
  void look(const State& state);  // [engine-thread]
  bool is_running() const { return adapter_ != nullptr; }

  const InstanceConfig& config() const { return config_; }
  std::vector<InstanceMetric> metrics() const;  // [any-thread]

 private:
  ExecutorRunner(InstanceConfig config, Engine& engine)
      : config_(std::move(config)), engine_(engine) {}

  const InstanceConfig config_;
  Engine& engine_;
  Id agent_;
  std::shared_ptr<EngineSink> sink_;          // none when it could not start
  std::unique_ptr<ExecutorAdapter> adapter_;  // none when it could not start
};

}  // namespace storm
