// Files with definitions: YAML or JSON, one document, several, or a list, each a map from a kind
// to its body ("group: {name: web, ...}"). Every value knows where it stood, so that whatever is
// wrong with it is shown there. Values; nothing here asks the server.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/error_block.hpp"
#include "cli/nouns.hpp"
#include "core/document/yaml_reader.hpp"

namespace storm::cli {

inline constexpr std::size_t kImportBytesMax = std::size_t{64} << 20;  // of one file
inline constexpr std::size_t kImportErrorsMax = 20;                    // shown at once

struct ImportFile {
  std::string name;
  std::vector<std::string> lines;
  std::vector<YamlDocument> documents;
};

// One definition. Points into the file it came from.
struct ImportItem {
  const Noun* noun = nullptr;
  std::string name;
  const Value* body = nullptr;
  const ImportFile* file = nullptr;
  const YamlDocument* document = nullptr;
  std::string pointer;  // of the body, in the document
};

struct ImportSet {
  std::vector<std::unique_ptr<ImportFile>> files;
  std::vector<ImportItem> items;
};

// A part of a text value; offset and length in bytes. Length 0: all of it.
struct Span {
  std::size_t offset = 0;
  std::size_t length = 0;
};

// "FILE:LINE:COLUMN: message", the line itself, and a caret with the note below the place.
// `pointer` leads from the item's body.
ErrorBlock error_at(const ImportItem& item, std::string_view pointer, std::string message,
                    std::string note, Span span = {});
// The same at the key of a member.
ErrorBlock error_at_key(const ImportItem& item, std::string_view pointer, std::string message,
                        std::string note);

// Reads and checks the form of all files ("-" is standard input). `errors` is empty on success.
ImportSet read_import(const std::vector<std::string>& files, std::vector<ErrorBlock>& errors);

}  // namespace storm::cli
