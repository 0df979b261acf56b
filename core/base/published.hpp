// Published<T>: the newest immutable T, set by one thread and taken by many.
// A mutex around a pointer copy: std::atomic<std::shared_ptr> of libstdc++ 12 is reported as a race
// by ThreadSanitizer, and this form serves tens of millions of loads a second.
#pragma once
#include <memory>
#include <mutex>

namespace storm {

template <typename T>
class Published {
 public:
  explicit Published(std::shared_ptr<const T> initial) : value_(std::move(initial)) {}

  std::shared_ptr<const T> load() const {  // [any-thread]
    const std::lock_guard lock(mutex_);
    return value_;
  }
  void store(std::shared_ptr<const T> value) {
    {
      const std::lock_guard lock(mutex_);
      value_.swap(value);
    }
    // The old value dies here, outside the lock.
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;  // Guarded by mutex_.
};

}  // namespace storm
