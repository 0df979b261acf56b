// The argument of $jsonSchema, compiled: JSON Schema draft 4 as MongoDB has it, with bsonType and
// without references, formats and defaults. Immutable, [any-thread when const]. Inside core/query
// only.
//
// A keyword is about values of its type and lets others pass. Patterns are those of the installed
// $regex, so they are bounded like any other. Reading it is in schema_reader.cpp.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/document/value.hpp"
#include "core/query/document_view.hpp"
#include "core/query/operator.hpp"

namespace storm {

class Schema {
 public:
  bool matches(const DocumentView& document) const;
  bool matches(const Value& value) const;

  // The top-level fields whose values are tested.
  void collect_fields(std::set<std::string>& fields) const;
  // Whether it matters which top-level fields there are besides those.
  bool reads_names() const;
  bool reads_only(std::span<const std::string_view> fields) const;
  // Top-level fields that every match has.
  const std::vector<std::string>& required() const { return required_; }

 private:
  friend class SchemaReader;
  struct Named;
  struct Patterned;
  struct Dependency;

  template <typename Object>
  bool object_matches(const Object& object) const;
  bool member_matches(std::string_view name, const Value& value) const;
  template <typename Subject>
  bool logic_matches(const Subject& subject) const;
  bool number_matches(const Value& value) const;
  bool string_matches(const Value& value) const;
  bool array_matches(const Value& value) const;
  bool counts_members() const;
  void set_values(Value::Array values);
  template <typename Visit>
  void each_of_the_same_value(const Visit& visit) const;

  struct Bounds {
    std::size_t min = 0;
    std::size_t max = static_cast<std::size_t>(-1);
    bool hold(std::size_t size) const { return min <= size && size <= max; }
    bool open() const { return min == 0 && max == static_cast<std::size_t>(-1); }
  };

  std::optional<std::uint32_t> types_;  // bits of TypeBit
  std::optional<Value::Array> values_;  // enum, sorted

  std::optional<Value> minimum_, maximum_, divisor_;
  bool above_minimum_ = false;  // exclusiveMinimum
  bool below_maximum_ = false;

  Bounds length_;  // of characters
  std::shared_ptr<const OperatorProgram> pattern_;

  Bounds items_count_;
  bool unique_items_ = false;
  bool more_items_ = true;  // beyond those of positions_
  std::vector<Schema> positions_;
  std::unique_ptr<const Schema> items_;  // of all, or of those beyond positions_

  Bounds members_count_;
  std::vector<std::string> required_;
  std::vector<Named> properties_;  // sorted by name
  std::vector<Patterned> patterns_;
  bool more_members_ = true;  // that no property and no pattern names
  std::unique_ptr<const Schema> members_;
  std::vector<Dependency> dependencies_;

  std::vector<Schema> all_of_, any_of_, one_of_;
  std::unique_ptr<const Schema> not_;

 public:
  Schema();
  Schema(Schema&&) noexcept;
  Schema& operator=(Schema&&) noexcept;
  ~Schema();
};

struct Schema::Named {
  std::string name;
  Schema schema;
};

struct Schema::Patterned {
  std::shared_ptr<const OperatorProgram> pattern;
  Schema schema;
};

// Where there is a field of this name, there are those too, and the whole object fits the schema.
struct Schema::Dependency {
  std::string name;
  std::vector<std::string> required;
  std::unique_ptr<const Schema> schema;
};

}  // namespace storm
