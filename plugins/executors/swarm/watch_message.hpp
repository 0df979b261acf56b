// SwarmKit's WatchMessage, read as far as a trigger needs it: which object changed, to which
// version. Everything else, `spec` above all (it holds credentials), is stepped over by its length
// and never copied. Pure; no input makes it read outside its bytes or loop.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/executors/swarm/swarm_object.hpp"

namespace storm::swarm {

struct WatchEvent {
  ObjectKind kind = ObjectKind::Task;
  bool removed = false;
  std::string id;
  std::uint64_t version = 0;  // meta.version.index
  // Of a task.
  std::string service_id;
  std::string node_id;
  std::uint32_t state = 0;
  std::uint32_t desired_state = 0;
};

inline constexpr std::size_t kWatchEventsMax = 100'000;  // in one message
inline constexpr std::size_t kWatchIdMax = 128;

// The events of a message that concern tasks, services and nodes. Empty optional: not a
// WatchMessage.
std::optional<std::vector<WatchEvent>> read_watch_message(std::span<const std::uint8_t> message);

// status of a HealthCheckResponse: 1 is serving. Empty optional: not such a message.
std::optional<std::uint32_t> read_health_response(std::span<const std::uint8_t> message);

// Docker's word for a state of SwarmKit: 512 is "running". Values between two known ones take the
// name of the lower one.
std::string_view task_state_name(std::uint32_t state);

}  // namespace storm::swarm
