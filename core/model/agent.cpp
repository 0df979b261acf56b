#include "core/model/agent.hpp"

#include "core/document/json.hpp"
#include "core/model/fields.hpp"

namespace storm {

Value to_value(const Agent& agent) {
  Value value(Value::Object{
      {"id", agent.id.to_string()},
      {"type", agent.type},
      {"name", agent.name ? Value(*agent.name) : Value()},
      {"heartbeat", agent.heartbeat ? Value(to_rfc3339(agent.heartbeat)) : Value()},
      {"status", agent.online ? "online" : "offline"},
      {"options", agent.options},
  });
  if (agent.source) {
    value.add("source", Value(Value::Object{{"state", name_of(agent.source->state)},
                                            {"summary", agent.source->summary},
                                            {"detail", agent.source->detail}}));
  }
  return value;
}

Agent read_agent(const Value& body, const Agent* known, std::vector<Problem>& problems) {
  Agent agent = known ? *known : Agent{};
  FieldReader fields(body, problems);
  if (auto type = fields.text("type", known ? Presence::Optional : Presence::Required))
    agent.type = *type;
  if (fields.has("name")) agent.name = fields.nullable_text("name");
  if (auto options = fields.object("options", Presence::Optional)) agent.options = *options;
  fields.refuse_misspelled(std::vector<std::string_view>{"id", "type", "name", "heartbeat",
                                                         "status", "options", "source"});
  return agent;
}

std::string to_row(const Agent& agent) {
  return to_json(Value(Value::Object{{"type", agent.type},
                                     {"name", agent.name ? Value(*agent.name) : Value()},
                                     {"heartbeat_ns", agent.heartbeat},
                                     {"online", agent.online},
                                     {"local", agent.is_local},
                                     {"options", agent.options}}));
}

Result<Agent> agent_from_row(Id id, const std::string& row) {
  const Value value = STORM_TRY(parse_json(row));
  std::vector<Problem> problems;
  Agent agent = read_agent(value, nullptr, problems);
  FieldReader fields(value, problems);
  agent.id = id;
  agent.heartbeat =
      fields.integer("heartbeat_ns", Presence::Required, INT64_MIN, INT64_MAX).value_or(0);
  agent.online = fields.boolean("online", Presence::Required).value_or(false);
  agent.is_local = fields.boolean("local", Presence::Required).value_or(false);
  if (!problems.empty()) return invalid(std::move(problems));
  return agent;
}

}  // namespace storm
