// Query: a filter of MongoDB's `find` language over JSON-like documents, compiled. A value that shares its immutable
// tree: cheap to copy, tested by many threads at once.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/document/value.hpp"
#include "core/query/document_view.hpp"
#include "core/query/operator.hpp"

namespace storm {

inline constexpr std::size_t kQueryDepthMax = 64;
inline constexpr std::size_t kQueryNodesMax = 100'000;  // conditions and list items in one filter

// A condition that every match fulfils, on one top-level field or dotted path without arrays of objects, for an index over
// queries: find the queries that a document could match by looking up its values.
struct AccessPredicate {
  enum class Kind { All, AnyOf, Prefix, Never };  // All: no such condition; Never: nothing matches
  Kind kind = Kind::All;
  std::string path;           // "image"
  std::vector<Value> values;  // AnyOf: equal to one of these (scalars)
  std::vector<std::string> prefixes;  // Prefix: a string that starts with one of these
};

class Query {
 public:
  // Compiles a filter. The error carries Problems whose pointers name the offending place ("/$or/1/image/$regx").
  static Result<Query> parse(const Value& filter, const OperatorSet& operators);

  bool matches(const DocumentView& document) const;

  // The most selective access predicates, best first; empty: every document has to be tested.
  const std::vector<AccessPredicate>& access() const;
  // Top-level fields that the filter reads, sorted, without repetition.
  const std::vector<std::string>& fields() const;

 private:
  struct Compiled;
  explicit Query(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace storm
