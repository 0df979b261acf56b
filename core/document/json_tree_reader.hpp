// Reads JSON that is as it should be, several times as fast as the reader that can say what is
// wrong with a text. [any-thread]
#pragma once
#include <optional>
#include <string_view>

#include "core/document/value.hpp"

namespace storm {

// No value: the text is perhaps no JSON, has an object with the same key twice, is nested too
// deeply, or has numbers or escapes that are left to the other reader.
std::optional<Value> read_json_tree(std::string_view text, std::size_t depth_max);

}  // namespace storm
