// SharedText: an immutable text that many may hold, of the size of a pointer; an empty one costs
// nothing more. Reads as a std::string_view, which is valid while one of them lives. [any-thread]
#pragma once
#include <atomic>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/counted.hpp"

namespace storm {

class SharedText {
 public:
  SharedText() = default;
  SharedText(std::string_view text);
  SharedText(const std::string& text) : SharedText(std::string_view(text)) {}
  SharedText(const char* text) : SharedText(std::string_view(text)) {}

  operator std::string_view() const { return view(); }
  std::string_view view() const {
    return block_ ? std::string_view(block_->data(), block_->size) : std::string_view();
  }
  bool empty() const { return !block_; }
  std::size_t size() const { return block_ ? block_->size : 0; }
  // How many hold this one; 0 for an empty text.
  std::size_t holders() const { return block_ ? block_->count.load(std::memory_order_relaxed) : 0; }

  friend bool operator==(const SharedText& a, const SharedText& b) {
    return a.block_ == b.block_ || a.view() == b.view();
  }
  friend auto operator<=>(const SharedText& a, const SharedText& b) {
    return a.block_ == b.block_ ? std::strong_ordering::equal : a.view() <=> b.view();
  }
  friend bool operator==(const SharedText& a, std::string_view b) { return a.view() == b; }
  friend bool operator==(const SharedText& a, const std::string& b) { return a.view() == b; }
  friend bool operator==(const SharedText& a, const char* b) { return a.view() == b; }

 private:
  // Followed by the text.
  struct Block {
    mutable std::atomic<std::uint32_t> count;
    std::uint32_t size;

    const char* data() const { return reinterpret_cast<const char*>(this + 1); }
    void retain() const { count.fetch_add(1, std::memory_order_relaxed); }
    void release() const;
  };

  Counted<const Block> block_;
};

}  // namespace storm
