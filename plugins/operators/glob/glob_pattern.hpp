// GlobPattern: one compiled pattern of $glob, without braces (expand_braces takes those apart).
// Immutable; matching takes no memory, and a bounded number of steps. [any-thread]
//
//   pattern := ( "*" | "?" | "[" [ "!" | "^" ] range+ "]" | "\" CHARACTER | CHARACTER )*
//   range   := CHARACTER [ "-" CHARACTER ]
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storm/base.h"

namespace storm::glob {

inline constexpr std::size_t kPatternBytesMax = 1024;
inline constexpr std::size_t kAlternativesMax = 1000;  // of one argument, braces expanded
inline constexpr std::size_t kStepsMax = 1'000'000;    // of one text, all patterns together

// "a{b,c}d" -> "abd", "acd"; braces may hold braces. Throws a Fault of STORM_E_INVALID.
std::vector<std::string> expand_braces(const std::string& pattern);

class GlobPattern {
 public:
  // Throws a Fault of STORM_E_INVALID that says what is wrong.
  static GlobPattern compile(std::string_view pattern);

  // STORM_YES, STORM_OK, or STORM_E_QUOTA once `steps`, which it counts, is above kStepsMax.
  storm_rc match(std::string_view text, std::size_t& steps) const noexcept;

  // The text that every match starts with.
  const std::string& literal() const { return literal_; }
  bool is_literal() const { return rest_ == Rest::Nothing; }  // matches literal() alone
  bool is_prefix() const { return rest_ == Rest::Anything; }  // matches all that starts with it

 private:
  enum class Rest { Nothing, Anything, Pattern };  // behind the literal
  struct Token {
    enum class Kind { One, Any, Star, Class };
    Kind kind = Kind::One;
    char32_t character = 0;
    bool negated = false;
    std::vector<std::pair<char32_t, char32_t>> ranges = {};
    bool takes(char32_t c) const noexcept;
  };

  std::string literal_;
  Rest rest_ = Rest::Nothing;
  std::vector<Token> tokens_;  // behind the literal
};

}  // namespace storm::glob
