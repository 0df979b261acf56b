// One executor of the configuration while it runs: its agent in the model, its plugin instance, and
// what connects the two. It is started on a thread of its own. One that cannot start leaves its
// agent with the reason, and the daemon goes on; when its process died or what it needs was not
// there, it is tried again after a while.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/base/result.hpp"
#include "core/config/config.hpp"
#include "core/daemon/engine_sink.hpp"
#include "core/engine/engine.hpp"
#include "core/plugin_host/executor_adapter.hpp"
#include "core/plugin_host/plugin_scan.hpp"

namespace storm {

// How long the daemon waits for an executor before it goes on without it, for now.
inline constexpr std::int64_t kStartWait = 2 * kNanosecondsPerSecond;
// Between attempts to start one in a process of its own.
inline constexpr std::int64_t kStartRetryFirst = 200 * kNanosecondsPerMillisecond;
inline constexpr std::int64_t kStartRetryMax = 30 * kNanosecondsPerSecond;

class ExecutorRunner {
 public:
  // Whether its plugin can be started, as far as that can be told without starting it.
  static Result<void> check(const InstanceConfig& config, const PluginCatalog& catalog,
                            const PluginEnvironment& environment);
  // Registers the agent and starts the plugin; returns after kStartWait at the latest.
  static std::unique_ptr<ExecutorRunner> start(const InstanceConfig& config,
                                               const PluginCatalog& catalog,
                                               const PluginEnvironment& environment,
                                               Engine& engine);
  ~ExecutorRunner();  // stops

  // Ends the plugin's work, in a few seconds at most. What it knew stays as it is: for the end of
  // stormd, which finds it stale at its next start.
  void stop();
  // Stops, and marks the agent offline and what it knew as stale: for an executor that is not
  // configured any more.
  void retire();
  // Looks at a state that was published; does not wait. An agent that somebody deleted comes back.
  void look(const State& state);  // [engine-thread]
  bool is_running() const;
  // Ends a quarantine and tries again at once.  [any-thread]
  void clear_quarantine();

  const InstanceConfig& config() const;
  std::vector<InstanceMetric> metrics() const;  // [any-thread]
  // The plugin of the instance that runs; null when none does.  [any-thread]
  std::shared_ptr<const ExecutorAdapter> adapter() const;
  // Nothing for one that is mapped into stormd, or does not run.  [any-thread]
  std::optional<ProcessState> process() const;
  // Name, state, how its source is doing, and its process if it has one.  [any-thread]
  Value to_value() const;
  std::string failure() const;  // why it does not run; empty while it does.  [any-thread]

 private:
  struct Life;
  explicit ExecutorRunner(std::shared_ptr<Life> life);

  const std::shared_ptr<Life> life_;  // one that cannot be stopped in time keeps it alive
  std::thread starter_;
};

}  // namespace storm
