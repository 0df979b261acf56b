#include <fmt/format.h>

#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/display_text.hpp"
#include "cli/nouns.hpp"
#include "cli/print_table.hpp"
#include "core/document/json.hpp"
#include "core/document/yaml_writer.hpp"

namespace storm::cli {
namespace {

std::string field(const Value& object, std::string_view key) {
  const Value* value = object.find(key);
  return value == nullptr ? std::string() : printable(text_of(*value));
}

// "prod started (pid 81, generation 2)"; several are separated by commas.
std::string instances_text(const Value& plugin) {
  std::string text;
  const Value* list = plugin.find("instances");
  if (list == nullptr || !list->is_array()) return text;
  for (const Value& instance : list->as_array()) {
    if (!text.empty()) text += ", ";
    text += field(instance, "name") + " " + field(instance, "state");
    const std::string pid = field(instance, "pid");
    if (pid.empty()) continue;
    text += fmt::format(" (pid {}, generation {})", pid, field(instance, "generation"));
  }
  return text;
}

bool wants_data(const Session& session) {
  return session.options.output_given && session.options.output != OutputFormat::Table &&
         session.options.output != OutputFormat::Wide;
}

void print_data(const Session& session, const Value& value) {
  switch (session.options.output) {
    case OutputFormat::Yaml:
      return session.print(to_yaml(value));
    case OutputFormat::Name:
    case OutputFormat::Id: {
      const Value list = value.is_array() ? value : Value(Value::Array{value});
      for (const Value& plugin : list.as_array()) session.print(field(plugin, "id") + "\n");
      return;
    }
    default:
      return session.print(to_json(value, 2) + "\n");
  }
}

}  // namespace

ExitCode plugin_list_command(Session& session) {
  const Answer answer = session.client.get("/v1/plugins");
  if (!answer.ok()) return session.fail(*answer.error);
  if (!answer.body.is_array()) {
    return session.fail({ExitCode::Failure, "the server's list of plugins is no list"});
  }
  if (wants_data(session)) {
    print_data(session, answer.body);
    return ExitCode::Ok;
  }
  Table table;
  table.columns = {{"ID"},
                   {"VERSION"},
                   {"STATE", ColumnStyle::State},
                   {"ISOLATION"},
                   {"INSTANCES", ColumnStyle::Flexible}};
  for (const Value& plugin : answer.body.as_array()) {
    const std::string reason = field(plugin, "reason");
    table.rows.push_back({field(plugin, "id"), field(plugin, "version"), field(plugin, "state"),
                          field(plugin, "isolation"),
                          reason.empty() ? instances_text(plugin) : reason});
  }
  session.print(to_text(table, {!session.options.no_headers, session.terminal}));
  return ExitCode::Ok;
}

ExitCode plugin_info_command(Session& session, const std::string& plugin) {
  const Answer answer = session.client.get(path_to("plugins", plugin));
  if (!answer.ok()) return session.fail(*answer.error);
  if (wants_data(session)) {
    print_data(session, answer.body);
  } else {
    session.print(to_yaml(answer.body));
  }
  return ExitCode::Ok;
}

ExitCode plugin_act_command(Session& session, const std::string& plugin,
                            const std::string& action) {
  const Answer answer =
      session.client.post(path_to("plugins", plugin) + "/" + action, Value::object());
  if (!answer.ok()) return session.fail(*answer.error);
  if (wants_data(session)) {
    print_data(session, answer.body);
  } else if (session.talks()) {
    const std::string instances = instances_text(answer.body);
    session.print(fmt::format("{}: {}{}{}\n", field(answer.body, "id"), field(answer.body, "state"),
                              instances.empty() ? "" : ", ", instances));
  }
  return ExitCode::Ok;
}

}  // namespace storm::cli
