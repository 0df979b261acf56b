// STORM_ASSERT: stops the process with a message when an invariant of the program is broken. On in
// every build. Never for input from users, disk, network or plugins.
#pragma once

namespace storm::detail {
[[noreturn]] void assert_failed(const char* condition, const char* file, int line);
}

#define STORM_ASSERT(condition) \
  ((condition) ? void(0) : ::storm::detail::assert_failed(#condition, __FILE__, __LINE__))
