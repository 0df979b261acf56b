// How much longer than on an idle machine a test may take: STORM_TEST_SLOWNESS, 1 if it is not set.
#pragma once
#include <algorithm>
#include <cstdlib>

inline int slowness() {
  const char* text = std::getenv("STORM_TEST_SLOWNESS");
  return text == nullptr ? 1 : std::max(1, std::atoi(text));
}
