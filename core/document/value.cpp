#include "core/document/value.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace storm {

Value::Value(std::uint64_t value) {
  if (value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    data_ = static_cast<std::int64_t>(value);
  } else {
    data_ = static_cast<double>(value);
  }
}

const Value* Value::find(std::string_view key) const {
  if (!is_object()) return nullptr;
  for (const Member& member : as_object()) {
    if (member.first == key) return &member.second;
  }
  return nullptr;
}

Value* Value::find(std::string_view key) {
  return const_cast<Value*>(std::as_const(*this).find(key));
}

Value& Value::set(std::string_view key, Value value) {
  if (Value* found = find(key)) {
    *found = std::move(value);
    return *found;
  }
  as_object().emplace_back(std::string(key), std::move(value));
  return as_object().back().second;
}

bool Value::erase(std::string_view key) {
  if (!is_object()) return false;
  return std::erase_if(as_object(), [&](const Member& member) { return member.first == key; }) > 0;
}

bool operator==(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) {
    if (a.is_int() && b.is_int()) return a.as_int() == b.as_int();
    if (a.is_double() && b.is_double()) return a.as_double() == b.as_double();
    const std::int64_t whole = a.is_int() ? a.as_int() : b.as_int();
    const double real = a.is_int() ? b.as_double() : a.as_double();
    // Exact: a double that is a whole number within 63 bits converts without loss.
    return real >= -0x1p63 && real < 0x1p63 &&
           static_cast<double>(static_cast<std::int64_t>(real)) == real &&
           static_cast<std::int64_t>(real) == whole;
  }
  if (a.kind() != b.kind()) return false;
  if (!a.is_object()) return a.data_ == b.data_;
  const auto& left = a.as_object();
  if (left.size() != b.as_object().size()) return false;
  return std::all_of(left.begin(), left.end(), [&](const Value::Member& member) {
    const Value* other = b.find(member.first);
    return other && *other == member.second;
  });
}

std::string_view name_of(Value::Kind kind) {
  switch (kind) {
    case Value::Kind::Null:
      return "null";
    case Value::Kind::Bool:
      return "bool";
    case Value::Kind::Int:
      return "int";
    case Value::Kind::Double:
      return "double";
    case Value::Kind::String:
      return "string";
    case Value::Kind::Array:
      return "array";
    case Value::Kind::Object:
      return "object";
  }
  return "null";
}

const Value* at_pointer(const Value& root, std::string_view pointer) {
  const Value* here = &root;
  while (!pointer.empty()) {
    if (pointer.front() != '/') return nullptr;
    pointer.remove_prefix(1);
    const std::size_t end = std::min(pointer.find('/'), pointer.size());
    std::string key;
    for (std::size_t i = 0; i < end; ++i) {
      if (pointer[i] == '~' && i + 1 < end && (pointer[i + 1] == '0' || pointer[i + 1] == '1')) {
        key += pointer[++i] == '0' ? '~' : '/';
      } else {
        key += pointer[i];
      }
    }
    pointer.remove_prefix(end);
    if (here->is_array()) {
      std::size_t index = 0;
      const auto [stop, problem] = std::from_chars(key.data(), key.data() + key.size(), index);
      if (problem != std::errc() || stop != key.data() + key.size()) return nullptr;
      if (index >= here->as_array().size()) return nullptr;
      here = &here->as_array()[index];
    } else {
      here = here->find(key);
      if (!here) return nullptr;
    }
  }
  return here;
}

std::string pointer_join(std::string_view pointer, std::string_view key) {
  std::string joined(pointer);
  joined += '/';
  for (const char c : key) {
    if (c == '~') {
      joined += "~0";
    } else if (c == '/') {
      joined += "~1";
    } else {
      joined += c;
    }
  }
  return joined;
}

std::string pointer_join(std::string_view pointer, std::size_t index) {
  return std::string(pointer) + '/' + std::to_string(index);
}

}  // namespace storm
