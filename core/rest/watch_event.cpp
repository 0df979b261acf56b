#include "core/rest/watch_event.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "core/document/json.hpp"
#include "core/rest/resource_difference.hpp"

namespace storm::rest {
namespace {

constexpr std::string_view kTypeNames[] = {"created", "updated", "deleted", "joined",
                                           "left",    "initial", "reset"};

using Kind = WatchSelector::Kind;

WatchType type_of(EventType type) {
  return type == EventType::Created   ? WatchType::Created
         : type == EventType::Deleted ? WatchType::Deleted
                                      : WatchType::Updated;
}

bool holds(const std::vector<Uuid>& groups, const Uuid& group) {
  return std::ranges::find(groups, group) != groups.end();
}

void append_text(std::string& out, std::string_view key, std::string_view text) {
  out += fmt::format(",\"{}\":", key);
  append_json_string(out, text);
}

// The beginning that all messages share.
std::string head_of(std::string_view cursor, std::uint64_t revision, WallTime time,
                    std::string_view type, std::string_view selector) {
  std::string out = "{\"cursor\":";
  if (cursor.empty()) {
    out += "null";
  } else {
    append_json_string(out, cursor);
  }
  out += fmt::format(",\"revision\":{}", revision);
  if (time != 0) append_text(out, "time", to_rfc3339(time));
  append_text(out, "type", type);
  if (!selector.empty()) append_text(out, "selector", selector);
  return out;
}

void append_group(std::string& out, const State& state, const Uuid& group, const Event* event) {
  const Id id{EntityKind::Group, group};
  out += ",\"group\":{\"id\":";
  append_json_string(out, id.to_string());
  std::vector<std::string> names = state.names_of(id);
  if (names.empty() && event && event->entity == id) names = event->names;
  if (!names.empty()) append_text(out, "name", names.front());
  out += '}';
}

std::string resource_json(const Resource& resource) {
  return "\"resource\":" + to_json(to_value_without_snapshot(resource));
}

std::string resource_json(const State& state, const Uuid& uuid) {
  if (const Shared<Resource>* resource = state.resources.get(uuid))
    return resource_json(**resource);
  std::string out = "\"resource\":{\"id\":";
  append_json_string(out, Id{EntityKind::Resource, uuid}.to_string());
  return out + "}";
}

}  // namespace

std::string_view name_of(WatchType type) { return kTypeNames[static_cast<std::size_t>(type)]; }

WatchEvent::WatchEvent(Snapshot state, Shared<Event> event)
    : state_(std::move(state)), event_(std::move(event)) {}

const GroupChanges& WatchEvent::changes() {
  if (!changes_) changes_ = group_changes(*state_, *event_);
  return *changes_;
}

std::vector<Uuid> WatchEvent::groups() {
  const GroupChanges& all = changes();
  std::vector<Uuid> groups = all.joined;
  groups.insert(groups.end(), all.left.begin(), all.left.end());
  groups.insert(groups.end(), all.updated.begin(), all.updated.end());
  groups.insert(groups.end(), all.relisted.begin(), all.relisted.end());
  std::uint32_t last = 0;
  for (const MemberMove& move : all.moves) {
    if (move.group == last) continue;
    last = move.group;
    if (const Uuid* group = group_of_number(*state_, move.group)) groups.push_back(*group);
  }
  if (event_->entity.kind == EntityKind::Group) groups.push_back(event_->entity.uuid);
  std::ranges::sort(groups);
  groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
  return groups;
}

void WatchEvent::tell(const WatchSelector& selector, std::vector<Telling>& tellings) {
  const Event& event = *event_;
  const bool resource = event.entity.kind == EntityKind::Resource;
  switch (selector.kind) {
    case Kind::All:
      return tellings.push_back({type_of(event.type)});
    case Kind::Group:
      return tell_group(selector, tellings);
    case Kind::Resource:
      if (resource && event.entity.uuid == selector.uuid) tellings.push_back({type_of(event.type)});
      return;
    case Kind::Type:
      if (resource && event.resource_type == selector.type) {
        tellings.push_back({type_of(event.type)});
      }
      return;
    case Kind::Query: {
      if (!resource) return;
      // What it said is not kept over a restart: whoever asks by its fields has to list again.
      if (!event.before && !event.after) return tellings.push_back({WatchType::Reset});
      // Who refers to it by its name may be found or lost without a change of its own.
      if (selector.reads_references && is_referred_anew()) {
        return tellings.push_back({WatchType::Reset});
      }
      const Verdict verdict = verdict_of(selector);
      if (verdict.before && verdict.after) return tellings.push_back({WatchType::Updated});
      if (verdict.after) tellings.push_back({WatchType::Joined});
      if (verdict.before) tellings.push_back({WatchType::Left});
      return;
    }
  }
}

void WatchEvent::tell_group(const WatchSelector& selector, std::vector<Telling>& tellings) {
  const GroupChanges& all = changes();
  const Uuid& group = selector.uuid;
  if (event_->entity == Id{EntityKind::Group, group}) {
    tellings.push_back({type_of(event_->type), std::nullopt, true});
  }
  if (holds(all.relisted, group)) return tellings.push_back({WatchType::Reset});
  if (holds(all.joined, group)) tellings.push_back({WatchType::Joined});
  if (holds(all.left, group)) tellings.push_back({WatchType::Left});
  if (holds(all.updated, group)) tellings.push_back({WatchType::Updated});
  for (const MemberMove& move : all.moves) {
    const Uuid* moved_in = group_of_number(*state_, move.group);
    if (!moved_in || *moved_in != group) continue;
    tellings.push_back({move.joined ? WatchType::Joined : WatchType::Left, move.resource});
  }
}

WatchEvent::Verdict WatchEvent::verdict_of(const WatchSelector& selector) {
  const auto known = verdicts_.find(selector.query_text);
  if (known != verdicts_.end()) return known->second;
  // Read once for all queries.
  const auto matches = [&](const std::shared_ptr<const Resource>& resource,
                           std::unique_ptr<DocumentView>& view) {
    if (resource && !view) view = resource_view(*state_, *resource);
    return resource && selector.query->matches(*view);
  };
  const Verdict verdict{matches(event_->before, before_), matches(event_->after, after_)};
  verdicts_.emplace(selector.query_text, verdict);
  return verdict;
}

bool WatchEvent::is_referred_anew() {
  if (is_referred_anew_) return *is_referred_anew_;
  const auto& [before, after] = std::tie(event_->before, event_->after);
  const Uuid& uuid = event_->entity.uuid;
  is_referred_anew_ = false;
  if (before && after && before->names == after->names) return false;
  const auto referrer = state_->references.lower_bound(std::pair(uuid, Uuid{}));
  is_referred_anew_ = referrer != state_->references.end() && referrer->first == uuid;
  return *is_referred_anew_;
}

const std::string& WatchEvent::subject() {
  if (!subject_.empty()) return subject_;
  const Event& event = *event_;
  if (const Resource* resource = event.after ? event.after.get() : event.before.get()) {
    return subject_ = resource_json(*resource);
  }
  Value names = Value::array();
  for (const std::string& name : event.names) names.push_back(name);
  Value value(Value::Object{{"id", event.entity.to_string()}});
  if (event.entity.kind == EntityKind::Resource) {
    value.add("type", event.resource_type);
    value.add("names", std::move(names));
    value.add("status", storm::name_of(event.status));
    value.add("health", storm::name_of(event.health));
    value.add("stale", event.stale);
    return subject_ = "\"resource\":" + to_json(value);
  }
  value.add("kind", storm::name_of(event.entity.kind));
  value.add("names", std::move(names));
  return subject_ = "\"entity\":" + to_json(value);
}

const std::string& WatchEvent::changed() {
  if (changed_) return *changed_;
  changed_.emplace();
  if (!event_->before || !event_->after) return *changed_;
  ResourceDifference difference = difference_of(*event_->before, *event_->after);
  *changed_ = ",\"changed\":" + to_json(Value(std::move(difference.changed)));
  if (difference.more) *changed_ += ",\"changed_more\":true";
  return *changed_;
}

std::string WatchEvent::message(const WatchSelector& selector, const Telling& telling,
                                std::string_view cursor) {
  std::string out =
      head_of(cursor, event_->id, event_->time, name_of(telling.type), selector.label);
  if (selector.kind == Kind::Group) append_group(out, *state_, selector.uuid, event_.get());
  if (telling.type != WatchType::Reset) {
    out += ',';
    out += telling.moved ? resource_json(*state_, *telling.moved) : subject();
    if (telling.type == WatchType::Updated && !telling.of_group) out += changed();
  }
  return out + "}";
}

std::string initial_message(const State& state, const WatchSelector& selector, const Id& id) {
  std::string out = head_of("", state.revision, 0, name_of(WatchType::Initial), selector.label);
  if (selector.kind == Kind::Group) append_group(out, state, selector.uuid, nullptr);
  if (id.kind == EntityKind::Resource) {
    return out + "," + resource_json(state, id.uuid) + "}";
  }
  Value names = Value::array();
  for (const std::string& name : state.names_of(id)) names.push_back(name);
  return out + ",\"entity\":" +
         to_json(Value(Value::Object{{"id", id.to_string()},
                                     {"kind", storm::name_of(id.kind)},
                                     {"names", std::move(names)}})) +
         "}";
}

std::string place_message(std::string_view type, std::string_view cursor, std::uint64_t revision,
                          std::string_view selector) {
  return head_of(cursor, revision, 0, type, selector) + "}";
}

std::string gap_message(std::string_view cursor, std::uint64_t from, std::uint64_t to,
                        std::string_view selector) {
  return head_of(cursor, to, 0, "gap", selector) +
         fmt::format(",\"missed_from\":{},\"missed_to\":{}}}", from, to);
}

}  // namespace storm::rest
