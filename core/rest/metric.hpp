// A figure for /metrics, as the daemon tells it of its plugins. A plain value.
#pragma once
#include <string>
#include <utility>
#include <vector>

namespace storm::rest {

struct Metric {
  std::string name;  // "storm_swarm_resyncs_total"; what may not be in a name is shown as '_'
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;
  bool counter = false;  // else a gauge, unless its name ends with "_total"
};

}  // namespace storm::rest
