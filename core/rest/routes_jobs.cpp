// /v1/jobs/{id}/handle, complete, fail: how agents share out jobs. One of many wins, the others get
// 409.
#include "core/rest/api.hpp"
#include "core/rest/write.hpp"

namespace storm::rest {
namespace {

template <ChangeJob::Action action>
void act(const CallPtr& call, const Reply& reply) {
  Result<Value> body = read_body(call->request);
  if (!body) return refuse(call, reply, body.error());
  submit(call, reply, ChangeJob{call->id, action, std::move(*body)}, done);
}

constexpr Route kRoutes[] = {
    {Method::Post, "/v1/jobs/{id}/handle", act<ChangeJob::Action::Handle>, kWriteParameters},
    {Method::Post, "/v1/jobs/{id}/complete", act<ChangeJob::Action::Complete>, kWriteParameters},
    {Method::Post, "/v1/jobs/{id}/fail", act<ChangeJob::Action::Fail>, kWriteParameters},
};

}  // namespace

std::span<const Route> job_routes() { return kRoutes; }

}  // namespace storm::rest
