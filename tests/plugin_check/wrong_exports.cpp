// What a plugin must not show to others: EXPORT_MORE, EXPORT_CXX or EXPORT_UNIQUE.
#include <string>

#include "storm/plugin.h"

#if defined(EXPORT_MORE)
STORM_EXPORT int wrong_something_else();
int wrong_something_else() { return 1; }
#endif
#if defined(EXPORT_CXX)
__attribute__((visibility("default"))) int wrong_of_text(const std::string& text);
int wrong_of_text(const std::string& text) { return static_cast<int>(text.size()); }
#endif
#if defined(EXPORT_UNIQUE)
struct __attribute__((visibility("default"))) WrongShared {
  static inline int count = 0;
};
__attribute__((visibility("default"))) int* wrong_count();
int* wrong_count() { return &WrongShared::count; }
#endif
