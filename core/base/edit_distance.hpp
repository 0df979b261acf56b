// How far two words are apart, for "did you mean".
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace storm {

// Insertions, removals, replacements and swaps of neighbours that make one of the other.
std::size_t edit_distance(std::string_view a, std::string_view b);
// The candidates that somebody who wrote `word` may have meant, nearest first, at most `count`.
std::vector<std::string> nearest_words(std::string_view word,
                                       std::span<const std::string> candidates, std::size_t count);
std::vector<std::string> nearest_words(std::string_view word,
                                       std::span<const std::string_view> candidates,
                                       std::size_t count);

// The one that was most likely meant; empty when none is near enough.
std::string_view nearest_name(std::string_view name, std::span<const std::string_view> known);
// "; did you mean \"listen\"?", or "; known are listen, storage, ...".
std::string suggest(std::string_view name, std::span<const std::string_view> known);

}  // namespace storm
