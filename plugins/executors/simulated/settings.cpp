#include "settings.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "storm/cpp/fault.hpp"

namespace simulated {
namespace {

constexpr std::uint64_t kReplicasOfManyTasks = 100;  // how `tasks` is split into services
constexpr std::uint64_t kTasksMax = 1'000'000;

[[noreturn]] void refuse(const std::string& key, const std::string& rule) {
  throw storm::sdk::Fault(STORM_E_INVALID, key + ": " + rule).layer(STORM_LAYER_CONFIG);
}

std::uint64_t whole(const nlohmann::json& config, const std::string& key, std::uint64_t otherwise,
                    std::uint64_t low, std::uint64_t high) {
  const auto found = config.find(key);
  if (found == config.end()) return otherwise;
  if (!found->is_number_unsigned() || *found < low || *found > high) {
    refuse(key,
           "must be a whole number from " + std::to_string(low) + " to " + std::to_string(high));
  }
  return found->get<std::uint64_t>();
}

std::uint32_t count(const nlohmann::json& config, const std::string& key, std::uint32_t otherwise,
                    std::uint64_t low, std::uint64_t high) {
  return static_cast<std::uint32_t>(whole(config, key, otherwise, low, high));
}

void check_keys(const nlohmann::json& config) {
  static const std::set<std::string> known = {
      "seed", "clusters", "nodes", "services", "replicas", "tasks", "churn_per_second", "static"};
  for (const auto& member : config.items()) {
    if (!known.contains(member.key())) {
      refuse(member.key(),
             "is not a setting; there are seed, clusters, nodes, services, replicas, tasks, "
             "churn_per_second and static");
    }
  }
}

// So many tasks exactly: the largest number of replicas, up to a hundred, that divides them.
void split_tasks(Settings& settings, std::uint64_t tasks) {
  std::uint64_t replicas = std::min(tasks, kReplicasOfManyTasks);
  while (tasks % replicas != 0) --replicas;
  settings.replicas = static_cast<std::uint32_t>(replicas);
  settings.services = static_cast<std::uint32_t>(tasks / replicas);
}

}  // namespace

Settings parse_settings(std::string_view config_json) {
  const nlohmann::json config =
      nlohmann::json::parse(config_json.empty() ? "{}" : config_json, nullptr, false);
  if (!config.is_object()) refuse("config", "must be a map of settings");
  check_keys(config);

  Settings settings;
  settings.seed = whole(config, "seed", settings.seed, 0, INT64_MAX);
  settings.clusters = count(config, "clusters", settings.clusters, 1, 100);
  settings.nodes = count(config, "nodes", settings.nodes, 1, 10'000);
  settings.services = count(config, "services", settings.services, 0, 100'000);
  settings.replicas = count(config, "replicas", settings.replicas, 1, 10'000);
  if (config.contains("tasks")) {
    for (const char* key : {"services", "replicas"}) {
      if (config.contains(key)) refuse(key, "cannot be set together with tasks");
    }
    split_tasks(settings, whole(config, "tasks", 1, 1, kTasksMax));
  }
  if (std::uint64_t{settings.services} * settings.replicas > kTasksMax) {
    refuse("services", "times replicas may be at most " + std::to_string(kTasksMax));
  }
  if (const auto churn = config.find("churn_per_second"); churn != config.end()) {
    if (!churn->is_number() || *churn < 0.001 || *churn > 10'000) {
      refuse("churn_per_second", "must be a number from 0.001 to 10000");
    }
    settings.churn_per_second = churn->get<double>();
  }
  if (const auto is_static = config.find("static"); is_static != config.end()) {
    if (!is_static->is_boolean()) refuse("static", "must be true or false");
    settings.is_static = is_static->get<bool>();
  }
  return settings;
}

}  // namespace simulated
