// BoundedQueue<T>: many producers, one consumer that takes everything there is at once.
// Full means try_push refuses and push waits: back pressure, never growth. [any-thread]
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

namespace storm {

template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}

  // False when full or closed; the item is then untouched.
  bool try_push(T& item) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_ || items_.size() >= capacity_) return false;
      items_.push_back(std::move(item));
    }
    filled_.notify_one();
    return true;
  }
  // Waits for room until `stop()` says so; false when stopped or closed.
  template <typename Stop>
  bool push(T& item, const Stop& stop) {
    {
      std::unique_lock lock(mutex_);
      while (!closed_ && items_.size() >= capacity_) {
        if (stop()) return false;
        emptied_.wait_for(lock, std::chrono::milliseconds(20));
      }
      if (closed_) return false;
      items_.push_back(std::move(item));
    }
    filled_.notify_one();
    return true;
  }
  // Waits until there is something or `timeout` has passed; empty then, or when closed and drained.
  std::vector<T> pop_all(std::chrono::nanoseconds timeout) {
    std::vector<T> taken;
    {
      std::unique_lock lock(mutex_);
      filled_.wait_for(lock, timeout, [this] { return closed_ || !items_.empty(); });
      taken.swap(items_);
    }
    emptied_.notify_all();
    return taken;
  }
  // Later pushes are refused; what is inside can still be taken.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    filled_.notify_all();
    emptied_.notify_all();
  }
  bool closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }
  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return items_.size();
  }

 private:
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable filled_;
  std::condition_variable emptied_;
  std::vector<T> items_;  // Guarded by mutex_.
  bool closed_ = false;   // Guarded by mutex_.
};

}  // namespace storm
