#include "tests/swarm/differences.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <thread>

namespace storm::testing {

std::string differences(const TestBed& bed, const Model& model, int node) {
  using nlohmann::json;
  std::map<std::string, json> listed;
  for (const char* path : {"/nodes", "/services", "/tasks"}) {
    for (const json& object : json::parse(bed.get(path, node))) listed[object["ID"]] = object;
  }
  std::string out;
  for (const auto& [id, object] : listed) {
    const auto found = model.find(id);
    if (found == model.end()) {
      out += id + " is missing\n";
      continue;
    }
    if (found->second.stale) out += id + " is stale\n";
    const json snapshot = json::parse(found->second.snapshot);
    if (snapshot != object) {
      out += id + " differs: " + json::diff(snapshot, object).dump() + "\n";
    }
  }
  for (const auto& [uid, resource] : model) {
    if (resource.type != "swarm-cluster" && !listed.contains(uid)) {
      out += uid + " (" + resource.type + ") is too much\n";
    }
  }
  return out;
}

std::string settle(const TestBed& bed, const PluginDriver& driver, std::chrono::seconds time,
                   int node) {
  constexpr std::chrono::milliseconds kPause{100};
  const auto end = std::chrono::steady_clock::now() + kPatience * time;
  std::string last;
  do {
    try {
      last = differences(bed, driver.model(), node);
    } catch (const std::exception& error) {  // the daemon does not answer yet
      last = error.what();
    }
    if (last.empty()) return last;
    std::this_thread::sleep_for(kPause);
  } while (std::chrono::steady_clock::now() < end);
  return last;
}

}  // namespace storm::testing
