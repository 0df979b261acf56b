// TextList: a few texts that do not change, in one piece of memory; of the size of a pointer, and
// copies share it. Reads as std::string_views, which are valid while one of the copies lives.
// [any-thread]
#pragma once
#include <atomic>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/counted.hpp"

namespace storm {

class TextList {
 public:
  class Iterator {
   public:
    using iterator_category = std::random_access_iterator_tag;
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;
    using pointer = const std::string_view*;
    using reference = std::string_view;

    Iterator() = default;
    Iterator(const TextList* list, std::size_t at) : list_(list), at_(at) {}
    std::string_view operator*() const { return (*list_)[at_]; }
    std::string_view operator[](difference_type n) const { return *(*this + n); }
    Iterator& operator++() { return *this += 1; }
    Iterator operator++(int) { return std::exchange(*this, *this + 1); }
    Iterator& operator--() { return *this += -1; }
    Iterator operator--(int) { return std::exchange(*this, *this - 1); }
    Iterator& operator+=(difference_type n) {
      at_ = static_cast<std::size_t>(static_cast<difference_type>(at_) + n);
      return *this;
    }
    Iterator& operator-=(difference_type n) { return *this += -n; }
    friend Iterator operator+(Iterator at, difference_type n) { return at += n; }
    friend Iterator operator+(difference_type n, Iterator at) { return at += n; }
    friend Iterator operator-(Iterator at, difference_type n) { return at += -n; }
    friend difference_type operator-(const Iterator& a, const Iterator& b) {
      return static_cast<difference_type>(a.at_) - static_cast<difference_type>(b.at_);
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_ == b.at_; }
    friend auto operator<=>(const Iterator& a, const Iterator& b) { return a.at_ <=> b.at_; }

   private:
    const TextList* list_ = nullptr;
    std::size_t at_ = 0;
  };
  using value_type = std::string_view;
  using const_iterator = Iterator;

  TextList() = default;
  explicit TextList(std::span<const std::string_view> texts);
  explicit TextList(const std::vector<std::string>& texts);
  TextList& operator=(const std::vector<std::string>& texts) { return *this = TextList(texts); }
  TextList& operator=(std::initializer_list<std::string_view> texts) {
    return *this = TextList(std::span(texts.begin(), texts.size()));
  }
  operator std::vector<std::string>() const;

  std::size_t size() const { return block_ ? block_->count_of_texts : 0; }
  bool empty() const { return !block_; }
  std::string_view operator[](std::size_t index) const;  // Requires: below size().
  std::string_view front() const { return (*this)[0]; }
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size()}; }

  friend bool operator==(const TextList& a, const TextList& b) {
    return a.block_ == b.block_ || (a <=> b) == 0;
  }
  friend std::strong_ordering operator<=>(const TextList& a, const TextList& b);

 private:
  // Followed by where each text ends, counted from the end of these numbers, and the texts.
  struct Block {
    mutable std::atomic<std::uint32_t> count;
    std::uint32_t count_of_texts;

    const std::uint32_t* ends() const { return reinterpret_cast<const std::uint32_t*>(this + 1); }
    const char* texts() const { return reinterpret_cast<const char*>(ends() + count_of_texts); }
    void retain() const { count.fetch_add(1, std::memory_order_relaxed); }
    void release() const;
  };

  Counted<const Block> block_;
};

}  // namespace storm
