// Daemon: the composition root. Makes the parts in order of need, hands each what it works on, and
// stops them in reverse. Used by one thread.
#pragma once
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/result.hpp"
#include "core/config/config.hpp"
#include "core/config/environment.hpp"
#include "core/daemon/engine_model.hpp"
#include "core/daemon/executors.hpp"
#include "core/daemon/plugin_clerk.hpp"
#include "core/engine/engine.hpp"
#include "core/plugin_host/plugin_scan.hpp"
#include "core/rest/server.hpp"
#include "core/runner/isolated_plugins.hpp"

namespace storm {

class StorageAdapter;

class Daemon {
 public:
  // Everything runs when this returns. The error says what could not start and why.
  static Result<std::unique_ptr<Daemon>> start(const Config& config,
                                               const Environment& environment);
  ~Daemon();  // stops

  // "http://127.0.0.1:28482", one for each address.
  std::vector<std::string> urls() const;
  // Starts, ends and restarts executors as the new configuration says; what needs a restart of
  // stormd is logged.
  void reload(const Config& config);
  // Waits for room in the engine's queue until `give_up()`; calls `answered`, on the engine's
  // thread, when it got so far. [any-thread until stop()]
  void probe(const std::function<bool()>& give_up, std::function<void()> answered);
  // Stops what runs, in reverse order; a second call does nothing.
  void stop();

 private:
  explicit Daemon(const Config& config);

  Result<void> open_storage();
  Result<std::shared_ptr<const OperatorSet>> load_operators();
  std::vector<rest::Metric> plugin_metrics() const;

  Config config_;
  const std::shared_ptr<const Clock> clock_;
  std::shared_ptr<runner::IsolatedPlugins> isolated_;
  const std::shared_ptr<EngineModel> model_ = std::make_shared<EngineModel>();
  PluginEnvironment plugins_;
  PluginCatalog catalog_;
  std::unique_ptr<Storage> memory_;        // with --ephemeral
  std::unique_ptr<StorageAdapter> store_;  // else
  std::unique_ptr<Engine> engine_;
  std::set<std::string> loaded_;  // ids of plugins that are mapped into stormd
  std::unique_ptr<Executors> executors_;
  std::unique_ptr<PluginClerk> clerk_;
  std::unique_ptr<rest::Server> server_;
};

}  // namespace storm
