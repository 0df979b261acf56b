// A condition that every document matching a query fulfils, for an index over queries: look up the
// document's values and find the queries that it could match. A value. [any-thread when const]
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/document/value.hpp"
#include "core/query/document_view.hpp"

namespace storm {

struct AccessPredicate {
  // Of the values that Path's walk finds, an array's elements included,
  //   AnyOf:  one equals one of `values`
  //   Prefix: one is a string that starts with one of `prefixes`
  //   Range:  one is of the bounds' type and lies between them
  //   Exists: there is one
  // Never: nothing matches. All: no such condition.
  enum class Kind { All, AnyOf, Prefix, Range, Exists, Never };
  Kind kind = Kind::All;
  std::string path;           // "image", "snapshot.Spec.Name"
  std::vector<Value> values;  // AnyOf: scalars, never null; sorted (compare_values), each once
  std::vector<std::string> prefixes;  // Prefix: sorted, none starts with another
  // Range: numbers (never NaN) or strings, both of one type, low not above high; no bound: open to
  // that side, and at most one is open.
  std::optional<Value> low = std::nullopt;
  std::optional<Value> high = std::nullopt;
  bool low_included = true;
  bool high_included = true;
};

// Whether a value lies between the bounds of a range. Requires: a predicate of kind Range.
bool lies_in(const AccessPredicate& range, const Value& value);

// Whether the document fulfils it: what an index has to agree with. Follows no array but as the
// query language does.
bool satisfies(const AccessPredicate& predicate, const DocumentView& document);

}  // namespace storm
