#include "core/daemon/executor_runner.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>

namespace storm {

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
  const Isolation isolation = STORM_TRY(choose_isolation(manifest, environment.isolation));
  if (isolation == Isolation::Process) return environment.check_isolated(manifest);
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
  runner->sink_ = std::make_shared<EngineSink>(engine, std::move(registration), runner->agent_);
  runner->adapter_->run(runner->sink_);
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

void ExecutorRunner::look(const State& state) {
  if (sink_ && sink_->look(state)) adapter_->relist();
}

std::vector<InstanceMetric> ExecutorRunner::metrics() const {
  return adapter_ ? adapter_->instance().services().metrics() : std::vector<InstanceMetric>();
}

}  // namespace storm
