#include "core/document/yaml_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "core/document/json.hpp"

namespace storm {
namespace {

bool looks_like_another_type(std::string_view text) {
  static constexpr std::string_view kWords[] = {
      "~",     "null", "Null", "NULL", "true", "True", "TRUE", "false", "False",
      "FALSE", "yes",  "Yes",  "YES",  "no",   "No",   "NO",   "on",    "On",
      "ON",    "off",  "Off",  "OFF",  "=",    "<<",   "y",    "n",     "Y",
      "N",     ".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN", "-.inf", "+.inf"};
  if (std::find(std::begin(kWords), std::end(kWords), text) != std::end(kWords)) return true;
  // Numbers, dates and base-60 numbers all start with a digit, a sign or a dot and consist of these
  // characters.
  if (std::isdigit(static_cast<unsigned char>(text.front())) || text.front() == '-' ||
      text.front() == '+' || text.front() == '.') {
    const bool has_digit = text.find_first_of("0123456789") != std::string_view::npos;
    const std::string_view hex = text.substr(text.front() == '-' || text.front() == '+' ? 1 : 0);
    if (hex.starts_with("0x") &&
        hex.find_first_not_of("0123456789abcdefABCDEF_", 2) == std::string_view::npos)
      return true;
    if (hex.starts_with("0o") && hex.find_first_not_of("01234567_", 2) == std::string_view::npos)
      return true;
    return has_digit && text.find_first_not_of("0123456789+-._:eETZ ") == std::string_view::npos;
  }
  return false;
}

bool can_be_plain(std::string_view text) {
  if (text.empty() || looks_like_another_type(text)) return false;
  if (std::string_view("#,[]{}&*!|>'\"%@`").find(text.front()) != std::string_view::npos)
    return false;
  if (text.starts_with("---") || text.starts_with("...")) return false;
  if (std::string_view("-?:").find(text.front()) != std::string_view::npos &&
      (text.size() == 1 || text[1] == ' ')) {
    return false;
  }
  if (text.front() == ' ' || text.back() == ' ' || text.back() == ':') return false;
  return text.find(": ") == std::string_view::npos && text.find(" #") == std::string_view::npos;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

// A text of several lines that a literal block shows as it is.
bool can_be_literal(std::string_view text) {
  if (text.find('\n') == std::string_view::npos || text.front() == ' ' || text.front() == '\n')
    return false;
  if (text.find(" \n") != std::string_view::npos || text.back() == ' ') return false;
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\n') || byte == 0x7f;
  });
}

void append_string(std::string& out, const std::string& text, std::size_t indent) {
  if (can_be_literal(text)) {
    const bool ends = text.back() == '\n';
    const bool more = ends && text.size() > 1 && text[text.size() - 2] == '\n';
    out += more ? "|+" : ends ? "|" : "|-";
    std::size_t start = 0;
    while (start < text.size()) {
      const std::size_t end = std::min(text.find('\n', start), text.size());
      out += '\n';
      if (end > start) out.append(indent + 2, ' ').append(text, start, end - start);
      start = end + 1;
    }
  } else if (has_control(text)) {
    append_json_string(out, text);  // a JSON string is a double-quoted YAML scalar
  } else if (can_be_plain(text)) {
    out += text;
  } else {
    out += '\'';
    for (const char c : text) {
      out += c;
      if (c == '\'') out += '\'';
    }
    out += '\'';
  }
}

bool is_block(const Value& value) {
  return (value.is_array() && !value.as_array().empty()) ||
         (value.is_object() && !value.as_object().empty());
}

void append_value(std::string& out, const Value& value, std::size_t indent);

void append_map(std::string& out, const Value& map, std::size_t indent, bool sorted,
                bool first_inline) {
  std::vector<const Value::Member*> members;
  for (const Value::Member& member : map.as_object()) members.push_back(&member);
  if (sorted) {
    std::stable_sort(members.begin(), members.end(),
                     [](auto* a, auto* b) { return a->first < b->first; });
  }
  bool first = true;
  for (const Value::Member* member : members) {
    if (!first || !first_inline) out.append(indent, ' ');
    first = false;
    append_string(out, member->first, indent);
    out += ':';
    if (is_block(member->second)) {
      out += '\n';
      append_value(out, member->second, member->second.is_array() ? indent : indent + 2);
    } else {
      out += ' ';
      append_value(out, member->second, indent);
    }
  }
}

void append_list(std::string& out, const Value& list, std::size_t indent, bool first_inline) {
  bool first = true;
  for (const Value& item : list.as_array()) {
    if (!first || !first_inline) out.append(indent, ' ');
    first = false;
    out += "- ";
    if (item.is_object() && is_block(item)) {
      append_map(out, item, indent + 2, true, true);
    } else if (item.is_array() && is_block(item)) {
      append_list(out, item, indent + 2, true);
    } else {
      append_value(out, item, indent);
    }
  }
}

void append_value(std::string& out, const Value& value, std::size_t indent) {
  if (value.is_object() && is_block(value)) return append_map(out, value, indent, true, false);
  if (value.is_array() && is_block(value)) return append_list(out, value, indent, false);
  if (value.is_string()) {
    append_string(out, value.as_string(), indent);
  } else {
    append_json(out, value);
  }
  if (out.back() != '\n') out += '\n';
}

}  // namespace

std::string to_yaml(const Value& value) {
  std::string out;
  if (value.is_object() && is_block(value)) {
    append_map(out, value, 0, false, false);
  } else {
    append_value(out, value, 0);
  }
  return out;
}

}  // namespace storm
