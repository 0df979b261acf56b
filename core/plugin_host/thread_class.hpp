// What the calling thread does for a plugin at the moment: the class (STORM_T_*) of the call that
// it is in, or that it is a thread of the plugin that announced itself. Kept for each thread by
// itself.
#pragma once
#include <cstdint>

#include "storm/base.h"

namespace storm {

namespace detail {
inline constinit thread_local std::uint32_t class_of_thread = STORM_T_NONE;
}

inline std::uint32_t thread_class() { return detail::class_of_thread; }
inline void set_thread_class(std::uint32_t now) { detail::class_of_thread = now; }

// As long as a function of a plugin runs.
class ThreadClassScope {
 public:
  explicit ThreadClassScope(std::uint32_t now) : before_(thread_class()) { set_thread_class(now); }
  ~ThreadClassScope() { set_thread_class(before_); }
  ThreadClassScope(const ThreadClassScope&) = delete;
  ThreadClassScope& operator=(const ThreadClassScope&) = delete;

 private:
  const std::uint32_t before_;
};

}  // namespace storm
