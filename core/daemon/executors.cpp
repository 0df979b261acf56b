#include "core/daemon/executors.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <future>
#include <utility>

#include "core/config/instance_changes.hpp"

namespace storm {
namespace {

constexpr std::string_view kExecutor = "executor";

InstanceConfig& named(std::vector<InstanceConfig>& list, const std::string& name) {
  return *std::ranges::find(list, name, &InstanceConfig::name);
}

Value text_or_null(const std::string& text) { return text.empty() ? Value() : Value(text); }

}  // namespace

Executors::Executors(PluginCatalog catalog, PluginEnvironment environment,
                     std::set<std::string> loaded, Engine& engine)
    : environment_(std::move(environment)),
      loaded_(std::move(loaded)),
      engine_(engine),
      catalog_(std::move(catalog)) {}

void Executors::start(const Configs& executors) {
  const std::lock_guard change(changing_);
  configured_ = executors;
  std::vector<std::future<void>> starts;
  for (const InstanceConfig& executor : executors) {
    starts.push_back(std::async(std::launch::async, [&] { start_one(executor); }));
  }
}

void Executors::start_one(const InstanceConfig& config) {
  PluginCatalog catalog;
  {
    const std::lock_guard lock(mutex_);
    catalog = catalog_;
  }
  auto runner = ExecutorRunner::start(config, catalog, environment_, engine_);
  const std::lock_guard lock(mutex_);
  running_[config.name] = std::move(runner);
}

void Executors::end_one(const std::string& name) {
  std::unique_ptr<ExecutorRunner> runner;
  {
    const std::lock_guard lock(mutex_);
    const auto found = running_.find(name);
    if (found == running_.end()) return;
    runner = std::move(found->second);
    running_.erase(found);
  }
  runner->retire();
}

bool Executors::is_running(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = running_.find(name);
  return found != running_.end() && found->second->is_running();
}

bool Executors::is_disabled(const InstanceConfig& config) const {
  const std::lock_guard lock(mutex_);
  return disabled_.contains(fmt::format("{}.{}", kExecutor, config.plugin));
}

void Executors::rescan() {
  std::vector<std::filesystem::path> folders;
  {
    const std::lock_guard lock(mutex_);
    folders = catalog_.folders;
  }
  PluginCatalog catalog = scan_plugins(folders);
  const std::lock_guard lock(mutex_);
  catalog_ = std::move(catalog);
}

Executors::Change Executors::change_to(const Configs& executors) {
  const std::lock_guard change(changing_);
  rescan();
  const InstanceChanges changes = changes_between(configured_, executors);
  Configs next = executors;  // as they are to be from now on
  Change done{changes.added.size(), changes.removed.size(), changes.changed.size()};
  for (const InstanceConfig& old : changes.removed) end_one(old.name);
  for (const InstanceConfig& renewed : changes.changed) {
    PluginCatalog catalog;
    {
      const std::lock_guard lock(mutex_);
      catalog = catalog_;
    }
    const auto possible = ExecutorRunner::check(renewed, catalog, environment_);
    if (!possible && is_running(renewed.name)) {
      spdlog::error("executor {} goes on as it was: {}", renewed.name, possible.error().message);
      named(next, renewed.name) = named(configured_, renewed.name);
      --done.renewed;
      continue;
    }
    end_one(renewed.name);
    if (!is_disabled(renewed)) start_one(renewed);
  }
  // What is new, and what did not start: its plugin was installed meanwhile, say.
  for (const InstanceConfig& configured : executors) {
    if (is_running(configured.name) || is_disabled(configured)) continue;
    end_one(configured.name);
    start_one(configured);
  }
  configured_ = std::move(next);
  return done;
}

void Executors::stop() {
  const std::lock_guard change(changing_);
  std::map<std::string, std::unique_ptr<ExecutorRunner>> running;
  {
    const std::lock_guard lock(mutex_);
    running.swap(running_);
  }
  configured_.clear();
  std::vector<std::future<void>> ends;
  for (auto& [name, runner] : running) {
    ends.push_back(std::async(std::launch::async, [&runner = *runner] { runner.stop(); }));
  }
}

Result<Manifest> Executors::find(const std::string& plugin) const {
  const std::lock_guard lock(mutex_);
  const Manifest* found = nullptr;
  std::string known;
  for (const Manifest& manifest : catalog_.plugins) {
    if (manifest.id == plugin) return manifest;
    if (manifest.name == plugin) {
      if (found) {
        return Error{Errc::InvalidArgument,
                     fmt::format("{} and {} have the name {}; say which by its id", found->id,
                                 manifest.id, plugin)};
      }
      found = &manifest;
    }
    known += (known.empty() ? "" : ", ") + manifest.id;
  }
  if (found) return *found;
  return Error{Errc::NotFound, fmt::format("there is no plugin {}; installed: {}", plugin,
                                           known.empty() ? "none" : known)};
}

Result<std::pair<Manifest, Executors::Configs>> Executors::executors_of(
    const std::string& plugin) const {
  Manifest manifest = STORM_TRY(find(plugin));
  if (manifest.kind != kExecutor) {
    return Error{
        Errc::Unsupported,
        fmt::format("{} is mapped into stormd itself; restart stormd for that", manifest.id)};
  }
  Configs made_of_it;
  for (const InstanceConfig& config : configured_) {
    if (config.plugin == manifest.name) made_of_it.push_back(config);
  }
  return std::make_pair(std::move(manifest), std::move(made_of_it));
}

Result<void> Executors::reload(const std::string& plugin) {
  const std::lock_guard change(changing_);
  rescan();
  const auto [manifest, executors] = STORM_TRY(executors_of(plugin));
  PluginCatalog catalog;
  {
    const std::lock_guard lock(mutex_);
    catalog = catalog_;
    if (disabled_.contains(manifest.id)) {
      return Error{Errc::Conflict, fmt::format("{} is disabled; enable it first", manifest.id)};
    }
  }
  for (const InstanceConfig& config : executors) {
    // One that would not start is not worth the end of one that runs.
    if (is_running(config.name)) STORM_TRY(ExecutorRunner::check(config, catalog, environment_));
    end_one(config.name);
    start_one(config);
  }
  spdlog::info("plugin {}: loaded again, {} executors renewed", manifest.id, executors.size());
  return {};
}

Result<void> Executors::disable(const std::string& plugin) {
  const std::lock_guard change(changing_);
  const auto [manifest, executors] = STORM_TRY(executors_of(plugin));
  {
    const std::lock_guard lock(mutex_);
    disabled_.insert(manifest.id);
  }
  for (const InstanceConfig& config : executors) end_one(config.name);
  spdlog::info("plugin {}: disabled, {} executors ended", manifest.id, executors.size());
  return {};
}

Result<void> Executors::enable(const std::string& plugin) {
  const std::lock_guard change(changing_);
  rescan();
  const auto [manifest, executors] = STORM_TRY(executors_of(plugin));
  {
    const std::lock_guard lock(mutex_);
    disabled_.erase(manifest.id);
  }
  for (const InstanceConfig& config : executors) {
    if (is_running(config.name)) continue;
    end_one(config.name);
    start_one(config);
  }
  spdlog::info("plugin {}: enabled, {} executors", manifest.id, executors.size());
  return {};
}

Result<void> Executors::clear_quarantine(const std::string& plugin) {
  const std::lock_guard change(changing_);
  const auto [manifest, executors] = STORM_TRY(executors_of(plugin));
  const std::lock_guard lock(mutex_);
  for (const InstanceConfig& config : executors) {
    const auto found = running_.find(config.name);
    if (found != running_.end()) found->second->clear_quarantine();
  }
  return {};
}

void Executors::look(const State& state) {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, runner] : running_) runner->look(state);
}

