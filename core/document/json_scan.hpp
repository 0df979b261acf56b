// A fast yes or no: is this text one well-formed JSON value? Strict RFC 8259 in valid UTF-8; builds
// nothing and gives no reasons (check_json does). A yes is sure; a no may also mean a number that a
// double might not hold. [any-thread]
#pragma once
#include <cstddef>
#include <string_view>

namespace storm {

bool is_json(std::string_view text, std::size_t depth_max);

// Strict UTF-8: no overlong forms, no surrogates, nothing past U+10FFFF.
bool is_utf8(std::string_view text);

}  // namespace storm
