// The plugin's configuration, checked. A value.
#pragma once
#include <cstdint>
#include <string_view>

namespace simulated {

struct Settings {
  std::uint64_t seed = 1;
  std::uint32_t clusters = 1;
  std::uint32_t nodes = 3;     // of each cluster
  std::uint32_t services = 6;  // of each cluster
  std::uint32_t replicas = 2;  // of each service
  double churn_per_second = 1;
  bool is_static = false;
};

// Throws storm::sdk::Fault, naming the key, when something is wrong.
Settings parse_settings(std::string_view config_json);

}  // namespace simulated
