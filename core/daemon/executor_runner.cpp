#include "core/daemon/executor_runner.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace storm {

namespace {

constexpr std::chrono::milliseconds kStopWait{500};  // for one that is just being started

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

// What the thread that starts the plugin works on; it holds it.
struct ExecutorRunner::Life {
  Life(InstanceConfig instance, PluginCatalog plugins, PluginEnvironment surroundings, Engine& to)
      : config(std::move(instance)),
        catalog(std::move(plugins)),
        environment(std::move(surroundings)),
        engine(to) {}

  const InstanceConfig config;
  const PluginCatalog catalog;
  const PluginEnvironment environment;
  Engine& engine;

  mutable std::mutex mutex;
  std::condition_variable changed;
  bool tried = false;                        // Guarded by mutex. Once at least.
  bool finished = false;                     // Guarded by mutex. The thread is about to end.
  bool stopping = false;                     // Guarded by mutex.
  bool hurry = false;                        // Guarded by mutex. The next attempt is to be at once.
  std::string failure;                       // Guarded by mutex.
  Id agent;                                  // Guarded by mutex.
  std::shared_ptr<EngineSink> sink;          // Guarded by mutex; none while it does not run.
  std::shared_ptr<ExecutorAdapter> adapter;  // Guarded by mutex; none while it does not run.

  // The thread that starts the plugin.
  void run() {
    std::int64_t pause = kStartRetryFirst;
    for (;;) {
      Result<Started> started = start_plugin(config, catalog, environment);
      const bool again = started ? false : may_come_back(started.error());
      if (started) {
        adopt(std::move(*started));
      } else {
        fail(started.error());
      }
      std::unique_lock lock(mutex);
      tried = true;
      changed.notify_all();
      if (!again || stopping) return;
      changed.wait_for(lock, std::chrono::nanoseconds(pause), [this] { return stopping || hurry; });
      if (stopping) return;
      if (hurry) pause = kStartRetryFirst;
      hurry = false;
      pause = std::min(2 * pause, kStartRetryMax);
    }
  }

  // What another process or the world outside did, and may do better the next time. One that hung
  // in stormd itself is still there.
  bool may_come_back(const Error& error) const {
    if (error.code != Errc::Unavailable && error.code != Errc::TimedOut) return false;
    const auto manifest = catalog.find("executor", config.plugin);
    if (!manifest) return false;
    const auto isolation = choose_isolation(*manifest, environment.isolation);
    return isolation && *isolation == Isolation::Process;
  }

  void fail(const Error& error) {
    spdlog::error("executor {} does not run: {}", config.name, error.message);
    bool registered = false;
    Id id;
    {
      const std::lock_guard lock(mutex);
      if (stopping) return;
      failure = error.message;
      registered = tried;
      id = agent;
    }
    if (!registered) {
      const auto added = engine.execute(RegisterAgent{config.plugin, config.name, Value::object()});
      if (!added) return log_failure(added.error());
      id = added->id;
      if (auto retired = engine.execute(RetireAgent{id}); !retired) log_failure(retired.error());
    }
    if (auto reported =
            engine.execute(ReportSource{id, {SourceState::Lost, error.message, Value()}});
        !reported) {
      log_failure(reported.error());
    }
    const std::lock_guard lock(mutex);
    agent = id;
  }

  void adopt(Started started) {
    {
      const std::lock_guard lock(mutex);
      if (stopping) return;
    }
    const auto registered = engine.execute(started.registration);
    if (!registered) return log_failure(registered.error());
    auto to = std::make_shared<EngineSink>(engine, std::move(started.registration), registered->id);
    std::shared_ptr<ExecutorAdapter> fresh = std::move(started.adapter);
    {
      const std::lock_guard lock(mutex);
      if (stopping) return;  // its destructor stops it
      agent = registered->id;
      sink = to;
      adapter = fresh;
      failure.clear();
      fresh->run(std::move(to));
    }
  }

