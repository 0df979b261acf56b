#include "core/daemon/executor_runner.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <atomic>

namespace storm {

// Hands what an executor says to the engine. Kept alive by the executor's threads.
class ExecutorRunner::EngineSink final : public ResourceSink {
 public:
  EngineSink(Engine& engine, RegisterAgent registration, Id agent)
      : engine_(engine), registration_(std::move(registration)), agent_(agent) {}

  Taken publish(DiscoveryBatch batch, const std::function<bool()>& stop) override {
    if (agent_removed_->exchange(false)) {
      // Somebody deleted the agent while its executor is still configured: it comes back empty and
      // lists again.
      if (auto registered = engine_.execute(registration_); !registered) return Taken::Stopped;
      return Taken::Superseded;
    }
    auto done = [removed = agent_removed_](Result<Outcome> outcome) {
      if (!outcome && outcome.error().code == Errc::NotFound) removed->store(true);
    };
    return engine_.submit_waiting(Discover{agent_, std::move(batch)}, std::move(done), stop)
               ? Taken::Yes
               : Taken::Stopped;
  }

  void report(SourceReport report) override {
    engine_.submit(ReportSource{agent_, std::move(report)}, [](const Result<Outcome>&) {});
  }

 private:
  Engine& engine_;
  const RegisterAgent registration_;
  const Id agent_;
  const std::shared_ptr<std::atomic<bool>> agent_removed_ =
      std::make_shared<std::atomic<bool>>(false);
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
  if (auto retired = engine_.execute(RetireAgent{agent_}); !retired) {
    spdlog::debug("executor {}: {}", config_.name, retired.error().message);
  }
}

std::vector<InstanceMetric> ExecutorRunner::metrics() const {
  return adapter_ ? adapter_->instance().services().metrics() : std::vector<InstanceMetric>();
}

}  // namespace storm
