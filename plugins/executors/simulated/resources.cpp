#include "resources.hpp"

#include <cstdio>
#include <ctime>
#include <initializer_list>
#include <string>
#include <string_view>

namespace simulated {
namespace {

using storm::sdk::Resource;

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

std::string concat(std::initializer_list<std::string_view> pieces) {
  std::size_t size = 0;
  for (const std::string_view piece : pieces) size += piece.size();
  std::string out;
  out.reserve(size);
  for (const std::string_view piece : pieces) out.append(piece);
  return out;
}

// Docker's time stamps: "2026-11-21T10:00:00.000000000Z".
std::string time_text(std::int64_t ns) {
  const std::time_t seconds = static_cast<std::time_t>(ns / kNanosecondsPerSecond);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[48];
  const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + length, sizeof text - length, ".%09dZ",
                static_cast<int>(ns % kNanosecondsPerSecond));
  return text;
}

std::string_view tag_of(const Service& service, std::uint32_t tag) {
  return service.product->tags[tag];
}

// "nginx:1.25@sha256:...".
std::string docker_image(const Service& service, std::uint32_t tag) {
  return concat(
      {service.product->docker_image, ":", tag_of(service, tag), "@sha256:", service.digest});
}

std::string stamps(std::uint64_t version, std::int64_t created_ns, std::int64_t updated_ns) {
  return concat({R"("Version":{"Index":)", std::to_string(version), R"(},"CreatedAt":")",
                 time_text(created_ns), R"(","UpdatedAt":")", time_text(updated_ns), "\""});
}

std::string container_spec(const Service& service, std::uint32_t tag) {
  const std::string_view health =
      service.product->has_health_check
          ? R"("Healthcheck":{"Test":["CMD-SHELL","wget -q -O /dev/null http://127.0.0.1/healthz || exit 1"],"Interval":10000000000,"Timeout":3000000000,"Retries":3},)"
          : "";
  return concat({R"("ContainerSpec":{"Image":")", docker_image(service, tag),
                 R"(","Labels":{"com.example.team":"platform","com.example.service":")",
                 service.name, R"("},"Env":["LOG_LEVEL=info","REGION=local","SERVICE_NAME=)",
                 service.name, R"("],"Init":false,)", health,
                 R"("StopGracePeriod":10000000000,"DNSConfig":{},"Isolation":"default"})"});
}

constexpr std::string_view kResourcesAndPolicies =
    R"("Resources":{"Limits":{"NanoCPUs":500000000,"MemoryBytes":268435456},"Reservations":{"NanoCPUs":100000000,"MemoryBytes":67108864}},"RestartPolicy":{"Condition":"any","Delay":5000000000,"MaxAttempts":0},"Placement":{"Constraints":["node.platform.os == linux"],"Platforms":[{"Architecture":"amd64","OS":"linux"}]})";

std::string ports(const Service& service, std::string_view key) {
  if (service.product->port == 0) return {};
  const std::string port = std::to_string(service.product->port);
  return concat({",\"", key, R"(":[{"Protocol":"tcp","TargetPort":)", port, R"(,"PublishedPort":)",
                 port, R"(,"PublishMode":"ingress"}])"});
}

struct TaskLook {
  std::int32_t status;
  std::string_view state;
  std::string_view desired;
  std::string_view message;
  std::string_view error;
};

TaskLook look_of(const Task& task) {
  switch (task.state) {
    case TaskState::Starting:
      return {STORM_STATUS_STARTING, "starting", "running", "starting", ""};
    case TaskState::Running:
      return {STORM_STATUS_RUNNING, "running", "running", "started", ""};
    case TaskState::Shutdown:
      return {STORM_STATUS_STOPPED, "shutdown", "shutdown", "shutdown", ""};
    case TaskState::Failed:
      return {STORM_STATUS_ERROR, "failed", task.wanted ? "running" : "shutdown", "started",
              R"x(,"Err":"task: non-zero exit (137)")x"};
  }
  return {STORM_STATUS_UNKNOWN, "new", "running", "", ""};
}

std::string container_status(const Task& task) {
  if (task.container.empty()) return {};
  const bool running = task.state == TaskState::Running;
  return concat({R"(,"ContainerStatus":{"ContainerID":")", task.container, R"(","PID":)",
                 running ? std::to_string(1000 + task.version % 30'000) : "0", R"(,"ExitCode":)",
                 task.state == TaskState::Failed ? "137" : "0", "}"});
}

}  // namespace

Resource resource_of(const Cloud&, const Cluster& cluster) {
  Resource resource{.uid = cluster.id, .type = "swarm-cluster"};
  resource.names = {cluster.id};
  resource.status = STORM_STATUS_RUNNING;
  resource.observed_wall_ns = cluster.created_ns;
  resource.revision = 1;
  resource.snapshot_json = concat(
      {R"({"ID":")", cluster.id, "\",", stamps(1, cluster.created_ns, cluster.created_ns),
       R"(,"Spec":{"Name":"default","Labels":{},"Orchestration":{"TaskHistoryRetentionLimit":1},"Raft":{"SnapshotInterval":10000,"KeepOldSnapshots":0,"LogEntriesForSlowFollowers":500,"ElectionTick":10,"HeartbeatTick":1},"Dispatcher":{"HeartbeatPeriod":5000000000},"CAConfig":{"NodeCertExpiry":7776000000000000},"TaskDefaults":{},"EncryptionConfig":{"AutoLockManagers":false}},"RootRotationInProgress":false,"DataPathPort":4789,"DefaultAddrPool":["10.0.0.0/8"],"SubnetSize":24})"});
  return resource;
}

