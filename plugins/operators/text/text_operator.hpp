// TextPattern: a Perl-compatible regular expression, compiled. Immutable, shared by threads
// [any-thread]; what a match needs besides is kept per thread. A hostile pattern is cut off, never
// a hang.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "pattern_hint.hpp"
#include "storm/base.h"

struct pcre2_real_code_8;

namespace storm::text {

inline constexpr std::size_t kPatternBytesMax = 16 * 1024;
inline constexpr std::uint32_t kGroupDepthMax = 100;         // parentheses inside each other
inline constexpr std::size_t kSubjectBytesMax = 256 * 1024;  // longer values never match
// A match is tried from kStartsPerRound places of the value at a time, with at most kStepsMax steps
// of backtracking from each; after kMatchTimeMaxMs of the thread's own processor time no further
// round begins. Time on a wall's clock would let the load of the machine decide who is a member.
inline constexpr std::uint32_t kStepsMax = 50'000;
inline constexpr std::size_t kStartsPerRound = 256;
inline constexpr std::int64_t kMatchTimeMaxMs = 20;
inline constexpr std::uint32_t kMatchHeapMaxKib = 4 * 1024;
inline constexpr std::size_t kJitStackStart = 32 * 1024;
inline constexpr std::size_t kJitStackMax = 512 * 1024;

class TextPattern {
 public:
  // `options`: letters of i (any case), m (^ and $ at each line), s (. takes newlines), x (spaces
  // and comments in the pattern), u (ignored: text is always UTF-8). Throws a Fault of
  // STORM_E_INVALID that says what is wrong and where.
  static std::unique_ptr<const TextPattern> compile(std::string_view pattern,
                                                    std::string_view options);
  ~TextPattern();
  TextPattern(const TextPattern&) = delete;
  TextPattern& operator=(const TextPattern&) = delete;

  // STORM_YES, STORM_OK (no match), STORM_E_QUOTA when cut off at a limit, STORM_E_INVALID when
  // `subject` is not UTF-8.
  storm_rc match(std::string_view subject) const noexcept;
  const PatternHint& hint() const noexcept { return hint_; }

 private:
  TextPattern(pcre2_real_code_8* code, PatternHint hint);
  storm_rc search(std::string_view subject) const noexcept;

  pcre2_real_code_8* const code_;  // ours
  const PatternHint hint_;
  bool jit_ = false;
  bool one_start_ = false;  // can only match at the start of the value
};

}  // namespace storm::text