  void log_failure(const Error& error) const {
    spdlog::debug("executor {}: {}", config.name, error.message);
  }
};

Result<void> ExecutorRunner::check(const InstanceConfig& config, const PluginCatalog& catalog,
                                   const PluginEnvironment& environment) {
  const Manifest manifest = STORM_TRY(catalog.find("executor", config.plugin));
  const Isolation isolation = STORM_TRY(choose_isolation(manifest, environment.isolation));
  if (isolation == Isolation::Process) return environment.check_isolated(manifest);
  return check_loadable(manifest, *environment.libraries);
}

ExecutorRunner::ExecutorRunner(std::shared_ptr<Life> life) : life_(std::move(life)) {}

std::unique_ptr<ExecutorRunner> ExecutorRunner::start(const InstanceConfig& config,
                                                      const PluginCatalog& catalog,
                                                      const PluginEnvironment& environment,
                                                      Engine& engine) {
  auto life = std::make_shared<Life>(config, catalog, environment, engine);
  std::unique_ptr<ExecutorRunner> runner(new ExecutorRunner(life));
  runner->starter_ = std::thread([life] {
    life->run();
    const std::lock_guard lock(life->mutex);
    life->finished = true;
    life->changed.notify_all();
  });
  std::unique_lock lock(life->mutex);
  if (!life->changed.wait_for(lock, std::chrono::nanoseconds(kStartWait),
                              [&] { return life->tried; })) {
    spdlog::warn("executor {} takes long to start; going on meanwhile", config.name);
  }
  return runner;
}

ExecutorRunner::~ExecutorRunner() { stop(); }

void ExecutorRunner::stop() {
  std::shared_ptr<ExecutorAdapter> adapter;
  bool finished = false;
  {
    std::unique_lock lock(life_->mutex);
    life_->stopping = true;
    life_->changed.notify_all();
    finished = life_->changed.wait_for(lock, kStopWait, [this] { return life_->finished; });
    adapter = life_->adapter;
  }
  if (starter_.joinable()) {
    if (finished) {
      starter_.join();
    } else {
      spdlog::warn("executor {} was still being started; left to itself", config().name);
      starter_.detach();
    }
  }
  if (!adapter) return;
  if (auto stopped = adapter->stop(); !stopped) {
    spdlog::warn("executor {}: {}", config().name, stopped.error().message);
  }
}

void ExecutorRunner::retire() {
  stop();
  Id agent;
  {
    const std::lock_guard lock(life_->mutex);
    agent = life_->agent;
  }
  if (auto retired = life_->engine.execute(RetireAgent{agent}); !retired) {
    life_->log_failure(retired.error());
  }
}

void ExecutorRunner::look(const State& state) {
  std::shared_ptr<EngineSink> sink;
  std::shared_ptr<ExecutorAdapter> adapter;
  {
    const std::lock_guard lock(life_->mutex);
    sink = life_->sink;
    adapter = life_->adapter;
  }
  if (sink && sink->look(state)) adapter->relist();
}

bool ExecutorRunner::is_running() const { return adapter() != nullptr; }

std::shared_ptr<const ExecutorAdapter> ExecutorRunner::adapter() const {
  const std::lock_guard lock(life_->mutex);
  return life_->adapter;
}

std::optional<ProcessState> ExecutorRunner::process() const {
  const auto running = adapter();
  return running ? running->instance().code().process() : std::nullopt;
}

std::string ExecutorRunner::failure() const {
  const std::lock_guard lock(life_->mutex);
  return life_->failure;
}

void ExecutorRunner::clear_quarantine() {
  if (life_->environment.clear_quarantine) life_->environment.clear_quarantine(config().name);
  std::shared_ptr<ExecutorAdapter> adapter;
  {
    const std::lock_guard lock(life_->mutex);
    adapter = life_->adapter;
    life_->hurry = true;
    life_->changed.notify_all();
  }
  if (adapter) adapter->try_now();
}

const InstanceConfig& ExecutorRunner::config() const { return life_->config; }

std::vector<InstanceMetric> ExecutorRunner::metrics() const {
  const auto running = adapter();
  return running ? running->instance().services().metrics() : std::vector<InstanceMetric>();
}

Value ExecutorRunner::to_value() const {
  Value value = Value::object();
  value.add("name", config().name);
  const auto running = adapter();
  if (!running) {
    const std::string why = failure();
    value.add("state", why.empty() ? "starting" : "failed");
    value.add("reason", why);
    return value;
  }
  const PluginInstance& instance = running->instance();
  const std::optional<ProcessState> process = instance.code().process();
  const SourceStatus status = instance.services().status();
  value.add("state", process && process->quarantined ? std::string("quarantined")
                                                     : std::string(name_of(instance.state())));
  value.add("reason", status.summary);
  value.add("source", std::string(name_of_source(status.source)));
  if (!process) return value;
  value.add("pid", process->pid == 0 ? Value() : Value(std::int64_t{process->pid}));
  value.add("generation", process->generation);
  value.add("last_death", process->reason.empty() ? Value() : Value(process->reason));
  return value;
}

}  // namespace storm
