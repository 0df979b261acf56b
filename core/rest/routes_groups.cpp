// /v1/groups/{id}/members: who belongs to a group now, and who shall or shall not.
#include <algorithm>

#include "core/rest/api.hpp"
#include "core/rest/collection.hpp"
#include "core/rest/http_error.hpp"
#include "core/rest/write.hpp"

namespace storm::rest {
namespace {

// A group that holds more than this part of all resources is picked out of their order, not sorted.
constexpr std::size_t kSortedFractionOfAll = 8;

// Members are kept by id; people and clients read them in the order of resources.
std::vector<Uuid> members_in_order(const State& state, const CallPtr& call) {
  std::vector<Uuid> items;
  const std::optional<Uuid> uuid = state.find(EntityKind::Group, call->id);
  const LiveGroup* group = uuid ? state.groups.get(*uuid) : nullptr;
  if (!group) return items;
  items.reserve(group->members.size());
  if (group->members.size() > state.resources.size() / kSortedFractionOfAll) {
    for (const Shared<Resource>& resource : state.ordered_resources) {
      if (group->members.contains(resource->id.uuid)) items.push_back(resource->id.uuid);
    }
    return items;
  }
  std::vector<Shared<Resource>> members;
  members.reserve(group->members.size());
  for (const Uuid& member : group->members) {
    if (const Shared<Resource>* resource = state.resources.get(member)) {
      members.push_back(*resource);
    }
  }
  std::ranges::sort(members, ResourceOrder{});
  for (const Shared<Resource>& member : members) items.push_back(member->id.uuid);
  return items;
}

void members(const CallPtr& call, const Reply& reply) {
  Snapshot snapshot = call->api.engine.snapshot();
  const Result<Uuid> group = snapshot->require(EntityKind::Group, call->id);
  if (!group) return refuse(call, reply, group.error());
  answer_collection(call, reply, EntityKind::Resource, std::move(snapshot), members_in_order);
}

void change_members(const CallPtr& call, const Reply& reply) {
  Result<Value> body = read_body(call->request);
  if (!body) return refuse(call, reply, body.error());
  submit(call, reply, ChangeMembers{call->id, std::move(*body)}, done);
}

constexpr Route kRoutes[] = {
    {Method::Get, "/v1/groups/{id}/members", members, kCollectionParameters},
    {Method::Post, "/v1/groups/{id}/members", change_members, kWriteParameters},
};

}  // namespace

std::span<const Route> group_routes() { return kRoutes; }

}  // namespace storm::rest