std::vector<Executors::PluginMetric> Executors::metrics() const {
  std::vector<PluginMetric> metrics;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, runner] : running_) {
    for (InstanceMetric& metric : runner->metrics()) {
      metrics.push_back({runner->config().plugin, name, std::move(metric)});
    }
  }
  return metrics;
}

Value Executors::describe(const Manifest& manifest) const {
  Value plugin = Value::object();
  plugin.add("id", manifest.id);
  plugin.add("kind", manifest.kind);
  plugin.add("name", manifest.name);
  plugin.add("version", manifest.version);
  plugin.add("summary", manifest.summary);
  const bool disabled = disabled_.contains(manifest.id);
  Value instances = Value::array();
  for (const auto& [name, runner] : running_) {
    if (manifest.kind == kExecutor && runner->config().plugin == manifest.name) {
      instances.push_back(runner->to_value());
    }
  }
  const bool runs = loaded_.contains(manifest.id) || !instances.as_array().empty();
  plugin.add("state", disabled ? "disabled" : runs ? "loaded" : "installed");
  const Result<Isolation> isolation = choose_isolation(manifest, environment_.isolation);
  plugin.add("isolation", isolation ? Value(std::string(name_of(*isolation))) : Value());
  plugin.add("abi", fmt::format("{}.{}", manifest.abi_major, manifest.abi_built));
  plugin.add("library", manifest.library.string());
  plugin.add("reason", isolation ? Value() : text_or_null(isolation.error().message));
  plugin.add("instances", std::move(instances));
  return plugin;
}

Value Executors::to_value() const {
  Value list = Value::array();
  const std::lock_guard lock(mutex_);
  for (const Manifest& manifest : catalog_.plugins) list.push_back(describe(manifest));
  for (const BrokenPlugin& broken : catalog_.broken) {
    const std::string stem = broken.file.stem().string();
    const std::size_t dash = std::min(stem.find('-'), stem.size());
    Value plugin = Value::object();
    plugin.add("id", stem.substr(0, dash) + "." + stem.substr(std::min(dash + 1, stem.size())));
    plugin.add("kind", stem.substr(0, dash));
    plugin.add("name", stem.substr(std::min(dash + 1, stem.size())));
    plugin.add("state", "broken");
    plugin.add("reason", broken.error.message);
    plugin.add("instances", Value::array());
    list.push_back(std::move(plugin));
  }
  return list;
}

}  // namespace storm
