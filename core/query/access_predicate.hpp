// A condition that every document matching a query fulfils, for an index over queries: look up the
// document's values and find the queries that it could match. A value. [any-thread when const]
#pragma once
#include <string>
#include <vector>

#include "core/document/value.hpp"
#include "core/query/document_view.hpp"

namespace storm {

struct AccessPredicate {
  // AnyOf, Prefix: one of the values that Path's walk finds (an array's elements included) equals
  // one of `values`, or is a string that starts with one of `prefixes`. Never: nothing matches.
  // All: no such condition.
  enum class Kind { All, AnyOf, Prefix, Never };
  Kind kind = Kind::All;
  std::string path;           // "image", "snapshot.Spec.Name"
  std::vector<Value> values;  // AnyOf: scalars, never null; sorted (compare_values), each once
  std::vector<std::string> prefixes;  // Prefix: sorted, none starts with another
};

// Whether the document fulfils it: what an index has to agree with. Follows no array but as the
// query language does.
bool satisfies(const AccessPredicate& predicate, const DocumentView& document);

}  // namespace storm
