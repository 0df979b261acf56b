// Bytes that end where a page without access begins, and that can be taken away: who reads behind
// them, or keeps a pointer to them, dies. The pages stay reserved until the process ends.
#pragma once
#include <cstddef>
#include <string_view>

#include "storm/base.h"

namespace storm::plugin_check {

class Guarded {
 public:
  Guarded(const void* bytes, std::size_t size);
  explicit Guarded(std::string_view text) : Guarded(text.data(), text.size()) {}
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  void* data() const { return data_; }
  storm_str text() const { return {static_cast<const char*>(data_), size_}; }
  template <typename T>
  T* as() const {
    return static_cast<T*>(data_);
  }
  void take_away();

 private:
  void* pages_ = nullptr;
  std::size_t room_ = 0;
  void* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace storm::plugin_check
