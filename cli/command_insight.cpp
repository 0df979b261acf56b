// Why, since when and what not: explain, history, members at a time, analyze, coverage.
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/display_text.hpp"
#include "cli/find_entity.hpp"
#include "cli/print_table.hpp"
#include "core/document/json.hpp"
#include "core/document/yaml_writer.hpp"

namespace storm::cli {
namespace {

// The id of what a word means; an answer with an error when it means nothing.
Answer resolve(Session& session, std::string_view noun, const std::string& word, std::string& id) {
  const Noun& kind = *find_noun(noun);
  Answer found = find_entity(session.client, kind, word, {{"fields", "id"}});
  if (found.ok()) id = id_of(found.body);
  return found;
}

bool wants_table(const Session& session) {
  return session.options.output == OutputFormat::Table ||
         session.options.output == OutputFormat::Wide;
}

// As data, in the format that was asked for.
ExitCode print_data(const Session& session, const Value& value) {
  if (session.options.output == OutputFormat::Json) {
    session.print(to_json(value, 2) + "\n");
  } else if (session.options.output == OutputFormat::Ndjson) {
    if (value.is_array()) {
      for (const Value& item : value.as_array()) session.print(to_json(item) + "\n");
    } else {
      session.print(to_json(value) + "\n");
    }
  } else {
    session.print(to_yaml(value));
  }
  return ExitCode::Ok;
}

std::string text_at(const Value& value, std::string_view name) {
  const Value* found = value.find(name);
  return found == nullptr || found->is_null() ? std::string() : text_of(*found);
}

std::string shown_names(const Value& value) {
  std::string text;
  const Value* names = value.find("names");
  if (names == nullptr || !names->is_array()) return text;
  for (const Value& name : names->as_array()) text += (text.empty() ? "" : ", ") + text_of(name);
  return text;
}

// A resource by its first name, or by its id when it has none.
std::string label_of(const Value& resource) {
  const Value* names = resource.find("names");
  const bool is_named = names != nullptr && names->is_array() && !names->as_array().empty();
  return is_named ? text_of(names->as_array().front()) : text_at(resource, "id");
}

// "+" for what holds, "-" for what does not; children below their parent.
void append_condition(const Value& condition, std::size_t depth, std::string& text) {
  const Value* holds = condition.find("holds");
  const bool is_met = holds != nullptr && *holds == Value(true);
  std::string line(depth * 2, ' ');
  line += is_met ? "+ " : "- ";
  line += text_at(condition, "condition");
  const std::string actual = text_at(condition, "actual");
  if (!actual.empty()) line += "   is " + actual;
  text += printable(line) + "\n";
  const Value* children = condition.find("children");
  if (children == nullptr || !children->is_array()) return;
  for (const Value& child : children->as_array()) append_condition(child, depth + 1, text);
}

std::string explanation_text(const Value& answer) {
  const Value* resource = answer.find("resource");
  const Value* group = answer.find("group");
  const bool is_member = answer.find("member") && *answer.find("member") == Value(true);
  std::string text = printable(fmt::format("{} is {} of {}", resource ? label_of(*resource) : "",
                                           is_member ? "a member" : "no member",
                                           group ? text_at(*group, "name") : "")) +
                     "\n";
  if (const std::string reason = text_at(answer, "reason"); !reason.empty())
    text += printable(reason) + "\n";
  const Value* explanation = answer.find("explanation");
  if (explanation == nullptr) return text;
  const std::string miss = text_at(*explanation, "nearest_miss");
  if (!miss.empty()) {
    text += printable(
                fmt::format("{}, unchanged for {} s", miss, text_at(answer, "unchanged_seconds"))) +
            "\n";
  }
  if (const Value* conditions = explanation->find("conditions"))
    append_condition(*conditions, 0, text);
  return text;
}

// A table of the members `columns` of each document.
std::string rows_text(const Session& session, const Value& list,
                      const std::vector<std::pair<std::string, TableColumn>>& columns) {
  Table table;
  for (const auto& [member, column] : columns) table.columns.push_back(column);
  if (!list.is_array()) return {};
  for (const Value& item : list.as_array()) {
    std::vector<std::string> cells;
    for (const auto& [member, column] : columns)
      cells.push_back(printable(member == "names" ? shown_names(item) : text_at(item, member)));
    table.rows.push_back(std::move(cells));
  }
  return to_text(table, {!session.options.no_headers, session.terminal});
}

}  // namespace

ExitCode explain_command(Session& session, const std::string& resource, const std::string& group) {
  std::string resource_id, group_id;
  if (const Answer found = resolve(session, "resource", resource, resource_id); !found.ok())
    return session.fail(*found.error);
  if (const Answer found = resolve(session, "group", group, group_id); !found.ok())
    return session.fail(*found.error);
  const Answer answer = session.client.get("/v1/groups/" + group_id +
                                           "/explain?resource=" + percent_encoded(resource_id));
  if (!answer.ok()) return session.fail(*answer.error);
  if (!wants_table(session)) return print_data(session, answer.body);
  session.print(explanation_text(answer.body));
  return ExitCode::Ok;
}

ExitCode history_command(Session& session, const HistoryOptions& options) {
  std::string id;
  if (const Answer found = resolve(session, "group", options.group, id); !found.ok())
    return session.fail(*found.error);
  std::string path = "/v1/groups/" + id + "/history";
  if (!options.since.empty()) path += "?since=" + percent_encoded(options.since);
  const Answer answer = session.client.get(path);
  if (!answer.ok()) return session.fail(*answer.error);
  if (!wants_table(session)) return print_data(session, answer.body);
  session.print(rows_text(session, answer.body,
                          {{"time", {"TIME"}},
                           {"type", {"CHANGE"}},
                           {"resource", {"RESOURCE"}},
                           {"names", {"NAMES", ColumnStyle::Flexible}}}));
  const auto begin = answer.headers.find("storm-history-begin");
  if (session.talks() && begin != answer.headers.end())
    fmt::print(stderr, "note: events are kept since {}\n", begin->second);
  return ExitCode::Ok;
}

ExitCode past_members_command(Session& session, const std::string& group, const std::string& at) {
  std::string id;
  if (const Answer found = resolve(session, "group", group, id); !found.ok())
    return session.fail(*found.error);
  const Answer answer =
      session.client.get("/v1/groups/" + id + "/members?at=" + percent_encoded(at));
  if (!answer.ok()) return session.fail(*answer.error);
  if (!wants_table(session)) return print_data(session, answer.body);
  session.print(rows_text(session, answer.body,
                          {{"id", {"ID"}},
                           {"type", {"TYPE"}},
                           {"names", {"NAMES", ColumnStyle::Flexible}},
                           {"status", {"NOW", ColumnStyle::State}}}));
  return ExitCode::Ok;
}

ExitCode analyze_command(Session& session, const std::string& group) {
  std::string id;
  if (const Answer found = resolve(session, "group", group, id); !found.ok())
    return session.fail(*found.error);
  const Answer answer = session.client.get("/v1/groups/" + id + "/analyze");
  if (!answer.ok()) return session.fail(*answer.error);
  return print_data(session, answer.body);
}

ExitCode groups_of_command(Session& session, const std::string& resource) {
  std::string id;
  if (const Answer found = resolve(session, "resource", resource, id); !found.ok())
    return session.fail(*found.error);
  const Answer answer = session.client.get("/v1/resources/" + id + "/groups");
  if (!answer.ok()) return session.fail(*answer.error);
  if (!wants_table(session)) return print_data(session, answer.body);
  session.print(rows_text(session, answer.body, {{"id", {"ID"}}, {"name", {"NAME"}}}));
  return ExitCode::Ok;
}

ExitCode coverage_command(Session& session) {
  const Answer answer = session.client.get("/v1/coverage");
  if (!answer.ok()) return session.fail(*answer.error);
  if (!wants_table(session)) return print_data(session, answer.body);
  const Value none = Value::array();
  const auto list = [&](std::string_view name) -> const Value& {
    const Value* found = answer.body.find(name);
    return found == nullptr ? none : *found;
  };
  std::string text =
      fmt::format("{} resources are in no group\n", text_at(answer.body, "not_in_groups"));
  if (!list("resources").as_array().empty()) {
    text += rows_text(session, list("resources"),
                      {{"id", {"ID"}},
                       {"type", {"TYPE"}},
                       {"names", {"NAMES", ColumnStyle::Flexible}},
                       {"status", {"STATUS", ColumnStyle::State}}});
  }
  for (const Value& group : list("empty_groups").as_array())
    text += printable(fmt::format("group {} has no members", text_at(group, "name"))) + "\n";
  for (const Value& application : list("unhealthy_applications").as_array()) {
    std::string reasons;
    if (const Value* found = application.find("reasons"); found && found->is_array()) {
      for (const Value& reason : found->as_array())
        reasons += (reasons.empty() ? "" : "; ") + text_of(reason);
    }
    text += printable(fmt::format("application {} is {}: {}", text_at(application, "name"),
                                  text_at(application, "health"), reasons)) +
            "\n";
  }
  session.print(text);
  return ExitCode::Ok;
}

}  // namespace storm::cli
