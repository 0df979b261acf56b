#include "cli/import_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iostream>
#include <map>

#include "cli/display_text.hpp"
#include "cli/nearest.hpp"

namespace storm::cli {
namespace {

constexpr int kStatus = 422;
constexpr std::string_view kCode = "invalid-spec";
constexpr std::string_view kImportable =
    "groups, applications, procedures and views can be imported";

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string line(text.substr(0, end));
    if (line.ends_with('\r')) line.pop_back();
    std::replace(line.begin(), line.end(), '\t', ' ');
    lines.push_back(std::move(line));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// `column` counts bytes from 1, as the reader of YAML does; people are told characters.
ErrorBlock error_at_position(const ImportFile& file, Position at, std::size_t length,
                             const std::string& message, const std::string& note) {
  ErrorBlock block{ExitCode::InvalidInput, {}, kStatus, std::string(kCode)};
  if (at.line < 1) {
    block.message = fmt::format("{}: {}", file.name, message);
    if (!note.empty()) block.details.push_back(note);
    return block;
  }
  const auto index = static_cast<std::size_t>(at.line - 1);
  const std::string line = index < file.lines.size() ? file.lines[index] : "";
  const std::size_t before =
      std::min(static_cast<std::size_t>(std::max(at.column - 1, 0)), line.size());
  const std::size_t width = display_width(std::string_view(line).substr(0, before));
  const std::size_t marked =
      std::max<std::size_t>(1, display_width(std::string_view(line).substr(before, length)));
  block.message = fmt::format("{}:{}:{}: {}", file.name, at.line, width + 1, message);
  const std::string number = std::to_string(at.line);
  block.details.push_back(number + " | " + line);
  block.details.push_back(std::string(number.size(), ' ') + " | " + std::string(width, ' ') +
                          std::string(marked, '^') + (note.empty() ? "" : " " + note));
  return block;
}

Position find_position(const YamlDocument& document, std::string pointer, bool key) {
  for (;;) {
    if (key) {
      const auto found = document.key_positions.find(pointer);
      if (found != document.key_positions.end()) return found->second;
    }
    const auto found = document.positions.find(pointer);
    if (found != document.positions.end()) return found->second;
    const std::size_t slash = pointer.rfind('/');
    if (slash == std::string::npos) return {};
    pointer.resize(slash);
    key = false;
  }
}

// How many bytes of the line belong to the scalar that starts at `at`.
std::size_t scalar_length(const std::string& line, std::size_t at, const Value* value) {
  if (value == nullptr || at >= line.size()) return 1;
  const std::string text = text_of(*value);
  if ((value->is_string() || value->is_number() || value->is_bool()) &&
      line.compare(at, text.size(), text) == 0) {
    return text.size();
  }
  if (value->is_string() && (line[at] == '\'' || line[at] == '"')) {
    const std::size_t end = line.find(line[at], at + 1);
    return end == std::string::npos ? line.size() - at : end - at + 1;
  }
  return 1;
}

Result<std::string> read_all(const std::string& name) {
  if (name == "-") {
    std::string text;
    char chunk[65536];
    while (std::cin.read(chunk, sizeof chunk), std::cin.gcount() > 0) {
      text.append(chunk, static_cast<std::size_t>(std::cin.gcount()));
      if (text.size() > kImportBytesMax) break;
    }
    if (text.size() <= kImportBytesMax) return text;
    return Error{Errc::TooLarge,
                 fmt::format("standard input holds more than {} MiB", kImportBytesMax >> 20)};
  }
  errno = 0;
  std::ifstream in(name, std::ios::binary);
  std::string text;
  if (in) {
    char chunk[65536];
    while (in.read(chunk, sizeof chunk), in.gcount() > 0) {
      text.append(chunk, static_cast<std::size_t>(in.gcount()));
      if (text.size() > kImportBytesMax) {
        return Error{Errc::TooLarge,
                     fmt::format("{} is larger than {} MiB", name, kImportBytesMax >> 20)};
      }
    }
  }
  if (!in.is_open() || in.bad() || errno == EISDIR) {
    return Error{Errc::Io,
                 fmt::format("cannot read {}: {}", name, std::strerror(errno == 0 ? EIO : errno))};
  }
  return text;
}

// "expose: [frontend[http]]": in a list in brackets YAML takes the inner ones for a list as well.
std::string note_on_brackets(const ImportFile& file, int number) {
  const auto index = static_cast<std::size_t>(std::max(number - 1, 0));
  if (index >= file.lines.size()) return {};
  const std::string& line = file.lines[index];
  const std::size_t outer = line.find('[');
  for (std::size_t at = outer; at != std::string::npos; at = line.find('[', at + 1)) {
    if (at > outer && std::isalnum(static_cast<unsigned char>(line[at - 1])) != 0)
      return "put it into quotes: [\"frontend[http]\"]";
  }
  return {};
}

// The reader's message starts with the place: taken apart, so that the line can be shown.
ErrorBlock error_of_reader(const ImportFile& file, const std::string& message) {
  const std::string prefix = file.name + ":";
  Position at;
  if (message.starts_with(prefix)) {
    const char* end = message.data() + message.size();
    const auto line = std::from_chars(message.data() + prefix.size(), end, at.line);
    if (line.ec == std::errc() && line.ptr != end && *line.ptr == ':') {
      const auto column = std::from_chars(line.ptr + 1, end, at.column);
      if (column.ec == std::errc() && column.ptr != end && *column.ptr == ':') {
        std::string_view rest(column.ptr + 1, static_cast<std::size_t>(end - column.ptr - 1));
        if (rest.starts_with(' ')) rest.remove_prefix(1);
        return error_at_position(file, at, 1, std::string(rest), note_on_brackets(file, at.line));
      }
    }
  }
  return ErrorBlock{ExitCode::InvalidInput, message, kStatus, std::string(kCode)};
}

class Reader {
 public:
  Reader(ImportSet& set, std::vector<ErrorBlock>& errors) : set_(set), errors_(errors) {}

