// /v1/agents/{id}/heartbeat: a remote agent says that it lives.
#include "core/rest/api.hpp"
#include "core/rest/write.hpp"

namespace storm::rest {
namespace {

void heartbeat(const CallPtr& call, const Reply& reply) {
  submit(call, reply, Heartbeat{call->id}, done);
}

constexpr Route kRoutes[] = {
    {Method::Post, "/v1/agents/{id}/heartbeat", heartbeat, kWriteParameters},
};

}  // namespace

std::span<const Route> agent_routes() { return kRoutes; }

}  // namespace storm::rest
