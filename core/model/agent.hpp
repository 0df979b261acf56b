// An agent: a running source or actor, a plugin instance or a remote program with a heartbeat. A
// plain value.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/result.hpp"
#include "core/document/value.hpp"
#include "core/model/ids.hpp"
#include "core/model/names.hpp"

namespace storm {

// Silent for longer than this, an agent is offline.
inline constexpr std::int64_t kAgentTimeout = 60 * kNanosecondsPerSecond;

// What a plugin instance last said about its source.
struct SourceReport {
  SourceState state = SourceState::Connecting;
  std::string summary;
  Value detail;  // object or null

  friend bool operator==(const SourceReport&, const SourceReport&) = default;
};

struct Agent {
  Id id;
  std::string type;
  std::optional<std::string> name;
  WallTime heartbeat = 0;
  MonoTime heard = 0;  // when that was, for its timeout; not stored
  bool online = true;
  Value options = Value::object();
  bool is_local = false;  // a plugin instance of this stormd: kept alive by it, not by heartbeats
  std::optional<SourceReport> source;
};

Value to_value(const Agent& agent);
// From a body or a stored row; notes what is wrong. `known` is what PATCH starts from; the id is
// the caller's.
// Rows of the store.
std::string to_row(const Agent& agent);
Result<Agent> agent_from_row(Id id, const std::string& row);

Agent read_agent(const Value& body, const Agent* known, std::vector<Problem>& problems);

}  // namespace storm
