// Documents of the server in the output format that was asked for.
#pragma once
#include <string>

#include "cli/nouns.hpp"
#include "cli/print_table.hpp"
#include "cli/session.hpp"
#include "core/document/value.hpp"

namespace storm::cli {

// Names as people read them on a terminal, in the model's order elsewhere; wide is never cut.
CellStyle cell_style(const Session& session);
TableOptions table_options(const Session& session);
Table table_of(const Session& session, const Noun& noun, const Value::Array& documents);
// A whole list.
std::string list_text(const Session& session, const Noun& noun, const Value::Array& documents);
// Documents one by one, as `get` shows them: YAML unless told otherwise.
std::string documents_text(const Session& session, const Noun& noun, const Value::Array& documents);

}  // namespace storm::cli
