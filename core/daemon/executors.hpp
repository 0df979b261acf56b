// Executors: those of the configuration that run, and the plugins that they are made of. Starts,
// ends and renews them while stormd runs.
//
// Owned by the daemon. Changes come one at a time, whoever asks for them, and take seconds; what
// looks at them meanwhile does not wait for that. [any-thread]
#pragma once
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "core/config/config.hpp"
#include "core/daemon/executor_runner.hpp"
#include "core/plugin_host/plugin_scan.hpp"

namespace storm {

class Executors {
 public:
  // `loaded`: ids of the plugins that stormd itself has mapped, its store and operators.
  Executors(PluginCatalog catalog, PluginEnvironment environment, std::set<std::string> loaded,
            Engine& engine);

  // All at once: each has a process to start.
  void start(const std::vector<InstanceConfig>& executors);
  struct Change {
    std::size_t started = 0, ended = 0, renewed = 0;
  };
  // Looks for plugins again, and makes what runs what these say. One whose new form cannot be
  // started goes on as it was.
  Change change_to(const std::vector<InstanceConfig>& executors);
  void stop();  // all at once; one that hangs costs its own time only

  // Of one plugin, by id or name. NotFound names what there is.
  Result<void> reload(const std::string& plugin);
  Result<void> disable(const std::string& plugin);  // until enable, or the end of stormd
  Result<void> enable(const std::string& plugin);
  Result<void> clear_quarantine(const std::string& plugin);

  void look(const State& state);  // [engine-thread]
  Value to_value() const;         // a list of all plugins, with what runs of each
  struct PluginMetric {
    std::string plugin, instance;
    InstanceMetric metric;
  };
  std::vector<PluginMetric> metrics() const;

 private:
  using Configs = std::vector<InstanceConfig>;

  void start_one(const InstanceConfig& config);
  void end_one(const std::string& name);
  bool is_running(const std::string& name) const;
  bool is_disabled(const InstanceConfig& config) const;
  Result<Manifest> find(const std::string& plugin) const;
  // The executor plugin, and the configured executors that are made of it.
  Result<std::pair<Manifest, Configs>> executors_of(const std::string& plugin) const;
  void rescan();
  Value describe(const Manifest& manifest) const;  // Requires: mutex_ is held.

  const PluginEnvironment environment_;
  const std::set<std::string> loaded_;
  Engine& engine_;

  std::mutex changing_;  // held during a change; before mutex_
  Configs configured_;   // Guarded by changing_.

  mutable std::mutex mutex_;  // held for moments only; nobody who holds it waits for the engine
  PluginCatalog catalog_;     // Guarded by mutex_.
  std::set<std::string> disabled_;                                  // Guarded by mutex_. By id.
  std::map<std::string, std::unique_ptr<ExecutorRunner>> running_;  // Guarded by mutex_. By name.
};

}  // namespace storm
