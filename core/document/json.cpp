#include "core/document/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_set>

#include "core/document/json_scan.hpp"
#include "core/document/json_tree_reader.hpp"

namespace storm {
namespace {

using Json = nlohmann::json;

// Small objects are searched, larger ones keep a set of their keys, so that hostile objects stay
// linear.
constexpr std::size_t kKeySetThreshold = 16;

class Reader final : public nlohmann::json_sax<Json> {
 public:
  explicit Reader(std::size_t depth_max) : depth_max_(depth_max) {}

  bool null() override { return take(Value()); }
  bool boolean(bool value) override { return take(Value(value)); }
  bool number_integer(Json::number_integer_t value) override {
    return take(Value(std::int64_t{value}));
  }
  bool number_unsigned(Json::number_unsigned_t value) override {
    return take(Value(std::uint64_t{value}));
  }
  bool number_float(Json::number_float_t value, const std::string&) override {
    return take(Value(value));
  }
  bool string(std::string& value) override { return take(Value(std::move(value))); }
  bool binary(Json::binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Value::object()); }
  bool start_array(std::size_t) override { return open(Value::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(std::string& name) override {
    Frame& frame = frames_.back();
    const auto& members = frame.value.as_object();
    bool known = false;
    if (members.size() < kKeySetThreshold) {
      known = frame.value.find(name) != nullptr;
    } else {
      if (frame.keys.empty()) {
        for (const Value::Member& member : members) frame.keys.insert(member.first);
      }
      known = !frame.keys.insert(name).second;
    }
    if (known) {
      message = fmt::format("duplicate key \"{}\"", name.substr(0, 64));
      return false;
    }
    frame.key = std::move(name);
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    offset = position;
    message = error.what();
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while ...":
    // keep the last part.
    const std::size_t at = message.find(": ", message.find("column"));
    if (at != std::string::npos) message.erase(0, at + 2);
    return false;
  }

  Value root;
  std::string message;
  std::size_t offset = 0;

 private:
  struct Frame {
    Value value;
    std::string key = {};  // of the member to come
    std::unordered_set<std::string> keys = {};
  };

  bool take(Value value) {
    if (frames_.empty()) {
      root = std::move(value);
    } else if (frames_.back().value.is_array()) {
      frames_.back().value.push_back(std::move(value));
    } else {
      frames_.back().value.add(std::move(frames_.back().key), std::move(value));
    }
    return true;
  }
  bool open(Value value) {
    if (++depth_ > depth_max_) {
      message = fmt::format("nested deeper than {} levels", depth_max_);
      return false;
    }
    frames_.push_back({std::move(value)});
    return true;
  }
  bool close() {
    --depth_;
    Value value = std::move(frames_.back().value);
    frames_.pop_back();
    return take(std::move(value));
  }

  const std::size_t depth_max_;
  std::size_t depth_ = 0;
  std::vector<Frame> frames_;
};

// Counts how far the parser has read, to give a place to refusals that the library does not place.
struct CountingIterator {
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;
  const char* at = nullptr;
  const char** furthest = nullptr;
  reference operator*() const { return *at; }
  CountingIterator& operator++() {
    ++at;
    *furthest = at;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator old = *this;
    ++*this;
    return old;
  }
  bool operator==(const CountingIterator& other) const { return at == other.at; }
  bool operator!=(const CountingIterator& other) const { return at != other.at; }
};

// Where the next character is that a JSON string has to escape, from there on; the size if none is.
std::size_t plain_until(std::string_view text, std::size_t from) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHighs = 0x8080808080808080;
  // Eight at a time. A byte that is zero borrows from its high bit; what is wrong for bytes after
  // such a one does not matter, for the group is then looked at one by one.
  const auto has_zero = [](std::uint64_t word) { return (word - kOnes) & ~word & kHighs; };
  std::size_t i = from;
  for (; i + sizeof(std::uint64_t) <= text.size(); i += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + i, sizeof word);
    const std::uint64_t control = (word - kOnes * 0x20) & ~word & kHighs;
    if (control | has_zero(word ^ (kOnes * '"')) | has_zero(word ^ (kOnes * '\\'))) break;
  }
  for (; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == '"' || c == '\\') break;
  }
  return i;
}