  void read(const std::string& name) {
    auto text = read_all(name);
    if (!text) {
      errors_.push_back({ExitCode::Failure, text.error().message});
      return;
    }
    ImportFile& file = *set_.files.emplace_back(std::make_unique<ImportFile>());
    file.name = name == "-" ? "<stdin>" : name;
    file.lines = split_lines(*text);
    auto documents = parse_yaml_stream(*text, file.name);
    if (!documents) {
      errors_.push_back(error_of_reader(file, documents.error().message));
      return;
    }
    file.documents = std::move(*documents);
    if (std::all_of(file.documents.begin(), file.documents.end(),
                    [](const YamlDocument& document) { return document.root.is_null(); })) {
      errors_.push_back(error_at_position(file, {}, 0, "there is nothing to import in it",
                                          std::string(kImportable)));
      return;
    }
    for (const YamlDocument& document : file.documents) {
      if (document.root.is_array()) {
        for (std::size_t i = 0; i < document.root.as_array().size(); ++i) {
          take_entry(file, document, document.root.as_array()[i], pointer_join("", i));
        }
      } else if (!document.root.is_null()) {
        take_entry(file, document, document.root, "");
      }
    }
  }

  void check_unique() {
    std::map<std::pair<std::string_view, std::string>, const ImportItem*> seen;
    for (const ImportItem& item : set_.items) {
      const auto [other, fresh] = seen.try_emplace({item.noun->name, item.name}, &item);
      if (fresh) continue;
      const Position first =
          find_position(*other->second->document, other->second->pointer + "/name", false);
      errors_.push_back(error_at(
          item, "/name", fmt::format("{} \"{}\" is defined twice", item.noun->name, item.name),
          fmt::format("first in {}:{}", other->second->file->name, first.line)));
    }
  }

