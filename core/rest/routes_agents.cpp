// What agents on other machines say: /v1/agents/{id}/heartbeat that they live, /discoveries what
// they found, /source how their source is doing.
#include <fmt/format.h>

#include "core/model/discovery_json.hpp"
#include "core/model/fields.hpp"
#include "core/rest/api.hpp"
#include "core/rest/write.hpp"

namespace storm::rest {
namespace {

// Of one request: their snapshots are packed on the connection's thread, some 20 us each.
constexpr std::size_t kUpsertsMax = 1'000;

void heartbeat(const CallPtr& call, const Reply& reply) {
  // Tells one life of this server from the next: what was said to an earlier one is to be said
  // again.
  constexpr MakeAnswer kAlive = [](const Call& answered, const Outcome& outcome) {
    return done(answered, outcome).with("Storm-Life", fmt::format("{:016x}", answered.api.life));
  };
  submit(call, reply, Heartbeat{call->id}, kAlive);
}

// The agent of the path; NotFound names the nearest. What this stormd's own executors tell comes
// from them alone.
Result<Id> agent_of(const Call& call) {
  const Snapshot snapshot = call.api.engine.snapshot();
  const Uuid uuid = STORM_TRY(snapshot->require(EntityKind::Agent, call.id));
  if (snapshot->agents.get(uuid)->get()->is_local) {
    return Error{Errc::Conflict,
                 fmt::format("{} is an executor of this stormd; an agent of another machine needs "
                             "a name of its own",
                             call.id)};
  }
  return Id{EntityKind::Agent, uuid};
}

Result<Command> read_discoveries(const Call& call) {
  const Id agent = STORM_TRY(agent_of(call));
  const Value body = STORM_TRY(read_body(call.request));
  DiscoveryBatch batch = STORM_TRY(discovery_from_value(body));
  if (batch.upserts.size() > kUpsertsMax) {
    return Error{Errc::TooLarge,
                 fmt::format("{} resources at once, at most {} are taken; send more requests",
                             batch.upserts.size(), kUpsertsMax)};
  }
  return Command(Discover{agent, std::move(batch)});
}

Result<Command> read_source(const Call& call) {
  const Id agent = STORM_TRY(agent_of(call));
  const Value body = STORM_TRY(read_body(call.request));
  std::vector<Problem> problems;
  FieldReader fields(body, problems);
  SourceReport report;
  report.state = static_cast<SourceState>(
      fields.choice("state", Presence::Required, kSourceStateNames).value_or(0));
  report.summary = fields.nullable_text("summary").value_or("");
  if (const Value* detail = body.find("detail"); detail && !detail->is_null()) {
    report.detail = fields.object("detail", Presence::Optional).value_or(Value());
  }
  if (!problems.empty()) return invalid(std::move(problems));
  return Command(ReportSource{agent, std::move(report)});
}

template <Result<Command> (*read)(const Call&)>
void tell(const CallPtr& call, const Reply& reply) {
  Result<Command> command = read(*call);
  if (!command) return refuse(call, reply, command.error());
  submit(call, reply, std::move(*command), done);
}

constexpr Route kRoutes[] = {
    {Method::Post, "/v1/agents/{id}/heartbeat", heartbeat, kWriteParameters},
    {Method::Post, "/v1/agents/{id}/discoveries", tell<read_discoveries>, kWriteParameters},
    {Method::Post, "/v1/agents/{id}/source", tell<read_source>, kWriteParameters},
};

}  // namespace

std::span<const Route> agent_routes() { return kRoutes; }

}  // namespace storm::rest
