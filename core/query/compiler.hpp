// Reads a filter, checks it and builds its tree of conditions. compiler.cpp reads filters and
// fields, field_operators.cpp the operators beside a field. Used for one filter; recursion is
// bounded by the limits that measure() and the depth keep. Inside core/query only.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/query/condition.hpp"
#include "core/query/query.hpp"
#include "core/query/spot.hpp"

namespace storm {

class Compiler {
 public:
  Compiler(const OperatorSet& operators, OddKeys odd_keys)
      : operators_(operators), odd_keys_(odd_keys) {}

  // Depth and number of everything in the filter, literals included.
  Result<void> measure(const Value& value, const Spot& spot, std::size_t level);
  Result<Condition> filter(const Value& filter, const Spot& spot, std::size_t depth);

 private:
  // Where an operator stands: everything its reader needs.
  struct Place {
    std::string_view name;
    const Value& operand;
    const std::shared_ptr<const Path>& path;
    const Spot& spot;
    std::size_t depth;
  };
  using Reader = Result<Condition> (Compiler::*)(const Place&);
  struct FieldOperator {
    std::string_view name;
    Reader reader;
  };
  static std::span<const FieldOperator> field_operators();
  static const FieldOperator* find_field_operator(std::string_view name);

  Result<Condition> member(const Value::Member& member, const Spot& spot, std::size_t depth);
  // $expr, $jsonSchema, $group and the relations.
  Result<Test> whole_document(const Value::Member& member, const Spot& spot, std::size_t depth);
  Result<std::shared_ptr<const OperatorProgram>> schema_pattern(const Value& pattern,
                                                                const Spot& spot);
  Result<std::vector<Condition>> branches(const Value& list, const Spot& spot, std::size_t depth);
  Result<Condition> field(const std::shared_ptr<const Path>& path, const Value& operand,
                          const Spot& spot, std::size_t depth);
  Result<Condition> operators(const std::shared_ptr<const Path>& path, const Value& object,
                              const Spot& spot, std::size_t depth);
  Result<std::shared_ptr<const OperatorProgram>> program(const OperatorSource& source,
                                                         const Value::Member& member,
                                                         const Value::Object& siblings,
                                                         const Spot& spot);
  Error unknown(std::string_view name, const Spot& spot, bool in_field) const;

  Result<Condition> equal(const Place& place);
  Result<Condition> not_equal(const Place& place);
  Result<Condition> order(const Place& place);
  Result<Condition> in(const Place& place);
  Result<Condition> not_in(const Place& place);
  Result<Condition> exists(const Place& place);
  Result<Condition> size(const Place& place);
  Result<Condition> type(const Place& place);
  Result<Condition> mod(const Place& place);
  Result<Condition> bits(const Place& place);
  Result<Condition> all(const Place& place);
  Result<Condition> not_(const Place& place);
  Result<Condition> element_match(const Place& place);

  const OperatorSet& operators_;
  const OddKeys odd_keys_;
  std::size_t nodes_ = 0;
  std::size_t programs_ = 0;
  std::size_t expression_nodes_ = 0;
  std::size_t elements_ = 0;   // $elemMatch around the place that is read
  std::size_t relations_ = 0;  // relations around it
};

// InvalidArgument, with the place in front of the message.
Error refused(const Spot& spot, std::string message);
std::string quoted(std::string_view word);
// The test that a program stands for: where its hint says all, the values are compared without
// calling it.
Test test_of(std::shared_ptr<const OperatorProgram> program);
// `; did you mean "$regex"?`, or nothing when no candidate is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);
Result<Path> read_path(std::string_view text, const Spot& spot);
// The first key decides how an object is read.
bool holds_operators(const Value& value);
// $and, $or, $expr, $group and their kin: they stand beside fields.
bool is_filter_operator(std::string_view name);
// A number without a fraction, within 64 bits.
bool is_whole(const Value& value, std::int64_t& whole);
// Bits of TypeBit; 0 for a type of MongoDB that JSON does not have.
Result<std::uint32_t> read_type_name(const std::string& name, const Spot& spot);

}  // namespace storm
