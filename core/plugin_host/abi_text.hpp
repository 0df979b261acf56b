// Text of the ABI as C++ sees it, and what may be shown of it to people.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "storm/base.h"

// Whether a struct that somebody else filled in is long enough to have member `m`.
#define STORM_HAS_MEMBER(T, t, m) ((t)->size >= offsetof(T, m) + sizeof((t)->m))

namespace storm {

inline constexpr std::size_t kPluginLineBytesMax = 4096;  // of a log line or a fault

inline std::string_view text_of(storm_str text) {
  return text.p ? std::string_view(text.p, text.n) : std::string_view();
}
inline storm_str to_abi(std::string_view text) { return {text.data(), text.size()}; }

// Nothing but white space, as the model's fields see it.
inline bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// A plugin's message fit for a log, a terminal and JSON: one line, bounded, valid UTF-8, no control
// characters.
std::string one_line(std::string_view text);

}  // namespace storm
