#include "plugins/executors/swarm/swarm_object.hpp"

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "plugins/executors/swarm/image_name.hpp"

namespace storm::swarm {
namespace {

using Json = nlohmann::json;

// The value at a path of keys, or null; never fails on an unexpected shape.
template <typename... Keys>
const Json& at(const Json& root, const Keys&... keys) {
  static const Json kNull;
  const Json* here = &root;
  for (const char* key : {static_cast<const char*>(keys)...}) {
    if (!here->is_object()) return kNull;
    const auto found = here->find(key);
    if (found == here->end()) return kNull;
    here = &*found;
  }
  return *here;
}

std::string text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::uint64_t number(const Json& value) {
  return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
}

// What every object has; empty without an ID.
std::optional<SwarmObject> read_common(const Json& json, std::string_view bytes, ObjectKind kind,
                                       const char* type) {
  SwarmObject out;
  out.kind = kind;
  out.version = number(at(json, "Version", "Index"));
  out.resource.uid = text(at(json, "ID"));
  constexpr std::size_t kUidMax = 512;
  if (out.resource.uid.empty() || out.resource.uid.size() > kUidMax) return std::nullopt;
  out.resource.type = type;
  out.resource.revision = out.version;
  out.resource.observed_wall_ns = parse_timestamp(text(at(json, "UpdatedAt")));
  out.resource.snapshot_json = bytes;
  return out;
}

void set_image(sdk::Resource& resource, const Json& image) {
  ImageName name = parse_image_name(text(image));
  resource.image = std::move(name.canonical);
  resource.image_digest = std::move(name.digest);
}

std::int32_t task_health(const Json& task, std::int32_t status) {
  const Json& test = at(task, "Spec", "ContainerSpec", "Healthcheck", "Test");
  const bool checked = test.is_array() && !test.empty() && text(test[0]) != "NONE";
  if (!checked) return STORM_HEALTH_UNKNOWN;
  if (status == STORM_STATUS_RUNNING) return STORM_HEALTH_HEALTHY;
  const bool failed_check =
      text(at(task, "Status", "Err")).find("unhealthy container") != std::string::npos;
  return failed_check ? STORM_HEALTH_UNHEALTHY : STORM_HEALTH_UNKNOWN;
}

std::int32_t service_status(std::string_view update_state) {
  if (update_state == "updating" || update_state == "rollback_started") {
    return STORM_STATUS_UPDATING;
  }
  // An update that stopped half-way waits for somebody.
  if (update_state == "paused" || update_state == "rollback_paused") return STORM_STATUS_ERROR;
  return STORM_STATUS_RUNNING;
}

// "disconnected" and "unknown" (every node, after an election) are no proof of anything.
std::int32_t node_status(std::string_view state) {
  if (state == "ready") return STORM_STATUS_RUNNING;
  if (state == "down") return STORM_STATUS_STOPPED;
  return STORM_STATUS_UNKNOWN;
}

std::int32_t node_health(std::string_view reachability) {
  if (reachability == "reachable") return STORM_HEALTH_HEALTHY;
  if (reachability == "unreachable") return STORM_HEALTH_UNHEALTHY;
  return STORM_HEALTH_UNKNOWN;
}

}  // namespace

std::int64_t parse_timestamp(std::string_view text_in) {
  const std::string copy(text_in);
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int used = 0;
  if (std::sscanf(copy.c_str(), "%4d-%2u-%2uT%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute,
                  &second, &used) != 6) {
    return 0;
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (!date.ok() || year < 1970 || year > 2200) return 0;
  std::size_t i = static_cast<std::size_t>(used);
  std::int64_t fraction = 0;
  if (i < copy.size() && copy[i] == '.') {
    std::int64_t unit = 100'000'000;
    for (++i; i < copy.size() && copy[i] >= '0' && copy[i] <= '9'; ++i, unit /= 10) {
      fraction += (copy[i] - '0') * unit;
    }
  }
  if (i >= copy.size() || copy[i] != 'Z') return 0;
  const std::chrono::seconds seconds = std::chrono::sys_days(date).time_since_epoch() +
                                       std::chrono::hours(hour) + std::chrono::minutes(minute) +
                                       std::chrono::seconds(second);
  return std::chrono::nanoseconds(seconds).count() + fraction;
}

std::int32_t task_status(std::string_view state, std::string_view desired) {
  const bool to_stop = desired == "shutdown" || desired == "remove";
  if (state == "complete" || state == "shutdown" || state == "remove") return STORM_STATUS_STOPPED;
  if (state == "failed" || state == "rejected" || state == "orphaned") return STORM_STATUS_ERROR;
  if (to_stop) return STORM_STATUS_STOPPING;
  if (state == "running") return STORM_STATUS_RUNNING;
  if (state == "new" || state == "allocated") {
    return state == desired ? STORM_STATUS_CREATED : STORM_STATUS_CREATING;
  }
  for (const std::string_view on_its_way :
       {"pending", "assigned", "accepted", "preparing", "ready", "starting"}) {
    if (state == on_its_way) return STORM_STATUS_STARTING;
  }
  return STORM_STATUS_UNKNOWN;
}

std::vector<std::string> task_names(std::string_view task_id, std::string_view container_id,
                                    std::string_view service_name, std::string_view slot) {
  std::vector<std::string> names{std::string(task_id)};
  if (!container_id.empty()) names.emplace_back(container_id);
  if (!service_name.empty()) {
    std::string name(service_name);
    if (!slot.empty()) name.append(".").append(slot);
    names.push_back(name);
    names.push_back(name.append(".").append(task_id));
  }
  return names;
}

std::optional<SwarmObject> read_task(std::string_view bytes) {
  const Json json = Json::parse(bytes, nullptr, false);
  std::optional<SwarmObject> out = read_common(json, bytes, ObjectKind::Task, "swarm-task");
  if (!out) return std::nullopt;
  out->service_id = text(at(json, "ServiceID"));
  if (out->service_id.empty()) return std::nullopt;
  sdk::Resource& resource = out->resource;
  resource.host_uid = text(at(json, "NodeID"));
  const std::uint64_t slot = number(at(json, "Slot"));
  out->slot = slot != 0 ? std::to_string(slot) : resource.host_uid;
  set_image(resource, at(json, "Spec", "ContainerSpec", "Image"));
  resource.status = task_status(text(at(json, "Status", "State")), text(at(json, "DesiredState")));
  resource.health = task_health(json, resource.status);
  resource.names = task_names(
      resource.uid, text(at(json, "Status", "ContainerStatus", "ContainerID")), "", out->slot);
  return out;
}

std::optional<SwarmObject> read_service(std::string_view bytes) {
  const Json json = Json::parse(bytes, nullptr, false);
  std::optional<SwarmObject> out = read_common(json, bytes, ObjectKind::Service, "swarm-service");
  if (!out) return std::nullopt;
  out->service_name = text(at(json, "Spec", "Name"));
  sdk::Resource& resource = out->resource;
  resource.names = {resource.uid};
  if (!out->service_name.empty()) resource.names.push_back(out->service_name);
  set_image(resource, at(json, "Spec", "TaskTemplate", "ContainerSpec", "Image"));
  resource.status = service_status(text(at(json, "UpdateStatus", "State")));
  return out;
}

std::optional<SwarmObject> read_node(std::string_view bytes) {
  const Json json = Json::parse(bytes, nullptr, false);
  std::optional<SwarmObject> out = read_common(json, bytes, ObjectKind::Node, "swarm-node");
  if (!out) return std::nullopt;
  sdk::Resource& resource = out->resource;
  resource.names = {resource.uid};
  if (std::string hostname = text(at(json, "Description", "Hostname")); !hostname.empty()) {
    resource.names.push_back(std::move(hostname));
  }
  resource.status = node_status(text(at(json, "Status", "State")));
  resource.health = node_health(text(at(json, "ManagerStatus", "Reachability")));
  out->is_leader = at(json, "ManagerStatus", "Leader") == true;
  return out;
}

std::optional<SwarmInfo> read_info(std::string_view bytes) {
  // Keeps Docker's order of keys in the snapshot.
  nlohmann::ordered_json ordered = nlohmann::ordered_json::parse(bytes, nullptr, false);
  Json json = Json::parse(bytes, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const Json& swarm = at(json, "Swarm");
  SwarmInfo out;
  out.node_id = text(at(swarm, "NodeID"));
  out.cluster_id = text(at(swarm, "Cluster", "ID"));
  out.trust_root = text(at(swarm, "Cluster", "TLSInfo", "TrustRoot"));
  out.state = text(at(swarm, "LocalNodeState"));
  out.error = text(at(swarm, "Error"));
  out.is_manager = out.state == "active" && at(swarm, "ControlAvailable") == true;
  if (!out.cluster_id.empty()) {
    ordered.erase("SystemTime");
    SwarmObject cluster;
    cluster.kind = ObjectKind::Cluster;
    cluster.resource.uid = out.cluster_id;
    cluster.resource.type = "swarm-cluster";
    cluster.resource.cluster_uid = out.cluster_id;
    cluster.resource.names = {out.cluster_id};
    cluster.resource.status = STORM_STATUS_RUNNING;
    cluster.resource.observed_wall_ns = parse_timestamp(text(at(swarm, "Cluster", "UpdatedAt")));
    cluster.resource.snapshot_json =
        ordered.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    out.cluster = std::move(cluster);
  }
  // Counters of the daemon's process change at each call and say nothing about the swarm.
  for (const char* counter : {"SystemTime", "NFd", "NGoroutines", "NEventsListener"}) {
    json.erase(counter);
  }
  out.fingerprint = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  return out;
}

std::string patch_task(std::string_view bytes, std::string_view state, std::string_view desired,
                       std::string_view node_id, std::uint64_t version) {
  using Ordered = nlohmann::ordered_json;
  Ordered json = Ordered::parse(bytes, nullptr, false);
  if (!json.is_object()) return {};
  const auto child = [&json](const char* key) -> Ordered& {
    Ordered& value = json[key];
    if (!value.is_object()) value = Ordered::object();
    return value;
  };
  child("Version")["Index"] = version;
  child("Status")["State"] = state;
  json["DesiredState"] = desired;
  if (!node_id.empty()) json["NodeID"] = node_id;
  return json.dump(-1, ' ', false, Ordered::error_handler_t::replace);
}

}  // namespace storm::swarm
