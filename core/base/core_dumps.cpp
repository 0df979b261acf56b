#include "core/base/core_dumps.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

namespace storm {

void forbid_core_dumps(bool wanted) {
  if (wanted) return;
  const rlimit none = {};
  ::setrlimit(RLIMIT_CORE, &none);
#if !defined(__SANITIZE_ADDRESS__)  // its search for leaks traces the process
  ::prctl(PR_SET_DUMPABLE, 0);
#endif
}

}  // namespace storm
