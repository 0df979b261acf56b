// Why, since when and what not: /v1/groups/{id}/explain, /history, /analyze, members at a time,
// /v1/resources/{id}/groups and /v1/coverage.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/document/json.hpp"
#include "core/engine/coverage.hpp"
#include "core/engine/history.hpp"
#include "core/engine/members.hpp"
#include "core/engine/resource_search.hpp"
#include "core/query/explain.hpp"
#include "core/rest/api.hpp"
#include "core/rest/collection.hpp"
#include "core/rest/http_error.hpp"
#include "core/rest/moment.hpp"
#include "core/rest/routes_insight.hpp"

namespace storm::rest {
namespace {

constexpr std::size_t kHistoryMax = 10'000;  // moves of one answer
constexpr std::size_t kNamedMax = 1'000;     // of each list of /v1/coverage
constexpr std::size_t kSampleMax = 2'000;    // resources on which a condition's cost is measured
constexpr std::string_view kExplainParameters[] = {"resource"};
constexpr std::string_view kHistoryParameters[] = {"since", "limit"};

WallTime now() { return SystemClock().wall_now(); }

Answer fault_of(const Call& call, std::string_view parameter, Error error) {
  if (error.problems.empty())
    error.problems.push_back({fmt::format("?{}", parameter), error.message});
  return error_answer(call.request.format, error);
}

Value names_of(const std::vector<std::string>& names) {
  return Value(Value::Array(names.begin(), names.end()));
}

Value brief(const Resource& resource) {
  return Value(Value::Object{{"id", resource.id.to_string()},
                             {"type", resource.type.view()},
                             {"names", names_of(resource.names)},
                             {"status", name_of(resource.status)},
                             {"health", name_of(resource.health)},
                             {"stale", resource.stale},
                             {"observed_at", to_rfc3339(resource.observed_at)}});
}

Value brief(const State& state, const Id& id) {
  const std::vector<std::string> names = state.names_of(id);
  return Value(Value::Object{{"id", id.to_string()},
                             {"name", names.empty() ? Value() : Value(names.front())}});
}

Answer answer_at(const State& state, const Value& value) {
  return json_answer(200, to_json(value)).with("Storm-Revision", std::to_string(state.revision));
}

bool lists(const std::vector<Id>& ids, const Id& id) {
  return std::ranges::find(ids, id) != ids.end();
}

Answer explained(const Call& call) {
  const Snapshot snapshot = call.api.engine.snapshot();
  const State& state = *snapshot;
  const Result<Uuid> group = state.require(EntityKind::Group, call.id);
  if (!group) return error_answer(call.request.format, group.error());
  const std::string* word = call.request.url.find("resource");
  if (!word) {
    return fault_of(call, "resource",
                    {Errc::InvalidArgument, "Name the resource: ?resource=ID or a name."});
  }
  const Result<Uuid> found = state.require(EntityKind::Resource, *word);
  if (!found) return error_answer(call.request.format, found.error());
  const LiveGroup& live = *state.groups.get(*group);
  const Resource& resource = **state.resources.get(*found);
  Value value = Value::object();
  value.add("group", brief(state, live.group->id));
  value.add("resource", brief(resource));
  value.add("member", is_member(state, live, resource));
  std::string reason;
  if (lists(live.group->exclude, resource.id)) {
    reason = "it is excluded by name, whatever the query says";
  } else if (lists(live.group->include, resource.id)) {
    reason = "it is included by name, whatever the query says";
  } else if (!live.query) {
    reason = "the group has no query, and does not include it by name";
  }
  if (!reason.empty()) value.add("reason", reason);
  if (live.query) {
    const Explanation explanation = explain(*live.query, *resource_view(state, resource));
    value.add("explanation", to_value(explanation));
  }
  const std::int64_t age = std::max<std::int64_t>(0, now() - resource.observed_at);
  value.add("unchanged_seconds", age / kNanosecondsPerSecond);
  return answer_at(state, value);
}

// A move that another change caused has no names when its resource is gone by now: an event of the
// resource itself has them, if one is kept.
void fill_names(const State& state, std::vector<PastMove>& moves) {
  std::map<Uuid, const std::vector<std::string>*> wanted;
  for (const PastMove& move : moves) {
    if (!move.relisted && move.names.empty()) wanted.emplace(move.resource, nullptr);
  }
  if (wanted.empty()) return;
  for (const auto& [revision, event] : state.events) {
    if (event->entity.kind != EntityKind::Resource || event->names.empty()) continue;
    const auto found = wanted.find(event->entity.uuid);
    if (found != wanted.end()) found->second = &event->names;
  }
  for (PastMove& move : moves) {
    const auto found = move.names.empty() ? wanted.find(move.resource) : wanted.end();
    if (found != wanted.end() && found->second) move.names = *found->second;
  }
}

// 0.0312 instead of 0.031249999: three digits say what there is to know.
double rounded(double value) {
  if (value <= 0) return 0;
  const double scale = std::pow(10.0, 2 - std::floor(std::log10(value)));
  return std::round(value * scale) / scale;
}

Answer history_of(const Call& call) {
  const Snapshot snapshot = call.api.engine.snapshot();
  const State& state = *snapshot;
  const Result<Uuid> group = state.require(EntityKind::Group, call.id);
  if (!group) return error_answer(call.request.format, group.error());
  const Url& url = call.request.url;
  WallTime since = 0;
  if (const std::string* text = url.find("since")) {
    const Result<WallTime> moment = parse_moment(*text, now());
    if (!moment) return fault_of(call, "since", moment.error());
    since = *moment;
  }
  const Result<std::uint64_t> limit = parse_count(url, "limit", 1, kHistoryMax, kHistoryMax);
  if (!limit) return error_answer(call.request.format, limit.error());
  std::vector<PastMove> moves = group_history(state, *group, since);
  // The newest are wanted.
  if (moves.size() > *limit)
    moves.erase(moves.begin(), moves.end() - static_cast<std::ptrdiff_t>(*limit));
  fill_names(state, moves);
  Value::Array list;
  for (const PastMove& move : moves) {
    Value item = Value::object();
    item.add("time", to_rfc3339(move.time));
    item.add("revision", move.revision);
    item.add("type", move.relisted ? "relisted" : move.joined ? "joined" : "left");
    item.add("resource",
             move.relisted ? Value() : Value(Id{EntityKind::Resource, move.resource}.to_string()));
    item.add("names", names_of(move.names));
    list.push_back(std::move(item));
  }
  Answer answer = answer_at(state, Value(std::move(list)));
  if (const auto begin = history_begin(state))
    answer.with("Storm-History-Begin", to_rfc3339(*begin));
  return answer;
}

// What the query costs, and what it is found by.
Answer analyzed(const Call& call) {
  const Snapshot snapshot = call.api.engine.snapshot();
  const State& state = *snapshot;
  const Result<Uuid> group = state.require(EntityKind::Group, call.id);
  if (!group) return error_answer(call.request.format, group.error());
  const LiveGroup& live = *state.groups.get(*group);
  Value value = Value::object();
  value.add("group", brief(state, live.group->id));
  const std::size_t members = member_count(state, live);
  const std::size_t total = state.resources.size();
  value.add("members", std::uint64_t{members});
  value.add("resources", std::uint64_t{total});
  value.add("selectivity",
            total == 0 ? 0.0 : rounded(static_cast<double>(members) / static_cast<double>(total)));
  value.add("kept", live.by_class
                        ? "by class: a change of a resource tests no query"
                        : "by resource: a change tests the query where a value points to it");
  value.add("classes", std::uint64_t{live.classes.size()});
  if (live.query) {
    Value::Array access;
    for (const AccessPredicate& predicate : live.query->access()) {
      static constexpr std::string_view kKinds[] = {"all",   "any of", "prefix",
                                                    "range", "exists", "never"};
      access.emplace_back(Value::Object{
          {"path", predicate.path}, {"kind", kKinds[static_cast<std::size_t>(predicate.kind)]}});
    }
    value.add("access", std::move(access));
    Value::Array slow;
    const bool reads_snapshot =
        std::ranges::find(live.query->fields(), "snapshot") != live.query->fields().end();
    if (live.query->access().empty())
      slow.emplace_back("no condition that an index could use: every class is a candidate");
    if (!live.by_class && reads_snapshot)
      slow.emplace_back("it reads the snapshot, which is unpacked for each test");
    if (live.query->relations() != 0)
      slow.emplace_back("it follows a relation: a change of a relative tests all that refer to it");
    if (!live.query->groups().empty())
      slow.emplace_back("it asks for members of another group: it is tested at each change");
    value.add("slow", std::move(slow));
    value.add("tests_to_list", std::uint64_t{ResourceSearch(state, *live.query).tests()});
    // Measured, not guessed: the conditions on some resources.
    const SystemClock clock;
    std::size_t tested = 0;
    const MemberTree tree = snapshot_members_of(*live.query);
    const MonoTime begin = clock.mono_now();
    for (const auto& resource : state.ordered_resources) {
      if (++tested > kSampleMax) break;
      (void)live.query->matches(*resource_view(state, *resource, &tree));
    }
    if (total > 0) {
      const auto sampled = static_cast<std::int64_t>(std::min(total, kSampleMax));
      value.add("nanoseconds_per_test", (clock.mono_now() - begin) / sampled);
    }
  }
  return answer_at(state, value);
}

Answer groups_of_resource(const Call& call) {
  const Snapshot snapshot = call.api.engine.snapshot();
  const State& state = *snapshot;
  const Result<Uuid> found = state.require(EntityKind::Resource, call.id);
  if (!found) return error_answer(call.request.format, found.error());
  Value::Array list;
  if (const auto groups = groups_of(state, **state.resources.get(*found))) {
    for (const std::uint32_t number : *groups)
      list.push_back(brief(state, {EntityKind::Group, *state.group_numbers.get(number)}));
  }
  return answer_at(state, Value(std::move(list)));
}

Answer covered(const Call& call) {
  const Snapshot snapshot = call.api.engine.snapshot();
  const State& state = *snapshot;
  const Coverage coverage = coverage_of(state);
  Value value = Value::object();
  value.add("not_in_groups", std::uint64_t{coverage.ungrouped});
  Value::Array resources, groups, applications;
  for (const auto& resource : ungrouped_resources(state, kNamedMax))
    resources.push_back(brief(*resource));
  for (const Id& id : coverage.empty_groups) {
    if (groups.size() < kNamedMax) groups.push_back(brief(state, id));
  }
  for (const ApplicationHealth& health : coverage.unhealthy) {
    Value item = brief(state, health.application);
    item.add("health", name_of(health.health));
    item.add("reasons", names_of(health.reasons));
    if (applications.size() < kNamedMax) applications.push_back(std::move(item));
  }
  value.add("resources", std::move(resources));
  value.add("empty_groups", std::move(groups));
  value.add("unhealthy_applications", std::move(applications));
  return answer_at(state, value);
}

template <Answer (*make)(const Call&)>
void read(const CallPtr& call, const Reply& reply) {
  answer_with(reply, [call] { return make(*call); });
}

constexpr Route kRoutes[] = {
    {Method::Get, "/v1/groups/{id}/explain", read<explained>, kExplainParameters},
    {Method::Get, "/v1/groups/{id}/history", read<history_of>, kHistoryParameters},
    {Method::Get, "/v1/groups/{id}/analyze", read<analyzed>},
    {Method::Get, "/v1/resources/{id}/groups", read<groups_of_resource>},
    {Method::Get, "/v1/coverage", read<covered>},
};

}  // namespace

std::span<const Route> insight_routes() { return kRoutes; }

Answer members_of_the_past(const Call& call, const State& state, const Uuid& group,
                           const std::string& at) {
  const Result<WallTime> time = parse_moment(at, now());
  if (!time) return fault_of(call, "at", time.error());
  // Nothing was ever dropped: what is missing has not been.
  const bool is_whole = !state.events.empty() && state.events.begin()->first == 1;
  if (is_whole && *time < state.events.begin()->second->time) {
    return fault_of(call, "at",
                    {Errc::InvalidArgument,
                     fmt::format("members are known from {} on: nothing was there before",
                                 to_rfc3339(state.events.begin()->second->time))});
  }
  const Result<std::vector<Uuid>> members = members_at(state, group, *time);
  if (!members) return fault_of(call, "at", members.error());
  Value::Array list;
  for (const Uuid& member : *members) {
    const auto* resource = state.resources.get(member);
    if (resource) {
      list.push_back(brief(**resource));
    } else {
      list.emplace_back(Value::Object{{"id", Id{EntityKind::Resource, member}.to_string()},
                                      {"type", Value()},
                                      {"names", Value::Array()},
                                      {"status", "removed"}});
    }
  }
  return answer_at(state, Value(std::move(list)));
}

}  // namespace storm::rest
