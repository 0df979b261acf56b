// A value as people see it in a message: compact JSON, cut when it is long. Costs no more than what
// is shown, however large the value is. [any-thread]
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "core/document/value.hpp"

namespace storm {

// The text, or its start, whole characters only, and "...".
std::string shown_text(std::string_view text, std::size_t bytes_max);
std::string shown_value(const Value& value, std::size_t bytes_max);

}  // namespace storm
