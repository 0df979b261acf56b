// Why, since when and what not: explain, history, members at a time, analyze, coverage.
#include <fmt/format.h>

#include <optional>

#include "cli/commands.hpp"
#include "cli/display_text.hpp"
#include "cli/find_entity.hpp"
#include "cli/print_documents.hpp"
#include "cli/print_table.hpp"
#include "cli/resource_names.hpp"
#include "core/document/json.hpp"
#include "core/document/yaml_writer.hpp"

namespace storm::cli {
namespace {

// The id of what a word means; an answer with an error when it means nothing.
Answer resolve(Session& session, std::string_view noun, const std::string& word, std::string& id,
               const Choose& choose = {}) {
  const Noun& kind = *find_noun(noun);
  Answer found = find_entity(session.client, kind, word, {{"fields", "id"}}, choose);
  if (found.ok()) id = id_of(found.body);
  return found;
}

// Of those that share a name, the one that has not ended, or else the one in the group. Nothing is
// changed by a question, so that guessing right most of the time is enough, if it is said.
std::optional<std::string> likely_one(Session& session, const Value::Array& sharing,
                                      const std::string& group) {
  Value::Array left;
  for (const Value& one : sharing) {
    if (!is_over(one)) left.push_back(one);
  }
  if (left.empty()) left = sharing;
  if (left.size() > 1 && !group.empty()) {
    Value::Array ids;
    for (const Value& one : left) ids.push_back(id_of(one));
    const Value filter(Value::Object{{"id", Value(Value::Object{{"$in", Value(ids)}})}});
    Answer members = session.client.get(path_to("groups/" + percent_encoded(group) + "/members", {},
                                                {{"fields", "id"}, {"q", to_json(filter)}}));
    if (members.ok() && members.body.is_array()) left = std::move(members.body.as_array());
  }
  if (left.size() != 1) return std::nullopt;
  fmt::print(stderr, "note: {} share that name; this is {}\n", sharing.size(),
             printable(id_of(left.front())));
  return id_of(left.front());
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

// The same of a list whose items are, or are about, things of that noun.
ExitCode print_list(const Session& session, std::string_view noun, const Value& list) {
  const OutputFormat output = session.options.output;
  const bool ids = output == OutputFormat::Id;
  if ((!ids && output != OutputFormat::Name) || !list.is_array()) return print_data(session, list);
  for (const Value& item : list.as_array()) {
    const Value* moved = item.find("resource");  // of a history
    if (moved != nullptr && moved->is_null()) continue;
    const std::string id = moved == nullptr ? id_of(item) : text_of(*moved);
    const std::string name =
        moved == nullptr ? reference_to(*find_noun(noun), item) : fmt::format("{}/{}", noun, id);
    session.print(printable(ids ? id : name) + "\n");
  }
  return ExitCode::Ok;
}

std::string text_at(const Value& value, std::string_view name) {
  const Value* found = value.find(name);
  return found == nullptr || found->is_null() ? std::string() : text_of(*found);
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

// `typed`: the name by which somebody asked for the resource.
std::string explanation_text(const Value& answer, const std::string& typed) {
  const Value* resource = answer.find("resource");
  const Value* group = answer.find("group");
  const bool is_member = answer.find("member") && *answer.find("member") == Value(true);
  const bool by_id = resource != nullptr && id_of(*resource).starts_with(typed);
  std::string text = printable(fmt::format("{} is {} of {}", by_id ? label_of(*resource) : typed,
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
    for (const auto& [member, column] : columns) {
      const CellKind kind = member == "names" ? CellKind::Names : CellKind::Text;
      cells.push_back(cell_text(item, {column.header, member, kind}, cell_style(session)));
    }
    table.rows.push_back(std::move(cells));
  }
  return to_text(table, table_options(session));
}

}  // namespace

ExitCode explain_command(Session& session, const std::string& resource, const std::string& group) {
  std::string resource_id, group_id;
  if (const Answer found = resolve(session, "group", group, group_id); !found.ok())
    return session.fail(*found.error);
  const auto choose = [&](const Value::Array& sharing) {
    return likely_one(session, sharing, group_id);
  };
  if (const Answer found = resolve(session, "resource", resource, resource_id, choose); !found.ok())
    return session.fail(*found.error);
  const Answer answer = session.client.get("/v1/groups/" + group_id +
                                           "/explain?resource=" + percent_encoded(resource_id));
  if (!answer.ok()) return session.fail(*answer.error);
  if (!wants_table(session)) return print_data(session, answer.body);
  session.print(explanation_text(answer.body, without_kind(*find_noun("resource"), resource)));
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
  if (!wants_table(session)) return print_list(session, "resource", answer.body);
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
  if (!wants_table(session)) return print_list(session, "resource", answer.body);
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
  const auto choose = [&](const Value::Array& sharing) { return likely_one(session, sharing, ""); };
  if (const Answer found = resolve(session, "resource", resource, id, choose); !found.ok())
    return session.fail(*found.error);
  const Answer answer = session.client.get("/v1/resources/" + id + "/groups");
  if (!answer.ok()) return session.fail(*answer.error);
  if (!wants_table(session)) return print_list(session, "group", answer.body);
  session.print(rows_text(session, answer.body, {{"id", {"ID"}}, {"name", {"NAME"}}}));
  return ExitCode::Ok;
}

ExitCode coverage_command(Session& session) {
  const Answer answer = session.client.get("/v1/coverage");
  if (!answer.ok()) return session.fail(*answer.error);
  const Value none = Value::array();
  const auto list = [&](std::string_view name) -> const Value& {
    const Value* found = answer.body.find(name);
    return found == nullptr ? none : *found;
  };
  const bool names =
      session.options.output == OutputFormat::Id || session.options.output == OutputFormat::Name;
  if (names) return print_list(session, "resource", list("resources"));
  if (!wants_table(session)) return print_data(session, answer.body);
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