 private:
  void take_entry(const ImportFile& file, const YamlDocument& document, const Value& entry,
                  const std::string& pointer) {
    const ImportItem here{nullptr, {}, &entry, &file, &document, pointer};
    if (!entry.is_object() || entry.as_object().empty()) {
      errors_.push_back(error_at(here, "", "expected a kind and its definition, such as \"group:\"",
                                 std::string(kImportable)));
      return;
    }
    for (const auto& [kind, body] : entry.as_object()) {
      const std::string below = pointer_join("", kind);
      const Noun* noun = find_noun(kind);
      if (noun == nullptr || noun->fields.empty()) {
        std::string note = noun == nullptr
                               ? did_you_mean(kind, {"group", "application", "procedure", "view"})
                               : std::string();
        errors_.push_back(error_at_key(here, below,
                                       noun == nullptr
                                           ? fmt::format("unknown kind \"{}\"", kind)
                                           : fmt::format("cannot import a {}", noun->name),
                                       note.empty() ? std::string(kImportable) : note));
        continue;
      }
      ImportItem item{noun, {}, &body, &file, &document, pointer + below};
      if (!body.is_object()) {
        errors_.push_back(
            error_at(item, "", fmt::format("a {} is a map of its fields", noun->name), ""));
        continue;
      }
      if (take_fields(item)) set_.items.push_back(std::move(item));
    }
  }

  bool take_fields(ImportItem& item) {
    const Value* name = item.body->find("name");
    if (name == nullptr) {
      errors_.push_back(error_at(item, "", fmt::format("this {} has no name", item.noun->name),
                                 "import finds things by their names"));
      return false;
    }
    if (!name->is_string() || name->as_string().empty()) {
      const bool scalar = name->is_number() || name->is_bool();
      errors_.push_back(error_at(item, "/name", "a name is a text of at least one character",
                                 scalar ? "put it into quotes" : ""));
      return false;
    }
    item.name = name->as_string();
    bool good = true;
    const std::vector<std::string> known(item.noun->fields.begin(), item.noun->fields.end());
    for (const auto& [field, value] : item.body->as_object()) {
      if (field == "id" || std::find(known.begin(), known.end(), field) != known.end()) continue;
      std::string note = did_you_mean(field, known);
      if (note.empty()) note = fmt::format("fields: {}", fmt::join(known, ", "));
      errors_.push_back(error_at_key(item, pointer_join("", field),
                                     fmt::format("{} has no field \"{}\"", item.noun->name, field),
                                     note));
      good = false;
    }
    return good;
  }

  ImportSet& set_;
  std::vector<ErrorBlock>& errors_;
};

}  // namespace

ErrorBlock error_at(const ImportItem& item, std::string_view pointer, std::string message,
                    std::string note, Span span) {
  const std::string full = item.pointer + std::string(pointer);
  const Value* value = at_pointer(item.document->root, full);
  Position at = find_position(*item.document, full, false);
  const auto index = static_cast<std::size_t>(std::max(at.line - 1, 0));
  const std::string& line = index < item.file->lines.size() ? item.file->lines[index] : "";
  auto column = static_cast<std::size_t>(std::max(at.column - 1, 0));
  std::size_t length = scalar_length(line, column, value);
  if (span.length > 0 && value != nullptr && value->is_string()) {
    // The part is shown when the text stands in the line as it is, plain or in quotes.
    const std::string& text = value->as_string();
    const bool quoted = column < line.size() && (line[column] == '\'' || line[column] == '"');
    const std::size_t start = column + (quoted ? 1 : 0);
    if (start <= line.size() && line.compare(start, text.size(), text) == 0) {
      column = start + span.offset;
      length = span.length;
      at.column = static_cast<int>(column) + 1;
    }
  }
  return error_at_position(*item.file, at, length, message, note);
}

ErrorBlock error_at_key(const ImportItem& item, std::string_view pointer, std::string message,
                        std::string note) {
  const std::string full = item.pointer + std::string(pointer);
  const std::size_t slash = full.rfind('/');
  const std::size_t length = slash == std::string::npos ? 1 : full.size() - slash - 1;
  return error_at_position(*item.file, find_position(*item.document, full, true), length, message,
                           note);
}

ImportSet read_import(const std::vector<std::string>& files, std::vector<ErrorBlock>& errors) {
  ImportSet set;
  Reader reader(set, errors);
  for (const std::string& file : files) reader.read(file);
  reader.check_unique();
  return set;
}

}  // namespace storm::cli
