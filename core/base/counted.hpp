// Counted<T>: a pointer that shares its object, as std::shared_ptr does, with the count in the
// object itself: half the size, and one allocation whatever the object's shape. T has `void
// retain() const` and `void release() const`, which ends it with the last count. [any-thread]
#pragma once
#include <cstddef>
#include <utility>

namespace storm {

template <typename T>
class Counted {
 public:
  Counted() = default;
  Counted(std::nullptr_t) {}
  // Takes over a count that the object already has.
  static Counted adopt(T* object) {
    Counted counted;
    counted.object_ = object;
    return counted;
  }
  Counted(const Counted& other) : object_(other.object_) {
    if (object_) object_->retain();
  }
  Counted(Counted&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Counted& operator=(Counted other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Counted() {
    if (object_) object_->release();
  }

  T* get() const { return object_; }
  T& operator*() const { return *object_; }
  T* operator->() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }
  // The same object.
  friend bool operator==(const Counted& a, const Counted& b) { return a.object_ == b.object_; }

 private:
  T* object_ = nullptr;
};

}  // namespace storm
