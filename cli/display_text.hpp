// Text on its way to a screen. Names come from clouds: whatever could steer a terminal is made
// harmless here. Widths count characters, not bytes. [any-thread]
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace storm::cli {

// `text` with control characters and broken UTF-8 replaced by '?'.
std::string printable(std::string_view text);
std::size_t display_width(std::string_view text);
// At most `width` characters, the last of them being `mark` when something was cut off.
std::string cut_to(std::string_view text, std::size_t width, std::string_view mark);

}  // namespace storm::cli
