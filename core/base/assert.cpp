#include "core/base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace storm::detail {

void assert_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, condition);
  std::abort();
}

}  // namespace storm::detail
