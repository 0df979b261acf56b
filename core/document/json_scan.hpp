// A fast yes or no: is this text one well-formed JSON value without duplicate keys? Strict RFC 8259
// in valid UTF-8; builds nothing and gives no reasons (check_json does). A yes is sure; a no may
// also mean a number that a double might not hold, or a key with an escape. [any-thread]
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace storm {

bool is_json(std::string_view text, std::size_t depth_max);

// Appends what a string of a JSON text says. Requires: what stands between the quotes of a
// well-formed one.
void append_unescaped(std::string& out, std::string_view raw);

// Strict UTF-8: no overlong forms, no surrogates, nothing past U+10FFFF.
bool is_utf8(std::string_view text);
// Bytes of the well-formed sequence that `text` begins with; 0 when it is none. Requires: left > 0.
std::size_t utf8_length(const char* text, std::size_t left);

}  // namespace storm
