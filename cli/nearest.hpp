// What somebody may have meant. [any-thread]
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace storm::cli {

inline constexpr std::size_t kSuggestionsMax = 4;

// The candidates that are like `word`, best first; empty when none is.
std::vector<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates);
// "did you mean: a, b"; empty when there is nothing to suggest.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace storm::cli
