#include "core/daemon/executor_runner.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>

namespace storm {

// Hands what an executor says to the engine, a few batches at a time. Kept alive by the executor's
// threads.
class ExecutorRunner::EngineSink final : public ResourceSink {
 public:
  EngineSink(Engine& engine, RegisterAgent registration, Id agent)
      : engine_(engine), registration_(std::move(registration)), link_(std::make_shared<Link>()) {
    link_->agent = agent;
  }

  Taken publish(DiscoveryBatch batch, const std::function<bool()>& stop) override {
    Id agent;
    std::uint64_t generation = 0;
    {
      std::unique_lock lock(link_->mutex);
      while (link_->in_flight >= kBatchesInFlight) {
        if (stop()) return Taken::Stopped;
        link_->landed.wait_for(lock, kStopLookTime);
      }
      // What the model refused or forgot is told again by a whole listing, by each scope once.
      std::uint64_t& known = generations_[batch.scope];
      if (known != link_->generation) {
        if (!batch.sync_begin) return Taken::Relist;
        known = link_->generation;
      }
      if (link_->agent_removed) {
        // Somebody deleted the agent while its executor is still configured: it comes back empty.
        lock.unlock();
        auto registered = engine_.execute(registration_);
        if (!registered) return Taken::Stopped;
        lock.lock();
        link_->agent = registered->id;
        link_->agent_removed = false;
        // The new agent knows nothing yet of how its source is doing.
        if (last_report_) tell(link_->agent, *last_report_);
      }
      agent = link_->agent;
      generation = link_->generation;
      ++link_->in_flight;
    }
    auto done = [link = link_, generation](const Result<Outcome>& outcome) {
      {
        const std::lock_guard lock(link->mutex);
        --link->in_flight;
        if (!outcome && link->generation == generation) {
          ++link->generation;
          link->agent_removed = outcome.error().code == Errc::NotFound;
        }
      }
      link->landed.notify_all();
    };
    if (engine_.submit_waiting(Discover{agent, std::move(batch)}, done, stop)) return Taken::Yes;
    const std::lock_guard lock(link_->mutex);
    --link_->in_flight;
    return Taken::Stopped;
  }

  void report(SourceReport report) override {
    const std::lock_guard lock(link_->mutex);
    tell(link_->agent, report);
    last_report_ = std::move(report);
  }

 private:
  static constexpr int kBatchesInFlight = 2;
  static constexpr std::chrono::milliseconds kStopLookTime{20};

  void tell(const Id& agent, const SourceReport& report) {
    engine_.submit(ReportSource{agent, report}, [](const Result<Outcome>&) {});
  }

  // What the answers of the engine need; outlives the sink while some are on their way.
  struct Link {
    std::mutex mutex;
    std::condition_variable landed;
    int in_flight = 0;             // Guarded by mutex.
    std::uint64_t generation = 0;  // Guarded by mutex. Rises when something was not taken.
    bool agent_removed = false;    // Guarded by mutex.
    Id agent;                      // Guarded by mutex.
  };

  Engine& engine_;
  const RegisterAgent registration_;
  const std::shared_ptr<Link> link_;
  std::map<std::string, std::uint64_t> generations_;  // Guarded by link_->mutex. By scope.
  std::optional<SourceReport> last_report_;           // Guarded by link_->mutex.
};

namespace {

struct Started {
  std::unique_ptr<ExecutorAdapter> adapter;
  RegisterAgent registration;
};

Result<Started> start_plugin(const InstanceConfig& config, const PluginCatalog& catalog,
                             const PluginEnvironment& environment) {
  const Manifest manifest = STORM_TRY(catalog.find("executor", config.plugin));
  auto instance =
      STORM_TRY(PluginInstance::start(manifest, config.name, config.config, environment));
  auto adapter = STORM_TRY(ExecutorAdapter::create(std::move(instance)));
  RegisterAgent registration{adapter->description().agent_type, config.name,
                             adapter->description().options};
  return Started{std::move(adapter), std::move(registration)};
}

}  // namespace

Result<void> ExecutorRunner::check(const InstanceConfig& config, const PluginCatalog& catalog,
                                   const PluginEnvironment& environment) {
  const Manifest manifest = STORM_TRY(catalog.find("executor", config.plugin));
  return check_loadable(manifest, *environment.libraries);
}

Result<std::unique_ptr<ExecutorRunner>> ExecutorRunner::start(const InstanceConfig& config,
                                                              const PluginCatalog& catalog,
                                                              const PluginEnvironment& environment,
                                                              Engine& engine) {
  std::unique_ptr<ExecutorRunner> runner(new ExecutorRunner(config, engine));
  auto started = start_plugin(config, catalog, environment);
  RegisterAgent registration =
      started ? started->registration : RegisterAgent{config.plugin, config.name, Value::object()};
  runner->agent_ = STORM_TRY(engine.execute(registration)).id;
  if (!started) {
    spdlog::error("executor {} does not run: {}", config.name, started.error().message);
    STORM_TRY(engine.execute(RetireAgent{runner->agent_}));
    STORM_TRY(engine.execute(
        ReportSource{runner->agent_, {SourceState::Lost, started.error().message, Value()}}));
    return runner;
  }
  runner->adapter_ = std::move(started->adapter);
  runner->adapter_->run(
      std::make_shared<EngineSink>(engine, std::move(registration), runner->agent_));
  return runner;
}

void ExecutorRunner::stop() {
  if (!adapter_) return;
  if (auto stopped = adapter_->stop(); !stopped) {
    spdlog::warn("executor {}: {}", config_.name, stopped.error().message);
  }
}

void ExecutorRunner::retire() {
  stop();
  if (auto retired = engine_.execute(RetireAgent{agent_}); !retired) {
    spdlog::debug("executor {}: {}", config_.name, retired.error().message);
  }
}

std::vector<InstanceMetric> ExecutorRunner::metrics() const {
  return adapter_ ? adapter_->instance().services().metrics() : std::vector<InstanceMetric>();
}

}  // namespace storm
