#include "core/daemon/daemon.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <future>

#include "core/config/instance_changes.hpp"
#include "core/plugin_host/operator_loader.hpp"
#include "core/plugin_host/storage_adapter.hpp"
#include "core/storage/memory_storage.hpp"

namespace storm {
namespace {

// Folders of the configuration first, then the one that was built or installed with this program.
std::vector<std::filesystem::path> plugin_folders(const Config& config,
                                                  const Environment& environment) {
  std::vector<std::filesystem::path> folders(config.plugins.paths.begin(),
                                             config.plugins.paths.end());
  for (std::filesystem::path& folder : installed_plugin_folders(environment.program_folder)) {
    if (std::find(folders.begin(), folders.end(), folder) == folders.end()) {
      folders.push_back(std::move(folder));
    }
  }
  return folders;
}

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::Trace:
      return spdlog::level::trace;
    case LogLevel::Debug:
      return spdlog::level::debug;
    case LogLevel::Info:
      return spdlog::level::info;
    case LogLevel::Warn:
      return spdlog::level::warn;
    case LogLevel::Error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

Daemon::Daemon(const Config& config) : config_(config), clock_(std::make_shared<SystemClock>()) {}

Daemon::~Daemon() { stop(); }

Result<std::unique_ptr<Daemon>> Daemon::start(const Config& config,
                                              const Environment& environment) {
  spdlog::set_level(level_of(config.log_level));
  std::unique_ptr<Daemon> daemon(new Daemon(config));
  daemon->plugins_ = {STORM_VERSION, daemon->clock_, spdlog::default_logger(),
                      std::make_shared<LibraryRegistry>()};
  runner::IsolatedPlugins::Options isolated;
  isolated.program = runner::runner_program(environment.program_folder);
  isolated.version = STORM_VERSION;
  daemon->isolated_ = std::make_shared<runner::IsolatedPlugins>(std::move(isolated));
  daemon->plugins_.check_isolated = daemon->isolated_->checker(daemon->plugins_);
  daemon->plugins_.clear_quarantine = [isolated = daemon->isolated_](const std::string& instance) {
    isolated->clear_quarantine(instance);
  };
  daemon->plugins_.isolation = config.plugins.isolation;
  daemon->plugins_.isolate = daemon->isolated_->isolator();
  daemon->plugins_.model = daemon->model_;
  daemon->catalog_ = scan_plugins(plugin_folders(config, environment));
  for (const BrokenPlugin& broken : daemon->catalog_.broken) {
    spdlog::warn("plugin {} is left out: {}", broken.file.string(), broken.error.message);
  }
  STORM_TRY(daemon->open_storage());
  auto operators = STORM_TRY(daemon->load_operators());
  Storage& storage = daemon->memory_ ? *daemon->memory_ : *daemon->store_;
  Engine::Options options;
  options.events_kept = config.events_kept;
  options.redaction = config.redaction;
  options.column_bytes_max = config.limits.column_megabytes << 20U;
  if (config.limits.group_tests) options.group_tests_max = *config.limits.group_tests;
  daemon->engine_ =
      STORM_TRY(Engine::create(storage, *daemon->clock_, std::move(operators), std::move(options)));

  daemon->model_->attach(daemon->engine_.get());

  rest::Server::Options server;
  server.listen = config.listen;
  if (config.access) {
    server.access = {config.access->certificate, config.access->key, config.access->tokens};
  }
  server.more_metrics = [self = daemon.get()] { return self->plugin_metrics(); };
  daemon->server_ = STORM_TRY(rest::Server::create(*daemon->engine_, std::move(server)));

  daemon->engine_->on_publish([self = daemon.get()] { self->show_executors(); });
  daemon->engine_->start();
  daemon->server_->start();
  daemon->start_executors(config.executors);
  return daemon;
}

Result<void> Daemon::open_storage() {
  if (config_.ephemeral) {
    memory_ = std::make_unique<MemoryStorage>();
    return {};
  }
  const Manifest manifest = STORM_TRY(catalog_.find("storage", config_.storage.plugin));
  auto instance =
      STORM_TRY(PluginInstance::start(manifest, "storage", config_.storage.config, plugins_));
  store_ = STORM_TRY(StorageAdapter::open(std::move(instance)));
  return {};
}

Result<std::shared_ptr<const OperatorSet>> Daemon::load_operators() {
  std::vector<Manifest> manifests;
  if (config_.operators) {
    for (const std::string& name : *config_.operators)
      manifests.push_back(STORM_TRY(catalog_.find("operator", name)));
  } else {
    manifests = catalog_.of_kind("operator");
  }
  return storm::load_operators(manifests, plugins_);
}

// All at once: each has a process to start.
void Daemon::start_executors(const std::vector<InstanceConfig>& executors) {
  std::vector<std::future<void>> starts;
  for (const InstanceConfig& executor : executors) {
    starts.push_back(std::async(std::launch::async, [&] { start_executor(executor); }));
  }
}

void Daemon::start_executor(const InstanceConfig& config) {
  auto runner = ExecutorRunner::start(config, catalog_, plugins_, *engine_);
  const std::lock_guard lock(executors_mutex_);
  executors_[config.name] = std::move(runner);
}

bool Daemon::is_running(const std::string& name) const {
  const std::lock_guard lock(executors_mutex_);
  const auto found = executors_.find(name);
  return found != executors_.end() && found->second->is_running();
}

// The lock is only ever held for moments; nobody who holds it waits for the engine.
void Daemon::show_executors() {
  const Snapshot state = engine_->snapshot();
  const std::lock_guard lock(executors_mutex_);
  for (const auto& [name, runner] : executors_) runner->look(*state);
}

std::vector<std::string> Daemon::urls() const { return server_->urls(); }

void Daemon::reload(const Config& config) {
  catalog_ = scan_plugins(catalog_.folders);
  const InstanceChanges changes = changes_between(config_.executors, config.executors);
  const auto end = [this](const InstanceConfig& old) {
    std::unique_ptr<ExecutorRunner> runner;
    {
      const std::lock_guard lock(executors_mutex_);
      const auto found = executors_.find(old.name);
      if (found == executors_.end()) return;
      runner = std::move(found->second);
      executors_.erase(found);
    }
    runner->retire();
  };
  std::vector<InstanceConfig> executors = config.executors;  // as they are to be from now on
  std::size_t kept = 0;
  for (const InstanceConfig& old : changes.removed) end(old);
  for (const InstanceConfig& renewed : changes.changed) {
    const auto possible = ExecutorRunner::check(renewed, catalog_, plugins_);
    if (!possible && is_running(renewed.name)) {
      spdlog::error("executor {} goes on as it was: {}", renewed.name, possible.error().message);
      const auto named = [&](const InstanceConfig& other) { return other.name == renewed.name; };
      *std::ranges::find_if(executors, named) = *std::ranges::find_if(config_.executors, named);
      ++kept;
      continue;
    }
    end(renewed);
    start_executor(renewed);
  }
  for (const InstanceConfig& fresh : changes.added) start_executor(fresh);
  // What did not start may start now: its plugin was installed, say.
  for (const InstanceConfig& configured : config.executors) {
    if (is_running(configured.name)) continue;
    end(configured);
    start_executor(configured);
  }
  if (auto renewed = server_->renew_access(); !renewed) {
    spdlog::error("the certificate and the tokens stay as they were: {}", renewed.error().message);
  }
  for (const std::string& section : sections_for_restart(config_, config)) {
    spdlog::warn("configuration: a change of {} takes effect at the next start", section);
  }
  spdlog::set_level(level_of(config.log_level));
  config_.executors = std::move(executors);
  config_.log_level = config.log_level;
  spdlog::info("configuration read again: {} executors started, {} ended, {} renewed",
               changes.added.size(), changes.removed.size(), changes.changed.size() - kept);
}

void Daemon::probe(const std::function<bool()>& give_up, std::function<void()> answered) {
  // A heartbeat of nobody is refused, and a refused command leaves no trace.
  engine_->submit_waiting(
      Heartbeat{}, [answered = std::move(answered)](auto) { answered(); }, give_up);
}

void Daemon::stop() {
  if (server_) server_->stop();
  std::map<std::string, std::unique_ptr<ExecutorRunner>> executors;
  {
    const std::lock_guard lock(executors_mutex_);
    executors.swap(executors_);
  }
  {
    // All at once: one that hangs costs its own time only.
    std::vector<std::future<void>> ends;
    for (auto& [name, runner] : executors) {
      ends.push_back(std::async(std::launch::async, [&runner = *runner] { runner.stop(); }));
    }
  }
  model_->attach(nullptr);
  if (engine_) engine_->stop();
  if (store_) {
    if (auto closed = store_->stop(); !closed) spdlog::warn("store: {}", closed.error().message);
  }
}

std::vector<rest::Metric> Daemon::plugin_metrics() const {
  std::vector<rest::Metric> metrics;
  const std::lock_guard lock(executors_mutex_);
  for (const auto& [name, runner] : executors_) {
    for (const InstanceMetric& metric : runner->metrics()) {
      metrics.push_back({fmt::format("storm_{}_{}", runner->config().plugin, metric.name),
                         {{"agent", name}},
                         metric.value,
                         metric.counter});
    }
  }
  return metrics;
}

}  // namespace storm
