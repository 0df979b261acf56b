#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/display_text.hpp"
#include "core/document/json.hpp"
#include "core/document/yaml_writer.hpp"

namespace storm::cli {
namespace {

std::string words(std::string_view key) {
  std::string text(key);
  for (char& c : text) {
    if (c == '_') c = ' ';
  }
  return text;
}

// {"total": 7, "in_groups": 3, "by_status": {"running": 5}} as "7 total, 3 in groups, 5 running".
void append_counts(const Value& counts, std::string& line) {
  if (!counts.is_object()) {
    line += text_of(counts);
    return;
  }
  for (const auto& [key, value] : counts.as_object()) {
    if (value.is_object()) {
      append_counts(value, line);
    } else {
      if (!line.empty()) line += ", ";
      line += fmt::format("{} {}", text_of(value), words(key));
    }
  }
}

// What people look for first comes first; what is not known here follows.
Value::Object in_order(const Value& status) {
  static constexpr std::string_view kFirst[] = {"groups", "applications", "resources", "jobs",
                                                "agents"};
  static constexpr std::string_view kLast = "revision";
  Value::Object ordered;
  for (const std::string_view key : kFirst) {
    if (const Value* value = status.find(key)) ordered.emplace_back(key, *value);
  }
  for (const auto& [key, value] : status.as_object()) {
    const bool first = std::find(std::begin(kFirst), std::end(kFirst), key) != std::end(kFirst);
    if (!first && key != kLast) ordered.emplace_back(key, value);
  }
  if (const Value* value = status.find(kLast)) ordered.emplace_back(kLast, *value);
  return ordered;
}

}  // namespace

ExitCode status_command(Session& session) {
  const Answer answer = session.client.get("/v1/status");
  if (!answer.ok()) return session.fail(*answer.error);
  if (!answer.body.is_object()) {
    return session.fail({ExitCode::Failure, "the server did not answer with its status"});
  }
  switch (session.options.output) {
    case OutputFormat::Json:
      session.print(to_json(answer.body, 2) + "\n");
      return ExitCode::Ok;
    case OutputFormat::Ndjson:
      session.print(to_json(answer.body) + "\n");
      return ExitCode::Ok;
    case OutputFormat::Yaml:
      session.print(to_yaml(answer.body));
      return ExitCode::Ok;
    default:
      break;
  }
  std::string text;
  for (const auto& [key, value] : in_order(answer.body)) {
    std::string title = words(key);
    if (!title.empty() && title[0] >= 'a' && title[0] <= 'z') {
      title[0] = static_cast<char>(title[0] - 'a' + 'A');
    }
    std::string counts;
    append_counts(value, counts);
    text += printable(fmt::format("{:<15} {}", title + ":", counts)) + "\n";
  }
  session.print(text);
  return ExitCode::Ok;
}

}  // namespace storm::cli
