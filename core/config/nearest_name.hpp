// The name that somebody most likely meant. [any-thread]
#pragma once
#include <span>
#include <string>
#include <string_view>

namespace storm {

// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
std::size_t edit_distance(std::string_view a, std::string_view b);
// Empty when none is near enough to be meant.
std::string_view nearest_name(std::string_view name, std::span<const std::string_view> known);
// "; did you mean \"listen\"?", or "; known are listen, storage, ...".
std::string suggest(std::string_view name, std::span<const std::string_view> known);

}  // namespace storm
