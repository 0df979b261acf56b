#include "core/model/event.hpp"

#include "core/model/fields.hpp"

namespace storm {
namespace {

Value numbers(const GroupNumbers& groups) {
  Value::Array list;
  for (const std::uint32_t number : groups) list.emplace_back(std::int64_t{number});
  return list;
}

GroupNumbers read_numbers(const Value* list) {
  GroupNumbers groups;
  if (!list || !list->is_array()) return groups;
  for (const Value& item : list->as_array()) {
    if (item.is_int()) groups.push_back(static_cast<std::uint32_t>(item.as_int()));
  }
  return groups;
}

std::shared_ptr<const GroupNumbers> shared(GroupNumbers groups) {
  return groups.empty() ? nullptr : std::make_shared<const GroupNumbers>(std::move(groups));
}

}  // namespace

Value to_value(const Event& event) {
  Value::Array names;
  for (const std::string& name : event.names) names.emplace_back(name);
  Value value(Value::Object{{"id", event.id},
                            {"event_type", name_of(event.type)},
                            {"entity_type", name_of(event.entity.kind)},
                            {"entity_id", event.entity.to_string()},
                            {"entity_names", std::move(names)},
                            {"time", to_rfc3339(event.time)}});
  if (event.entity.kind == EntityKind::Resource) {
    value.add("resource_type", event.resource_type);
    value.add("status", name_of(event.status));
    value.add("health", name_of(event.health));
    value.add("stale", event.stale);
    value.add("observed_at", event.observed_at ? Value(to_rfc3339(event.observed_at)) : Value());
  }
  return value;
}

Value to_row_value(const Event& event) {
  Value value = to_value(event);
  value.add("time_ns", event.time);
  value.add("observed_at_ns", event.observed_at);
  if (event.groups_before) value.add("groups_before", numbers(*event.groups_before));
  if (event.groups_after) value.add("groups_after", numbers(*event.groups_after));
  if (!event.moves.empty()) {
    Value::Array moves;
    for (const MemberMove& move : event.moves) {
      moves.emplace_back(
          Value::Array{std::int64_t{move.group}, to_base62(move.resource), move.joined});
    }
    value.add("moves", std::move(moves));
  }
  if (!event.relisted.empty()) value.add("relisted", numbers(event.relisted));
  return value;
}

Result<Event> event_from_row_value(const Value& value) {
  std::vector<Problem> problems;
  FieldReader fields(value, problems);
  Event event;
  event.id = static_cast<std::uint64_t>(
      fields.integer("id", Presence::Required, 0, INT64_MAX).value_or(0));
  event.type = static_cast<EventType>(
      fields.choice("event_type", Presence::Required, kEventTypeNames).value_or(0));
  const auto entity = Id::parse(fields.content("entity_id", Presence::Required).value_or(""));
  if (!entity) fields.refuse("entity_id", "is no id");
  event.entity = entity.value_or(Id{});
  if (const Value* names = fields.list("entity_names", Presence::Required)) {
    for (const Value& name : names->as_array()) {
      if (name.is_string()) event.names.push_back(name.as_string());
    }
  }
  event.time = fields.integer("time_ns", Presence::Required, INT64_MIN, INT64_MAX).value_or(0);
  event.observed_at =
      fields.integer("observed_at_ns", Presence::Required, INT64_MIN, INT64_MAX).value_or(0);
  event.resource_type = fields.content("resource_type", Presence::Optional).value_or("");
  event.status =
      static_cast<Status>(fields.choice("status", Presence::Optional, kStatusNames).value_or(0));
  event.health =
      static_cast<Health>(fields.choice("health", Presence::Optional, kHealthNames).value_or(0));
  event.stale = fields.boolean("stale", Presence::Optional).value_or(false);
  event.groups_before = shared(read_numbers(value.find("groups_before")));
  event.groups_after = shared(read_numbers(value.find("groups_after")));
  event.relisted = read_numbers(value.find("relisted"));
  if (const Value* moves = fields.list("moves", Presence::Optional)) {
    for (const Value& item : moves->as_array()) {
      const Value::Array* parts = item.is_array() ? &item.as_array() : nullptr;
      if (!parts || parts->size() != 3 || !(*parts)[0].is_int() || !(*parts)[1].is_string()) {
        continue;
      }
      const auto resource = uuid_from_base62((*parts)[1].as_string());
      if (!resource) continue;
      event.moves.push_back({static_cast<std::uint32_t>((*parts)[0].as_int()), *resource,
                             (*parts)[2] == Value(true)});
    }
  }
  if (!problems.empty()) return invalid(std::move(problems));
  return event;
}

}  // namespace storm
