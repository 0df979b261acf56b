// /v1/groups/{id}/members: who belongs to a group now, and who shall or shall not.
#include <algorithm>
#include <array>
#include <iterator>

#include "core/engine/members.hpp"
#include "core/rest/api.hpp"
#include "core/rest/collection.hpp"
#include "core/rest/http_error.hpp"
#include "core/rest/routes_insight.hpp"
#include "core/rest/write.hpp"

namespace storm::rest {
namespace {

// In the order of resources.
std::vector<Uuid> members_of(const State& state, const CallPtr& call) {
  std::vector<Uuid> items;
  const std::optional<Uuid> uuid = state.find(EntityKind::Group, call->id);
  if (!uuid) return items;
  const std::vector<Shared<Resource>> members = members_in_order(state, *state.groups.get(*uuid));
  items.reserve(members.size());
  for (const Shared<Resource>& member : members) items.push_back(member->id.uuid);
  return items;
}

void members(const CallPtr& call, const Reply& reply) {
  Snapshot snapshot = call->api.engine.snapshot();
  const Result<Uuid> group = snapshot->require(EntityKind::Group, call->id);
  if (!group) return refuse(call, reply, group.error());
  if (const std::string* at = call->request.url.find("at")) {
    return answer_with(reply, [call, snapshot, group = *group, at = *at] {
      return members_of_the_past(*call, *snapshot, group, at);
    });
  }
  answer_collection(call, reply, EntityKind::Resource, std::move(snapshot), members_of);
}

void change_members(const CallPtr& call, const Reply& reply) {
  Result<Value> body = read_body(call->request);
  if (!body) return refuse(call, reply, body.error());
  submit(call, reply, ChangeMembers{call->id, std::move(*body)}, done);
}

// Those of every collection, and the moment.
constexpr auto kMemberParameters = [] {
  std::array<std::string_view, std::size(kCollectionParameters) + 1> names;
  std::ranges::copy(kCollectionParameters, names.begin());
  names.back() = "at";
  return names;
}();

constexpr Route kRoutes[] = {
    {Method::Get, "/v1/groups/{id}/members", members, kMemberParameters},
    {Method::Post, "/v1/groups/{id}/members", change_members, kWriteParameters},
};

}  // namespace

std::span<const Route> group_routes() { return kRoutes; }

}  // namespace storm::rest
