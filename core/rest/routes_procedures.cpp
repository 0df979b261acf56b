// /v1/procedures/{id}/exec makes a pending job, attach a subscription.
#include "core/rest/api.hpp"
#include "core/rest/write.hpp"

namespace storm::rest {
namespace {

template <typename Action>
void act(const CallPtr& call, const Reply& reply) {
  Result<Value> body = read_body(call->request);
  if (!body) return refuse(call, reply, body.error());
  submit(call, reply, Action{call->id, std::move(*body)}, created);
}

constexpr Route kRoutes[] = {
    {Method::Post, "/v1/procedures/{id}/exec", act<ExecuteProcedure>, kWriteParameters},
    {Method::Post, "/v1/procedures/{id}/attach", act<AttachProcedure>, kWriteParameters},
};

}  // namespace

std::span<const Route> procedure_routes() { return kRoutes; }

}  // namespace storm::rest
