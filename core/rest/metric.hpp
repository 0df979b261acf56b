// A figure for /metrics, as the daemon tells it of its plugins. A plain value.
#pragma once
#include <string>
#include <utility>
#include <vector>

namespace storm::rest {

struct Metric {
  std::string name;  // "storm_swarm_resyncs_total"
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;
};

}  // namespace storm::rest