Resource resource_of(const Cloud& cloud, const Node& node) {
  const Cluster& cluster = cloud.clusters()[node.cluster];
  const auto number = static_cast<std::size_t>(&node - cloud.nodes().data());
  const std::string address =
      concat({"10.1.", std::to_string(number / 250 % 250), ".", std::to_string(number % 250 + 1)});
  Resource resource{.uid = node.id, .type = "swarm-node"};
  resource.parent_uid = resource.cluster_uid = cluster.id;
  resource.names = {node.id, node.hostname};
  resource.status = node.down ? STORM_STATUS_STOPPED : STORM_STATUS_RUNNING;
  if (node.manager) {
    resource.health = node.down ? STORM_HEALTH_UNHEALTHY : STORM_HEALTH_HEALTHY;
  }
  resource.revision = node.version;
  resource.observed_wall_ns = node.updated_ns;
  const std::string manager_status =
      node.manager ? concat({R"(,"ManagerStatus":{)", node.leader ? R"("Leader":true,)" : "",
                             R"("Reachability":")", node.down ? "unreachable" : "reachable",
                             R"(","Addr":")", address, R"(:2377"})"})
                   : "";
  resource.snapshot_json = concat(
      {R"({"ID":")", node.id, "\",", stamps(node.version, node.created_ns, node.updated_ns),
       R"(,"Spec":{"Labels":{},"Role":")", node.manager ? "manager" : "worker",
       R"(","Availability":"active"},"Description":{"Hostname":")", node.hostname,
       R"(","Platform":{"Architecture":"x86_64","OS":"linux"},"Resources":{"NanoCPUs":8000000000,"MemoryBytes":33554432000},"Engine":{"EngineVersion":"20.10.24","Plugins":[{"Type":"Network","Name":"bridge"},{"Type":"Network","Name":"overlay"},{"Type":"Volume","Name":"local"}]}},"Status":{"State":")",
       node.down ? "down" : "ready", R"(","Addr":")", address, "\"}", manager_status, "}"});
  return resource;
}

