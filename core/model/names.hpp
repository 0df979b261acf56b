// Status and health of a resource, and other closed sets of words, with their printed names.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace storm {

// In the order of STORM_STATUS_* of the plugin ABI.
enum class Status : std::uint8_t {
  Unknown,
  Creating,
  Created,
  Starting,
  Running,
  Updating,
  Updated,
  Stopping,
  Stopped,
  Removing,
  Error
};
inline constexpr std::array<std::string_view, 11> kStatusNames = {
    "unknown", "creating", "created", "starting", "running", "updating",
    "updated", "stopping", "stopped", "removing", "error"};

// In the order of STORM_HEALTH_* of the plugin ABI.
enum class Health : std::uint8_t { Unknown, Healthy, Unhealthy };
inline constexpr std::array<std::string_view, 3> kHealthNames = {"unknown", "healthy", "unhealthy"};

enum class Protocol : std::uint8_t { Tcp, Udp };
inline constexpr std::array<std::string_view, 2> kProtocolNames = {"tcp", "udp"};

enum class JobStatus : std::uint8_t { Pending, Running, Done, Error };
inline constexpr std::array<std::string_view, 4> kJobStatusNames = {"pending", "running", "done",
                                                                    "error"};

enum class EventType : std::uint8_t { Created, Updated, Deleted };
inline constexpr std::array<std::string_view, 3> kEventTypeNames = {"created", "updated",
                                                                    "deleted"};

// How a source says it is doing; in the order of STORM_SOURCE_* of the plugin ABI.
enum class SourceState : std::uint8_t { Connecting, Live, Degraded, Lost };
inline constexpr std::array<std::string_view, 4> kSourceStateNames = {"connecting", "live",
                                                                      "degraded", "lost"};

std::string_view name_of(Status status);
std::string_view name_of(Health health);
std::string_view name_of(Protocol protocol);
std::string_view name_of(JobStatus status);
std::string_view name_of(EventType type);
std::string_view name_of(SourceState state);

}  // namespace storm
