// A moment as people write it in a parameter: "2026-11-21T10:00:00Z" or how long ago, "90s", "5m",
// "2h", "1d".
#pragma once
#include <string_view>

#include "core/base/clock.hpp"
#include "core/base/result.hpp"

namespace storm::rest {

// The error's message says what is expected.
Result<WallTime> parse_moment(std::string_view text, WallTime now);

}  // namespace storm::rest