Resource resource_of(const Cloud& cloud, const Service& service) {
  const Cluster& cluster = cloud.clusters()[service.cluster];
  const bool updating = service.updates_left > 0;
  Resource resource{.uid = service.id, .type = "swarm-service"};
  resource.parent_uid = resource.cluster_uid = cluster.id;
  resource.names = {service.id, service.name};
  resource.image = concat({service.product->image, ":", tag_of(service, service.tag)});
  resource.image_digest = "sha256:" + service.digest;
  resource.status = updating ? STORM_STATUS_UPDATING : STORM_STATUS_RUNNING;
  resource.revision = service.version;
  resource.observed_wall_ns = service.updated_ns;
  const std::string update_status =
      service.updated_before
          ? concat({R"(,"UpdateStatus":{"State":")", updating ? "updating" : "completed",
                    R"(","StartedAt":")", time_text(service.updated_ns), R"(","Message":"update )",
                    updating ? "in progress" : "completed", "\"}"})
          : "";
  resource.snapshot_json = concat(
      {R"({"ID":")",
       service.id,
       "\",",
       stamps(service.version, service.created_ns, service.updated_ns),
       R"(,"Spec":{"Name":")",
       service.name,
       R"(","Labels":{"com.example.tier":"demo"},"TaskTemplate":{)",
       container_spec(service, service.tag),
       ",",
       kResourcesAndPolicies,
       R"(,"ForceUpdate":0,"Runtime":"container"},"Mode":{"Replicated":{"Replicas":)",
       std::to_string(service.slots.size()),
       R"(}},"UpdateConfig":{"Parallelism":1,"FailureAction":"pause","Monitor":5000000000,"MaxFailureRatio":0,"Order":"stop-first"},"RollbackConfig":{"Parallelism":1,"FailureAction":"pause","Monitor":5000000000,"MaxFailureRatio":0,"Order":"stop-first"},"EndpointSpec":{"Mode":"vip")",
       ports(service, "Ports"),
       R"(}},"Endpoint":{"Spec":{"Mode":"vip")",
       ports(service, "Ports"),
       "}",
       ports(service, "Ports"),
       "}",
       update_status,
       "}"});
  return resource;
}

Resource resource_of(const Cloud& cloud, const Task& task) {
  const Service& service = cloud.services()[task.service];
  const Node& node = cloud.nodes()[task.node];
  const TaskLook look = look_of(task);
  const std::string name = concat({service.name, ".", std::to_string(task.slot + 1)});
  Resource resource{.uid = task.id, .type = "swarm-task"};
  resource.parent_uid = service.id;
  resource.cluster_uid = cloud.clusters()[service.cluster].id;
  resource.host_uid = node.id;
  resource.names.push_back(task.id);
  if (!task.container.empty()) resource.names.push_back(task.container);
  resource.names.push_back(name);
  resource.names.push_back(concat({name, ".", task.id}));
  resource.image = concat({service.product->image, ":", tag_of(service, task.tag)});
  resource.image_digest = "sha256:" + service.digest;
  resource.status = look.status;
  if (service.product->has_health_check && task.state == TaskState::Running) {
    resource.health = STORM_HEALTH_HEALTHY;
  }
  resource.revision = task.version;
  resource.observed_wall_ns = task.updated_ns;
  const std::string slot = std::to_string(task.slot + 1);
  resource.snapshot_json = concat(
      {R"({"ID":")",
       task.id,
       "\",",
       stamps(task.version, task.created_ns, task.updated_ns),
       R"(,"Labels":{},"Spec":{)",
       container_spec(service, task.tag),
       ",",
       kResourcesAndPolicies,
       R"(,"ForceUpdate":0,"Runtime":"container","Networks":[{"Target":"xfnp2jx7m8aj4oe2xyz0qkbd1","Aliases":[")",
       service.name,
       R"("]}]},"ServiceID":")",
       service.id,
       R"(","Slot":)",
       slot,
       R"(,"NodeID":")",
       node.id,
       R"(","Status":{"Timestamp":")",
       time_text(task.updated_ns),
       R"(","State":")",
       look.state,
       R"(","Message":")",
       look.message,
       "\"",
       look.error,
       container_status(task),
       R"(,"PortStatus":{}},"DesiredState":")",
       look.desired,
       R"(","NetworksAttachments":[{"Network":{"ID":"xfnp2jx7m8aj4oe2xyz0qkbd1","Version":{"Index":7},"CreatedAt":"2026-01-05T08:00:00.000000000Z","UpdatedAt":"2026-01-05T08:00:00.000000000Z","Spec":{"Name":"ingress","Labels":{},"DriverConfiguration":{},"Ingress":true,"IPAMOptions":{"Driver":{}},"Scope":"swarm"},"DriverState":{"Name":"overlay","Options":{"com.docker.network.driver.overlay.vxlanid_list":"4096"}},"IPAMOptions":{"Driver":{"Name":"default"},"Configs":[{"Subnet":"10.0.0.0/24","Gateway":"10.0.0.1"}]}},"Addresses":["10.0.)",
       std::to_string(task.slot / 250 % 250),
       ".",
       std::to_string(task.slot % 250 + 2),
       R"(/24"]}],"GenericResources":[]})"});
  return resource;
}

}  // namespace simulated
