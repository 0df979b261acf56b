#include "core/model/procedure.hpp"

#include "core/document/json.hpp"
#include "core/model/fields.hpp"

namespace storm {

Value to_value(const Procedure& procedure) {
  return Value(Value::Object{{"id", procedure.id.to_string()},
                             {"type", procedure.type},
                             {"name", procedure.name ? Value(*procedure.name) : Value()},
                             {"content", procedure.content},
                             {"options", procedure.options},
                             {"params", procedure.params}});
}

Procedure read_procedure(const Value& body, const Procedure* known,
                         std::vector<Problem>& problems) {
  Procedure procedure = known ? *known : Procedure{};
  FieldReader fields(body, problems);
  const Presence required = known ? Presence::Optional : Presence::Required;
  if (auto type = fields.text("type", required)) procedure.type = *type;
  if (fields.has("name")) procedure.name = fields.nullable_text("name");
  if (auto content = fields.content("content", Presence::Optional)) procedure.content = *content;
  if (auto options = fields.object("options", Presence::Optional)) procedure.options = *options;
  if (auto params = fields.object("params", Presence::Optional)) procedure.params = *params;
  fields.refuse_misspelled(
      std::vector<std::string_view>{"id", "type", "name", "content", "options", "params"});
  return procedure;
}

Result<Procedure> procedure_from_row(Id id, const std::string& row) {
  const Value value = STORM_TRY(parse_json(row));
  std::vector<Problem> problems;
  Procedure procedure = read_procedure(value, nullptr, problems);
  procedure.id = id;
  if (!problems.empty()) return invalid(std::move(problems));
  return procedure;
}

}  // namespace storm
