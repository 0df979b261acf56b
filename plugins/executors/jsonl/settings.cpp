#include "plugins/executors/jsonl/settings.hpp"

#include <nlohmann/json.hpp>

#include "storm/cpp/fault.hpp"

namespace storm::jsonl {
namespace {

[[noreturn]] void refuse(const std::string& key, const std::string& rule) {
  throw sdk::Fault(STORM_E_INVALID, key + ": " + rule).layer(STORM_LAYER_CONFIG);
}

}  // namespace

Settings parse_settings(std::string_view config_json) {
  const nlohmann::json config =
      nlohmann::json::parse(config_json.empty() ? "{}" : config_json, nullptr, false);
  if (!config.is_object()) refuse("config", "must be a map of settings");
  Settings settings;
  for (const auto& [key, value] : config.items()) {
    if (key == "path") {
      if (!value.is_string()) refuse(key, "must be the path of a file");
      settings.path = value.get<std::string>();
      if (settings.path.find('\0') != std::string::npos) refuse(key, "has a NUL in it");
    } else if (key == "follow") {
      if (!value.is_boolean()) refuse(key, "must be true or false");
      settings.follow = value.get<bool>();
    } else {
      refuse(key, "is not a setting; there are path and follow");
    }
  }
  if (settings.path.empty()) refuse("path", "is missing: the file of JSON lines to show");
  if (settings.path.back() == '/') refuse("path", "must be a file, not a folder");
  return settings;
}

}  // namespace storm::jsonl
