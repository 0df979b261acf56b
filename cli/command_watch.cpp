#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/display_text.hpp"
#include "cli/find_entity.hpp"
#include "cli/note_type.hpp"
#include "cli/print_table.hpp"
#include "cli/resource_names.hpp"
#include "core/document/json.hpp"
#include "core/document/yaml_writer.hpp"

namespace storm::cli {
namespace {

constexpr std::size_t kValueShownMax = 60;  // characters

std::string text_at(const Value& message, std::string_view path) {
  const Value* value = at_path(message, path);
  return value == nullptr ? std::string() : text_of(*value);
}

std::string shown(const Value* value) {
  if (value == nullptr) return "nothing";
  const std::string text = value->is_string() ? value->as_string() : to_json(*value);
  return cut_to(printable(text), kValueShownMax, "...");
}

// "2026-11-21T10:00:00Z"
std::string time_of(const Value& message) {
  const std::string text = text_at(message, "time");
  const std::size_t dot = text.find('.');
  return dot == std::string::npos ? time_now() : text.substr(0, dot) + "Z";
}

// "resource/web.1": by the name that people use, or by the first, which is no other's.
std::string subject_of(const Value& message, bool readable) {
  const Value* entity = message.find("entity");
  const Value* about = entity != nullptr ? entity : message.find("resource");
  if (about == nullptr) return {};
  const std::string kind = entity != nullptr ? text_at(*entity, "kind") : "resource";
  const Value* names = about->find("names");
  const bool named = names != nullptr && names->is_array() && !names->as_array().empty();
  if (!named) return kind + "/" + id_of(*about);
  return kind + "/" + (readable ? readable_name(*names) : text_of(names->as_array().front()));
}

// "status: starting -> running, snapshot.Spec.Name: web -> www". What a cloud tells changes in
// many places at once: unless `all` is wanted, these are only counted.
std::string changes_of(const Value& message, bool all) {
  std::string text;
  const Value* changed = message.find("changed");
  if (changed == nullptr || !changed->is_array()) return text;
  std::size_t inside = 0;  // the snapshot
  for (const Value& change : changed->as_array()) {
    const std::string path = text_at(change, "path");
    if (!all && path == "observed_at") continue;
    if (!all && (path == "snapshot" || path.starts_with("snapshot."))) {
      ++inside;
      continue;
    }
    if (!text.empty()) text += ", ";
    const Value* old_value = change.find("old");
    const Value* new_value = change.find("new");
    const std::string names = path == "names" && old_value != nullptr && new_value != nullptr
                                  ? names_difference(*old_value, *new_value)
                                  : std::string();
    text += names.empty() ? fmt::format("{}: {} -> {}", path, shown(old_value), shown(new_value))
                          : "names: " + names;
  }
  if (inside == 0) return text;
  return text + fmt::format("{}snapshot: {} change{}", text.empty() ? "" : ", ", inside,
                            inside == 1 ? "" : "s");
}

std::string line_of(const Session& session, const Value& message) {
  const std::string type = text_at(message, "type");
  std::string line = time_of(message) + " ";
  line += session.terminal.colors ? colored_state(type, type) : type;
  const auto add = [&line](const std::string& text) {
    if (!text.empty()) line += " " + printable(text);
  };
  add(subject_of(message, true));
  if (type == "gap") add("of changes that are not kept; list again, or use --initial");
  if (type == "reset") add("of " + text_at(message, "selector") + ": much has changed; list again");
  std::string group = text_at(message, "group.name");
  if (group.empty()) group = text_at(message, "group.id");
  if (!group.empty() && message.find("resource") != nullptr) add("group/" + group);
  const bool all = session.options.verbose || session.options.output == OutputFormat::Wide;
  add(changes_of(message, all));
  return line + "\n";
}

std::string text_of_message(const Session& session, const Value& message) {
  switch (session.options.output) {
    case OutputFormat::Json:
    case OutputFormat::Ndjson:
      return to_json(message) + "\n";
    case OutputFormat::Yaml:
      return "---\n" + to_yaml(message);
    case OutputFormat::Id:
      return text_at(message, "resource.id") + text_at(message, "entity.id") + "\n";
    case OutputFormat::Name:
      return subject_of(message, false) + "\n";
    default:
      return line_of(session, message);
  }
}

}  // namespace

ExitCode watch_command(Session& session, const WatchOptions& options) {
  WatchRequest request = options.request;
  for (std::string& group : request.groups) group = without_kind(*find_noun("group"), group);
  for (std::string& resource : request.resources) {
    const Answer found =
        find_entity(session.client, *find_noun("resource"), resource, {{"fields", "id"}});
    if (!found.ok()) return session.fail(*found.error);
    resource = id_of(found.body);
  }
  for (const std::string& type : request.types) note_unknown_type(session.client, type);
  std::int64_t left = options.count;
  StreamHandlers handlers;
  handlers.on_event = [&](const Value& message) {
    session.print(text_of_message(session, message));
    if (std::fflush(stdout) != 0) return false;
    return left == 0 || --left > 0;
  };
  handlers.on_connection = [](bool connected) {
    fmt::print(stderr, "{}\n", connected ? "connected again" : "connection lost, trying again");
  };
  const auto ended = follow_watch(session.client.options(), request, handlers);
  if (!ended) return ExitCode::Ok;
  if (ended->status == 404 && request.groups.size() == 1) {
    return session.fail(
        not_found(session.client, *find_noun("group"), request.groups.front(), *ended));
  }
  return session.fail(*ended);
}

}  // namespace storm::cli
