// What the query language needs of an operator that it does not know itself ($regex and others come
// from plugins). An operator is compiled once and then tested against one value at a time: paths,
// arrays and logic are the language's. It never sees an array, only its elements.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/document/value.hpp"

namespace storm {

// Which values a program can match at all, so that it can be kept in an index over queries.
struct OperatorHint {
  enum class Kind { None, AnyOf, Prefix, Range };
  Kind kind = Kind::None;
  bool exact = false;             // every value inside matches; no call of matches is needed
  std::vector<std::string> keys;  // AnyOf: equal to one of them; Prefix: starts with one of them
  std::string low, high;          // Range: low <= value < high, bytewise; empty high: no end
};

class OperatorProgram {  // immutable, [any-thread]
 public:
  virtual ~OperatorProgram() = default;
  virtual bool matches(const Value& value) const = 0;
  virtual OperatorHint hint() const { return {}; }
};

class OperatorSource {  // [any-thread]
 public:
  virtual ~OperatorSource() = default;
  // Operators it compiles ("$regex") and the keys that belong beside them ("$options").
  virtual std::vector<std::string> operators() const = 0;
  virtual std::vector<std::string> modifiers() const = 0;
  // `modifiers` is an object of the modifiers that stand beside the operator. The error's message
  // says what is wrong with the argument; the caller adds where.
  virtual Result<std::shared_ptr<const OperatorProgram>> compile(std::string_view name,
                                                                 const Value& argument,
                                                                 const Value& modifiers) const = 0;
};

// The operators that are installed. Immutable once built.
class OperatorSet {
 public:
  // AlreadyExists when another source has an operator of the same name.
  Result<void> add(std::shared_ptr<const OperatorSource> source);
  const OperatorSource* find(std::string_view name) const;
  bool is_modifier(std::string_view name) const { return source_of_modifier(name) != nullptr; }
  const OperatorSource* source_of_modifier(std::string_view name) const;
  std::vector<std::string> names() const;  // sorted

 private:
  struct Entry {
    std::string name;
    std::shared_ptr<const OperatorSource> source;
  };
  std::vector<Entry> operators_;
  std::vector<Entry> modifiers_;
};

}  // namespace storm
