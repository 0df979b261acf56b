#include "core/daemon/daemon.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>

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
  daemon->executors_ = std::make_unique<Executors>(daemon->catalog_, daemon->plugins_,
                                                   daemon->loaded_, *daemon->engine_);
  daemon->clerk_ = std::make_unique<PluginClerk>(*daemon->executors_);

  rest::Server::Options server;
  server.plugins = daemon->clerk_.get();
  server.listen = config.listen;
  if (config.access) {
    server.access = {config.access->certificate, config.access->key, config.access->tokens};
  }
  server.more_metrics = [self = daemon.get()] { return self->plugin_metrics(); };
  daemon->server_ = STORM_TRY(rest::Server::create(*daemon->engine_, std::move(server)));

  daemon->engine_->on_publish([self = daemon.get()] {
    const Snapshot state = self->engine_->snapshot();
    self->executors_->look(*state);
  });
  daemon->engine_->start();
  daemon->server_->start();
  daemon->executors_->start(config.executors);
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
  loaded_.insert(manifest.id);
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
  for (const Manifest& manifest : manifests) loaded_.insert(manifest.id);
  return storm::load_operators(manifests, plugins_);
}

std::vector<std::string> Daemon::urls() const { return server_->urls(); }

void Daemon::reload(const Config& config) {
  const Executors::Change change = executors_->change_to(config.executors);
  if (auto renewed = server_->renew_access(); !renewed) {
    spdlog::error("the certificate and the tokens stay as they were: {}", renewed.error().message);
  }
  for (const std::string& section : sections_for_restart(config_, config)) {
    spdlog::warn("configuration: a change of {} takes effect at the next start", section);
  }
  spdlog::set_level(level_of(config.log_level));
  config_.log_level = config.log_level;
  spdlog::info("configuration read again: {} executors started, {} ended, {} renewed",
               change.started, change.ended, change.renewed);
}

void Daemon::probe(const std::function<bool()>& give_up, std::function<void()> answered) {
  // A heartbeat of nobody is refused, and a refused command leaves no trace.
  engine_->submit_waiting(
      Heartbeat{}, [answered = std::move(answered)](auto) { answered(); }, give_up);
}

void Daemon::stop() {
  if (server_) server_->stop();
  clerk_.reset();
  if (executors_) executors_->stop();
  model_->attach(nullptr);
  if (engine_) engine_->stop();
  if (store_) {
    if (auto closed = store_->stop(); !closed) spdlog::warn("store: {}", closed.error().message);
  }
}

std::vector<rest::Metric> Daemon::plugin_metrics() const {
  std::vector<rest::Metric> metrics;
  for (const Executors::PluginMetric& metric : executors_->metrics()) {
    metrics.push_back({fmt::format("storm_{}_{}", metric.plugin, metric.metric.name),
                       {{"agent", metric.instance}},
                       metric.metric.value,
                       metric.metric.counter});
  }
  return metrics;
}

}  // namespace storm
