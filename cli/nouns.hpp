// The kinds of thing the server keeps, as people name them and as tables show them. Data only:
// a new kind is a row in nouns.cpp.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/document/value.hpp"

namespace storm::cli {

// Names of a resource are cut to this in tables, "..." included.
inline constexpr std::size_t kNamesWidthMax = 50;

enum class CellKind { Text, Names, State };

struct NounColumn {
  std::string_view header;
  std::string_view field;  // dotted path into the document
  CellKind kind = CellKind::Text;
  bool wide_only = false;
};

struct Noun {
  std::string_view name;  // singular, as messages say it
  std::string_view plural;
  std::string_view collection;  // below /v1/
  std::string_view id_prefix;
  std::span<const std::string_view> aliases;
  std::span<const NounColumn> columns;
  std::span<const std::string_view> fields;  // what a person may write, in print order; empty: none
  bool named;                                // has at most one `name`, unique in its collection
};

std::span<const Noun> nouns();
// By any of its names, any case; nullptr when there is none.
const Noun* find_noun(std::string_view word);
// Every word that names a noun, for suggestions and completion.
std::vector<std::string> noun_words();

struct CellStyle {
  bool full = false;            // names are not cut
  bool readable_first = false;  // of names, the one that people use stands first
};
// What a table shows of a document.
std::string cell_text(const Value& document, const NounColumn& column, CellStyle style);
// The value at a dotted path; nullptr when there is nothing.
const Value* at_path(const Value& document, std::string_view path);
std::string text_of(const Value& value);
// "group/frontend"; the id stands in for a missing name, and for resources, which share names.
std::string reference_to(const Noun& noun, const Value& document);
// The id member, or "".
std::string id_of(const Value& document);

}  // namespace storm::cli
