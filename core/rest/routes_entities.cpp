// /v1/{collection} and /v1/{collection}/{id}: the same for every kind of entity.
#include "core/rest/api.hpp"
#include "core/rest/collection.hpp"
#include "core/rest/item.hpp"
#include "core/rest/write.hpp"

namespace storm::rest {
namespace {

constexpr std::string_view kItemParameters[] = {"fields", "exclude"};

void list(const CallPtr& call, const Reply& reply) {
  answer_collection(call, reply, call->kind, call->api.engine.snapshot(), all_of_kind);
}

void get(const CallPtr& call, const Reply& reply) {
  answer_with(reply, [call] { return item_answer(*call, call->kind); });
}

void create(const CallPtr& call, const Reply& reply) {
  Result<Value> body = read_body(call->request);
  if (!body) return refuse(call, reply, body.error());
  submit(call, reply, CreateEntity{call->kind, std::move(*body)}, created);
}

void change(const CallPtr& call, const Reply& reply, bool merge) {
  Result<Value> body = read_body(call->request);
  if (!body) return refuse(call, reply, body.error());
  Result<std::shared_ptr<const void>> expected = expected_object(*call);
  if (!expected) return refuse(call, reply, expected.error());
  submit(call, reply,
         ReplaceEntity{call->kind, call->id, std::move(*body), merge, std::move(*expected)},
         changed);
}

void replace(const CallPtr& call, const Reply& reply) { change(call, reply, false); }
void patch(const CallPtr& call, const Reply& reply) { change(call, reply, true); }

void remove(const CallPtr& call, const Reply& reply) {
  Result<std::shared_ptr<const void>> expected = expected_object(*call);
  if (!expected) return refuse(call, reply, expected.error());
  submit(call, reply, DeleteEntity{call->kind, call->id, std::move(*expected)}, done);
}

constexpr Route kRoutes[] = {
    {Method::Get, "/v1/{collection}", list, kCollectionParameters},
    {Method::Post, "/v1/{collection}", create, kWriteParameters},
    {Method::Get, "/v1/{collection}/{id}", get, kItemParameters},
    {Method::Put, "/v1/{collection}/{id}", replace, kWriteParameters},
    {Method::Patch, "/v1/{collection}/{id}", patch, kWriteParameters},
    {Method::Delete, "/v1/{collection}/{id}", remove, kWriteParameters},
};

}  // namespace

std::span<const Route> entity_routes() { return kRoutes; }

}  // namespace storm::rest
