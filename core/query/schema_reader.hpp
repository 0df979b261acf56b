// Reads the argument of $jsonSchema. Unknown keywords, and those of JSON Schema that MongoDB does
// not have, are refused. Used for one schema; as deep as the filter's limits allow. Inside
// core/query only.
#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/document/value.hpp"
#include "core/query/schema.hpp"
#include "core/query/spot.hpp"

namespace storm {

class SchemaReader {
 public:
  // Compiles a pattern; the filter's limits count it.
  using Pattern = std::function<Result<std::shared_ptr<const OperatorProgram>>(const Value& pattern,
                                                                               const Spot& spot)>;

  explicit SchemaReader(Pattern pattern) : pattern_(std::move(pattern)) {}

  Result<Schema> read(const Value& value, const Spot& spot);

 private:
  struct Keyword;
  struct Place {
    std::string_view name;
    const Value& value;
    const Value& siblings;
    const Spot& spot;
    Schema& schema;
  };

  static std::span<const Keyword> keywords();

  Result<void> ignored(const Place& place);
  Result<void> types(const Place& place);
  Result<void> values(const Place& place);
  Result<void> limit(const Place& place);
  Result<void> exclusive(const Place& place);
  Result<void> multiple(const Place& place);
  Result<void> count(const Place& place);
  Result<void> pattern(const Place& place);
  Result<void> unique_items(const Place& place);
  Result<void> items(const Place& place);
  Result<void> more_items(const Place& place);
  Result<void> required(const Place& place);
  Result<void> properties(const Place& place);
  Result<void> patterned(const Place& place);
  Result<void> more_members(const Place& place);
  Result<void> dependencies(const Place& place);
  Result<void> branches(const Place& place);
  Result<void> not_(const Place& place);

  Result<std::unique_ptr<const Schema>> read_inner(const Value& value, const Spot& spot);
  Result<std::vector<Schema>> read_list(const Value& list, const Spot& spot, std::string_view name);

  const Pattern pattern_;
};

}  // namespace storm
