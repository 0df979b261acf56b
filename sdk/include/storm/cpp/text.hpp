// Text and arrays across the ABI, as C++ sees them: storm_str <-> std::string_view, and List<T>, a
// view of a storm_list that honours the writer's stride. Views borrow: they live as long as the
// call.
//
//   for (const storm_row& row : List<storm_row>(txn->puts)) store(view(row.key), view(row.value));
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "storm/base.h"

namespace storm::sdk {

constexpr storm_str str(std::string_view text) { return {text.data(), text.size()}; }

constexpr std::string_view view(storm_str text) {
  return text.n == 0 ? std::string_view() : std::string_view(text.p, text.n);
}

// Elements are reached by the writer's element size, which may be larger than ours: it was built
// with a newer header. One that is smaller has to be copied by whoever supports older writers.
template <typename T>
class List {
 public:
  class Iterator {
   public:
    constexpr Iterator(const char* at, std::size_t stride) : at_(at), stride_(stride) {}
    const T& operator*() const { return *reinterpret_cast<const T*>(at_); }
    Iterator& operator++() {
      at_ += stride_;
      return *this;
    }
    constexpr bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    const char* at_;
    std::size_t stride_;
  };

  explicit List(storm_list list) : list_(list) {}

  std::size_t size() const { return list_.n; }
  bool empty() const { return list_.n == 0; }
  const T& operator[](std::size_t index) const { return *Iterator(at(index), list_.stride); }
  Iterator begin() const { return {at(0), list_.stride}; }
  Iterator end() const { return {at(list_.n), list_.stride}; }

 private:
  const char* at(std::size_t index) const {
    return index == 0 ? static_cast<const char*>(list_.p)
                      : static_cast<const char*>(list_.p) + index * list_.stride;
  }
  storm_list list_;
};

template <typename Container>
storm_list list_of(const Container& items) {
  return {items.data(), static_cast<std::uint32_t>(items.size()),
          static_cast<std::uint32_t>(sizeof(*items.data()))};
}

}  // namespace storm::sdk
