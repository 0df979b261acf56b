#include "cli/print_documents.hpp"

#include "core/document/json.hpp"
#include "core/document/yaml_writer.hpp"

namespace storm::cli {
namespace {

constexpr int kIndent = 2;

ColumnStyle style_of(CellKind kind) {
  switch (kind) {
    case CellKind::Names:
      return ColumnStyle::Flexible;
    case CellKind::State:
      return ColumnStyle::State;
    case CellKind::Text:
      break;
  }
  return ColumnStyle::Plain;
}

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

// The fields asked for with --fields, at the top level and in that order.
Value projected(const Value& document, const std::vector<std::string>& fields) {
  if (fields.empty()) return document;
  Value out = Value::object();
  for (const std::string& field : fields) {
    const Value* value = at_path(document, field);
    out.set(field, value == nullptr ? Value() : *value);
  }
  return out;
}

std::string data_text(const Session& session, const Noun& noun, const Value::Array& documents,
                      bool as_list) {
  const GlobalOptions& options = session.options;
  std::string text;
  Value::Array shown;
  for (const Value& document : documents) shown.push_back(projected(document, options.fields));
  switch (options.output) {
    case OutputFormat::Json:
      if (!as_list && shown.size() == 1) return to_json(shown.front(), kIndent) + "\n";
      return to_json(Value(std::move(shown)), kIndent) + "\n";
    case OutputFormat::Ndjson:
      for (const Value& document : shown) text += to_json(document) + "\n";
      return text;
    case OutputFormat::Name:
      for (const Value& document : documents) text += reference_to(noun, document) + "\n";
      return text;
    case OutputFormat::Id:
      for (const Value& document : documents) text += id_of(document) + "\n";
      return text;
    default:
      for (const Value& document : shown) {
        if (!text.empty()) text += "---\n";
        text += to_yaml(document);
      }
      return text;
  }
}

}  // namespace

CellStyle cell_style(const Session& session) {
  return {session.options.output == OutputFormat::Wide, session.terminal.is_tty};
}

TableOptions table_options(const Session& session) {
  TableOptions options{!session.options.no_headers, session.terminal};
  if (session.options.output == OutputFormat::Wide) options.terminal.width = 0;
  return options;
}

Table table_of(const Session& session, const Noun& noun, const Value::Array& documents) {
  const GlobalOptions& options = session.options;
  const bool wide = options.output == OutputFormat::Wide;
  std::vector<NounColumn> columns;
  std::vector<std::string> headers;  // of --fields; keeps their text alive
  if (options.fields.empty()) {
    for (const NounColumn& column : noun.columns) {
      if (wide || !column.wide_only) columns.push_back(column);
    }
  } else {
    headers.reserve(options.fields.size());
    for (const std::string& field : options.fields) {
      NounColumn column{headers.emplace_back(upper(field)), field};
      for (const NounColumn& known : noun.columns) {
        if (known.field == field) column.kind = known.kind;
      }
      columns.push_back(column);
    }
  }
  Table table;
  for (const NounColumn& column : columns) {
    table.columns.push_back({std::string(column.header), style_of(column.kind)});
  }
  for (const Value& document : documents) {
    std::vector<std::string>& row = table.rows.emplace_back();
    for (const NounColumn& column : columns) {
      row.push_back(cell_text(document, column, cell_style(session)));
    }
  }
  return table;
}

std::string list_text(const Session& session, const Noun& noun, const Value::Array& documents) {
  const OutputFormat output = session.options.output;
  if (output != OutputFormat::Table && output != OutputFormat::Wide) {
    return data_text(session, noun, documents, true);
  }
  return to_text(table_of(session, noun, documents), table_options(session));
}

std::string documents_text(const Session& session, const Noun& noun,
                           const Value::Array& documents) {
  const bool table =
      session.options.output_given && (session.options.output == OutputFormat::Table ||
                                       session.options.output == OutputFormat::Wide);
  return table ? list_text(session, noun, documents) : data_text(session, noun, documents, false);
}

}  // namespace storm::cli
