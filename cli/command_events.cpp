#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/display_text.hpp"
#include "cli/event_stream.hpp"
#include "cli/print_documents.hpp"
#include "cli/print_table.hpp"
#include "core/document/json.hpp"
#include "core/document/yaml_writer.hpp"

namespace storm::cli {
namespace {

constexpr NounColumn kColumns[] = {
    {"ID", "id"},
    {"EVENT", "event_type"},
    {"TYPE", "entity_type"},
    {"ENTITY", "entity_id"},
    {"STATUS", "status", CellKind::State},
    {"NAMES", "entity_names", CellKind::Names},
};
// A stream cannot know its widest cell: these fit what is common.
constexpr std::size_t kStreamWidths[] = {10, 7, 12, 28, 8, 0};

bool is_table(OutputFormat format) {
  return format == OutputFormat::Table || format == OutputFormat::Wide;
}

std::string shown_number(const Value& event, std::string_view field) {
  const Value* value = event.find(field);
  return value == nullptr ? "?" : text_of(*value);
}

// `cell_at` gives the text of a column and how it is printed, with colours; it is told how many
// characters came before.
template <typename CellAt>
std::string padded_line(const CellAt& cell_at) {
  std::string line;
  std::size_t before = 0;
  for (std::size_t i = 0; i < std::size(kColumns); ++i) {
    if (i > 0) line.append(kColumnGap, ' ');
    const auto [text, shown] = cell_at(i, before);
    line += shown;
    const std::size_t used = display_width(text);
    if (used < kStreamWidths[i]) line.append(kStreamWidths[i] - used, ' ');
    before += std::max(used, kStreamWidths[i]) + kColumnGap;
  }
  while (line.ends_with(' ')) line.pop_back();
  return line + "\n";
}

// What tells of changes names a resource as people do, into a pipe as well.
CellStyle event_style(const Session& session) {
  return {session.options.output == OutputFormat::Wide, true};
}

std::string stream_line(const Session& session, const Value& event) {
  const OutputFormat format = session.options.output;
  if (format == OutputFormat::Yaml) return "---\n" + to_yaml(event);
  if (format == OutputFormat::Name || format == OutputFormat::Id) return id_of(event) + "\n";
  if (!is_table(format)) return to_json(event) + "\n";
  if (is_gap(event)) {
    return fmt::format("{:<{}}   gap: the events from {} to {} are not kept\n", id_of(event),
                       kStreamWidths[0], shown_number(event, "missed_from"),
                       shown_number(event, "missed_to"));
  }
  const std::size_t width = format == OutputFormat::Wide ? 0 : session.terminal.width;
  return padded_line([&](std::size_t i, std::size_t before) {
    std::string cell = printable(cell_text(event, kColumns[i], event_style(session)));
    if (width > 0 && kColumns[i].kind == CellKind::Names) {
      const std::size_t room = width - std::min(width, before);
      cell = cut_to(cell, std::max(room, kFlexibleWidthMin), session.terminal.utf8 ? "…" : "...");
    }
    const bool state = session.terminal.colors && kColumns[i].kind == CellKind::State;
    return std::pair(cell, state ? colored_state(cell, cell) : cell);
  });
}

std::string stream_header(const Session& session) {
  return padded_line([&](std::size_t i, std::size_t) {
    const std::string cell(kColumns[i].header);
    return std::pair(cell, session.terminal.colors ? "\x1b[1m" + cell + "\x1b[0m" : cell);
  });
}

ExitCode list_events(Session& session, const EventsOptions& options) {
  QueryString query;
  if (options.start) query.emplace_back("start", std::to_string(*options.start));
  if (options.count) query.emplace_back("count", std::to_string(*options.count));
  const Answer answer = session.client.get(path_to("events", {}, query));
  if (!answer.ok()) return session.fail(*answer.error);
  if (!answer.body.is_array()) {
    return session.fail({ExitCode::Failure, "the server did not answer with a list"});
  }
  const OutputFormat format = session.options.output;
  if (format == OutputFormat::Json) {
    session.print(to_json(answer.body, 2) + "\n");
  } else if (!is_table(format)) {
    for (const Value& event : answer.body.as_array()) session.print(stream_line(session, event));
  } else {
    Table table;
    for (const NounColumn& column : kColumns) {
      table.columns.push_back(
          {std::string(column.header), column.kind == CellKind::Names   ? ColumnStyle::Flexible
                                       : column.kind == CellKind::State ? ColumnStyle::State
                                                                        : ColumnStyle::Plain});
    }
    for (const Value& event : answer.body.as_array()) {
      std::vector<std::string>& row = table.rows.emplace_back();
      for (const NounColumn& column : kColumns) {
        row.push_back(cell_text(event, column, event_style(session)));
      }
    }
    session.print(to_text(table, table_options(session)));
  }
  return ExitCode::Ok;
}

}  // namespace

ExitCode events_command(Session& session, const EventsOptions& options) {
  if (!options.follow) return list_events(session, options);
  if (options.count && *options.count <= 0) return ExitCode::Ok;
  std::int64_t left = options.count.value_or(-1);
  StreamHandlers handlers;
  handlers.on_open = [&]() -> std::optional<ErrorBlock> {
    if (is_table(session.options.output) && !session.options.no_headers) {
      session.print(stream_header(session));
      std::fflush(stdout);
    }
    return std::nullopt;
  };
  handlers.on_event = [&](const Value& event) {
    session.print(stream_line(session, event));
    if (std::fflush(stdout) != 0) return false;
    return left < 0 || --left > 0;
  };
  handlers.on_connection = [](bool connected) {
    fmt::print(stderr, "{}\n", connected ? "connected again" : "connection lost, trying again");
  };
  const auto ended = follow_events(session.client.options(), options.start, handlers);
  return ended ? session.fail(*ended) : ExitCode::Ok;
}

}  // namespace storm::cli
