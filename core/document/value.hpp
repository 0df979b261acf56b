// A JSON-like value: null, bool, 64-bit integer, double, string, array, object that keeps the order
// of its keys. The one document type of the program; JSON and YAML are its text forms (json.hpp,
// yaml_reader.hpp). A plain value: copy it, move it, share it as const.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace storm {

class Value {
 public:
  using Array = std::vector<Value>;
  using Member = std::pair<std::string, Value>;
  using Object =
      std::vector<Member>;  // in order of appearance; keys unique by construction of the readers

  enum class Kind : std::uint8_t {
    Null,
    Bool,
    Int,
    Double,
    String,
    Array,
    Object
  };  // in order of the variant below

  Value() = default;
  Value(std::nullptr_t) {}
  Value(bool value) : data_(value) {}
  Value(int value) : data_(static_cast<std::int64_t>(value)) {}
  Value(std::int64_t value) : data_(value) {}
  Value(std::uint64_t value);  // as a double when it does not fit 63 bits
  Value(double value) : data_(value) {}
  Value(const char* value) : data_(std::string(value)) {}
  Value(std::string_view value) : data_(std::string(value)) {}
  Value(std::string value) : data_(std::move(value)) {}
  Value(Array value) : data_(std::move(value)) {}
  Value(Object value) : data_(std::move(value)) {}

  static Value array() { return Value(Array{}); }
  static Value object() { return Value(Object{}); }

  Kind kind() const { return static_cast<Kind>(data_.index()); }
  bool is_null() const { return kind() == Kind::Null; }
  bool is_bool() const { return kind() == Kind::Bool; }
  bool is_int() const { return kind() == Kind::Int; }
  bool is_double() const { return kind() == Kind::Double; }
  bool is_number() const { return is_int() || is_double(); }
  bool is_string() const { return kind() == Kind::String; }
  bool is_array() const { return kind() == Kind::Array; }
  bool is_object() const { return kind() == Kind::Object; }

  // Requires: the kind asked for.
  bool as_bool() const { return std::get<bool>(data_); }
  std::int64_t as_int() const { return std::get<std::int64_t>(data_); }
  double as_double() const {
    return is_int() ? static_cast<double>(as_int()) : std::get<double>(data_);
  }
  const std::string& as_string() const { return std::get<std::string>(data_); }
  const Array& as_array() const { return std::get<Array>(data_); }
  Array& as_array() { return std::get<Array>(data_); }
  const Object& as_object() const { return std::get<Object>(data_); }
  Object& as_object() { return std::get<Object>(data_); }

  // The member of that name; nullptr when this is no object or has none.
  const Value* find(std::string_view key) const;
  Value* find(std::string_view key);
  // Sets or appends a member. Requires: an object.
  Value& set(std::string_view key, Value value);
  bool erase(std::string_view key);
  // Appends without looking for an older member of that name. Requires: an object.
  void add(std::string key, Value value) {
    as_object().emplace_back(std::move(key), std::move(value));
  }
  void push_back(Value value) { as_array().push_back(std::move(value)); }

  // By content; objects without regard to the order of their keys; 1 and 1.0 are equal.
  friend bool operator==(const Value& a, const Value& b);

 private:
  std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, Array, Object> data_;
};

// "null", "bool", "int", "double", "string", "array", "object".
std::string_view name_of(Value::Kind kind);

// Follows a JSON pointer (RFC 6901); nullptr when there is nothing there.
const Value* at_pointer(const Value& root, std::string_view pointer);
// Appends a step to a JSON pointer, escaping '~' and '/'.
std::string pointer_join(std::string_view pointer, std::string_view key);
std::string pointer_join(std::string_view pointer, std::size_t index);

}  // namespace storm
