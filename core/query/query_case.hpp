// One case of a conformance file: documents, a filter, perhaps an order and a projection, and what
// comes out. The format is described in tests/conformance/mongo/README.md. [any-thread]
#pragma once
#include <string>

#include "core/base/result.hpp"
#include "core/document/value.hpp"
#include "core/query/operator.hpp"

namespace storm {

// Empty when the case gives what it should, else what differs, in one line. InvalidArgument when
// it is no case.
Result<std::string> difference_of_case(const Value& one, const OperatorSet& operators);

}  // namespace storm
