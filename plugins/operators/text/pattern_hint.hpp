// What a pattern's text says about the values that it can match: with which text they start, or to
// what they are equal. Errs on the side of saying nothing.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace storm::text {

struct PatternHint {
  enum class Kind { None, Prefix, AnyOf };
  Kind kind = Kind::None;
  bool exact = false;             // every value inside matches
  std::vector<std::string> keys;  // Prefix: starts with one of them; AnyOf: equals one of them
};

// Requires: a pattern that compiles with these options.
PatternHint hint_of(std::string_view pattern, std::string_view options);

}  // namespace storm::text