void append_indented(std::string& out, const Value& value, int indent, int depth) {
  const auto new_line = [&](int levels) {
    out += '\n';
    out.append(static_cast<std::size_t>(indent * levels), ' ');
  };
  if (value.is_array() && !value.as_array().empty()) {
    out += '[';
    bool first = true;
    for (const Value& item : value.as_array()) {
      if (!first) out += ',';
      first = false;
      new_line(depth + 1);
      append_indented(out, item, indent, depth + 1);
    }
    new_line(depth);
    out += ']';
  } else if (value.is_object() && !value.as_object().empty()) {
    out += '{';
    bool first = true;
    for (const Value::Member& member : value.as_object()) {
      if (!first) out += ',';
      first = false;
      new_line(depth + 1);
      append_json_string(out, member.first);
      out += ": ";
      append_indented(out, member.second, indent, depth + 1);
    }
    new_line(depth);
    out += '}';
  } else {
    append_json(out, value);
  }
}

}  // namespace

Result<Value> parse_json(std::string_view text, std::size_t depth_max) {
  if (std::optional<Value> value = read_json_tree(text, depth_max)) return std::move(*value);
  Reader reader(depth_max);
  const char* furthest = text.data();
  const CountingIterator begin{text.data(), &furthest};
  const CountingIterator end{text.data() + text.size(), &furthest};
  if (Json::sax_parse(begin, end, &reader)) return std::move(reader.root);
  const auto offset = std::min(static_cast<std::size_t>(furthest - text.data()), text.size());
  const std::string_view before = text.substr(0, offset);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t line_start =
      before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  const std::size_t column = offset > line_start ? offset - line_start : 1;
  return Error{Errc::InvalidArgument,
               fmt::format("invalid JSON at line {}, column {}: {}", line, column, reader.message)};
}

Result<void> check_json(std::string_view text, std::size_t depth_max) {
  if (is_json(text, depth_max)) return {};
  STORM_TRY(parse_json(text, depth_max));  // For the place and the reason.
  return {};
}

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  std::size_t plain = 0;  // where what needs no escape begins
  for (std::size_t i = plain_until(text, 0); i < text.size(); i = plain_until(text, i + 1)) {
    const char c = text[i];
    out.append(text, plain, i - plain);
    plain = i + 1;
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += "\\u00";
        out += kHex[static_cast<unsigned char>(c) >> 4];
        out += kHex[static_cast<unsigned char>(c) & 15];
    }
  }
  out.append(text, plain, text.size() - plain);
  out += '"';
}

void append_json(std::string& out, const Value& value) {
  switch (value.kind()) {
    case Value::Kind::Null:
      out += "null";
      break;
    case Value::Kind::Bool:
      out += value.as_bool() ? "true" : "false";
      break;
    case Value::Kind::Int: {
      char buffer[24];
      const char* const end = std::to_chars(buffer, buffer + sizeof buffer, value.as_int()).ptr;
      out.append(buffer, static_cast<std::size_t>(end - buffer));
      break;
    }
    case Value::Kind::Double: {
      const double number = value.as_double();
      if (!std::isfinite(number)) {
        out += "null";
        break;
      }
      char buffer[32];
      const auto [end, problem] = std::to_chars(buffer, buffer + sizeof buffer, number);
      const std::string_view digits(buffer, static_cast<std::size_t>(end - buffer));
      out += digits;
      if (digits.find_first_of(".e") == std::string_view::npos) out += ".0";
      break;
    }
    case Value::Kind::String:
      append_json_string(out, value.as_string());
      break;
    case Value::Kind::Array: {
      out += '[';
      bool first = true;
      for (const Value& item : value.as_array()) {
        if (!first) out += ',';
        first = false;
        append_json(out, item);
      }
      out += ']';
      break;
    }
    case Value::Kind::Object: {
      out += '{';
      bool first = true;
      for (const Value::Member& member : value.as_object()) {
        if (!first) out += ',';
        first = false;
        append_json_string(out, member.first);
        out += ':';
        append_json(out, member.second);
      }
      out += '}';
      break;
    }
  }
}

std::string to_json(const Value& value, int indent) {
  std::string out;
  if (indent > 0) {
    append_indented(out, value, indent, 0);
  } else {
    append_json(out, value);
  }
  return out;
}

}  // namespace storm
