// The query language once more, read straight from the filter, without compiling and without haste:
// the oracle of the compiled one. Knows every operator of the core, and of $regex an optional ^,
// plain text and an optional $.
#pragma once
#include "core/document/value.hpp"

namespace storm::test {

// Requires: a filter that Query::parse accepts.
bool reference_matches(const Value& filter, const Value& document);

}  // namespace storm::test
