#include "settings.hpp"

#include <nlohmann/json.hpp>

#include "storm/cpp/fault.hpp"

namespace storm::sqlite {
namespace {

[[noreturn]] void refuse(const std::string& message) {
  throw sdk::Fault(STORM_E_INVALID, "storage sqlite: " + message).layer(STORM_LAYER_CONFIG);
}

}  // namespace

Settings read_settings(std::string_view config_json) {
  const nlohmann::json config = nlohmann::json::parse(config_json, nullptr, false);
  if (!config.is_object()) refuse("config must be a map, such as {path: /var/lib/storm.db}");
  for (const auto& [key, value] : config.items()) {
    if (key != "path") refuse("unknown setting \"" + key + "\"; there is only \"path\"");
  }
  const auto path = config.find("path");
  if (path == config.end()) refuse("\"path\" is missing; it names the database file");
  if (!path->is_string()) refuse("\"path\" must be a string");
  Settings settings{path->get<std::string>()};
  if (settings.path.empty()) refuse("\"path\" is empty; it names the database file");
  if (settings.path.find('\0') != std::string::npos) refuse("\"path\" holds a NUL character");
  return settings;
}

}  // namespace storm::sqlite
