// What can be asked of the engine. Plain values; bodies are as they were sent, the engine checks
// them against the state.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/result.hpp"
#include "core/document/value.hpp"
#include "core/engine/state.hpp"
#include "core/model/discovery.hpp"

namespace storm {

struct CreateEntity {
  EntityKind kind;
  Value body;
};
struct ReplaceEntity {  // PUT, or PATCH with `merge`
  EntityKind kind;
  std::string reference;
  Value body;
  bool merge = false;
  // Unless this is still the entity (State::object_of), it is refused with PreconditionFailed.
  std::shared_ptr<const void> expected = {};
};
struct DeleteEntity {
  EntityKind kind;
  std::string reference;
  std::shared_ptr<const void> expected = {};  // as above
};
struct ChangeMembers {  // POST /groups/{id}/members
  std::string group;
  Value body;  // {"include": [...], "exclude": [...]}
};
struct Heartbeat {
  std::string agent;
};
struct ChangeJob {
  enum class Action { Handle, Complete, Fail };
  std::string job;
  Action action = Action::Handle;
  Value body;  // handle: {"owner": agent}; complete and fail: {"result": ...}
};
struct ExecuteProcedure {  // makes a pending job
  std::string procedure;
  Value body;  // {"target", "options", "params"}
};
struct AttachProcedure {  // makes a subscription
  std::string procedure;
  Value body;  // {"group", "target", "options", "params"}
};

// Of plugin instances of this stormd.
struct RegisterAgent {  // makes the agent of that name or takes it over
  std::string type, name;
  Value options;
};
struct RetireAgent {  // its instance ended: it is offline and its resources are stale
  Id agent;
};
struct ReportSource {
  Id agent;
  SourceReport report;
};
// Of a discovered resource.
struct ResourceIds {
  Id id;
  std::optional<Id> parent, cluster, host;
};
struct Discover {
  Id agent;
  DiscoveryBatch batch;
  std::vector<ResourceIds> ids = {};  // of its upserts, if they were found ahead; see resource_ids
};

using Command = std::variant<CreateEntity, ReplaceEntity, DeleteEntity, ChangeMembers, Heartbeat,
                             ChangeJob, ExecuteProcedure, AttachProcedure, RegisterAgent,
                             RetireAgent, ReportSource, Discover>;

struct Outcome {
  Id id;                    // of what was made or changed
  Snapshot snapshot;        // in which it can be seen; for a dry run one that is never published
  Snapshot base = nullptr;  // of a dry run: the state it was tried on
};
// Called once: refusals of a full queue on the caller's thread, all else on the engine's thread
// after what was done is durable and published; must not wait.
using Completion = std::function<void(Result<Outcome>)>;

}  // namespace storm
