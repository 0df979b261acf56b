#include "core/query/shown_value.hpp"

#include "core/document/json.hpp"

namespace storm {
namespace {

std::string_view beginning(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xC0) == 0x80) --bytes_max;
  return text.substr(0, bytes_max);
}

// Stops soon after `out` is longer than wanted.
void append(std::string& out, const Value& value, std::size_t bytes_max) {
  if (value.is_array()) {
    out += '[';
    bool first = true;
    for (const Value& item : value.as_array()) {
      if (out.size() > bytes_max) return;
      if (!first) out += ',';
      first = false;
      append(out, item, bytes_max);
    }
    out += ']';
  } else if (value.is_object()) {
    out += '{';
    bool first = true;
    for (const auto& [name, member] : value.as_object()) {
      if (out.size() > bytes_max) return;
      if (!first) out += ',';
      first = false;
      append_json_string(out, beginning(name, bytes_max + 1));
      out += ':';
      append(out, member, bytes_max);
    }
    out += '}';
  } else if (value.is_string()) {
    append_json_string(out, beginning(value.as_string(), bytes_max + 1));
  } else {
    append_json(out, value);
  }
}

}  // namespace

std::string shown_text(std::string_view text, std::size_t bytes_max) {
  std::string out(beginning(text, bytes_max));
  if (out.size() < text.size()) out += "...";
  return out;
}

std::string shown_value(const Value& value, std::size_t bytes_max) {
  std::string out;
  append(out, value, bytes_max);
  return shown_text(out, bytes_max);
}

}  // namespace storm
