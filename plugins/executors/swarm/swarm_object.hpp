// Docker's JSON of one object, read as far as the model needs it: task, service, node, cluster.
// Pure; nothing here knows of connections.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "storm/cpp/batch.hpp"

namespace storm::swarm {

enum class ObjectKind : std::uint8_t { Cluster, Node, Service, Task };

struct SwarmObject {
  ObjectKind kind = ObjectKind::Task;
  std::uint64_t version = 0;  // Version.Index; 0 for a cluster
  std::string service_id;     // of a task
  std::string slot;           // of a task: its slot, or its node's id when it has none
  std::string service_name;   // of a service
  bool is_leader = false;     // of a node
  sdk::Resource resource;     // parent, cluster and the names that need other objects are not set
};

// Empty optional: not an object with an ID, or a task that is a plain container's network
// attachment (no service). `json` is kept as the snapshot, byte for byte.
std::optional<SwarmObject> read_task(std::string_view json);
std::optional<SwarmObject> read_service(std::string_view json);
std::optional<SwarmObject> read_node(std::string_view json);

// What /info says about this daemon's place in its swarm.
struct SwarmInfo {
  std::string node_id;
  std::string cluster_id;
  std::string trust_root;  // PEM
  std::string state;       // LocalNodeState: "active", "inactive", "pending", "locked", ...
  std::string error;
  bool is_manager = false;             // ControlAvailable
  std::string fingerprint;             // changes when something worth publishing changed
  std::optional<SwarmObject> cluster;  // its snapshot is /info without SystemTime
};
std::optional<SwarmInfo> read_info(std::string_view json);

// The names of a task, the provider's id first.
std::vector<std::string> task_names(std::string_view task_id, std::string_view container_id,
                                    std::string_view service_name, std::string_view slot);

// STORM_STATUS_* of a task in `state` that the manager wants in `desired`.
std::int32_t task_status(std::string_view state, std::string_view desired);

// The task's JSON with state, desired state, node and version replaced: what is known of a task
// while Docker does not answer. Empty when `json` is not an object.
std::string patch_task(std::string_view json, std::string_view state, std::string_view desired,
                       std::string_view node_id, std::uint64_t version);

// Nanoseconds since 1970 of "2026-11-21T12:06:31.126826893Z"; 0 when it is not such a time.
std::int64_t parse_timestamp(std::string_view text);

}  // namespace storm::swarm
