// JSON text <-> Value. [any-thread]
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "core/document/value.hpp"

namespace storm {

// Deeper documents are refused: far beyond what clouds answer, far below what a stack holds.
inline constexpr std::size_t kJsonDepthMax = 200;

// Strict RFC 8259: one value, valid UTF-8, no duplicate keys (the last would silently win), depth
// up to `depth_max`. Integers of 64 bits stay exact; larger ones become doubles. The error names
// line and column.
Result<Value> parse_json(std::string_view text, std::size_t depth_max = kJsonDepthMax);
// Whether parse_json would take it, several times as fast; builds nothing for what is well-formed.
Result<void> check_json(std::string_view text, std::size_t depth_max = kJsonDepthMax);

// Compact, keys in their order. `indent` > 0: one member a line, for people.
std::string to_json(const Value& value, int indent = 0);
void append_json(std::string& out, const Value& value);
void append_json_string(std::string& out, std::string_view text);

}  // namespace storm
