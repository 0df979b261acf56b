// The nodes of persistent trees: counted, shared between copies of a tree, and changed in place
// only by who is their one user. A leaf holds its items in its own block, in as much room as they
// need; an inner node holds its kids and, for each, a guide: what the first item below it is
// compared by.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace storm::detail {

struct TreeNode {
  std::atomic<std::uint32_t> users{1};
  std::uint16_t width = 0;   // items or kids
  const std::uint16_t room;  // for items; 0: an inner node
  std::size_t total = 0;     // items below

  explicit TreeNode(std::size_t items) : room(static_cast<std::uint16_t>(items)) {}
  bool is_leaf() const { return room != 0; }
};

// Items or kids of a node. What costs more to copy than its bytes is copied in smaller parts.
inline constexpr std::size_t kKidsMax = 32;
template <typename T>
inline constexpr std::size_t kItemsMax = std::is_trivially_copyable_v<T> ? 32 : 16;

template <typename T>
class TreeLeaf : public TreeNode {
 public:
  // Room comes in steps, so that items that come one by one do not move each time.
  static TreeLeaf* make(std::size_t items) {
    static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
    const std::size_t room = std::min((items + 3) / 4 * 4, kItemsMax<T> + 1);
    return new (::operator new(kStart + room * sizeof(T))) TreeLeaf(room);
  }
  static void destroy(TreeLeaf* leaf) {
    std::destroy_n(leaf->items(), leaf->width);
    leaf->~TreeLeaf();
    ::operator delete(leaf);
  }

  T* items() { return reinterpret_cast<T*>(reinterpret_cast<std::byte*>(this) + kStart); }
  const T* items() const {
    return reinterpret_cast<const T*>(reinterpret_cast<const std::byte*>(this) + kStart);
  }
  void set_width(std::size_t count) {
    width = static_cast<std::uint16_t>(count);
    total = count;
  }
  // Requires: there is room.
  void insert(std::size_t at, T item) {
    T* all = items();
    if (at == width) {
      std::construct_at(all + at, std::move(item));
    } else {
      std::construct_at(all + width, std::move(all[width - 1]));
      std::move_backward(all + at, all + width - 1, all + width);
      all[at] = std::move(item);
    }
    set_width(width + 1u);
  }
  void erase(std::size_t at) {
    T* all = items();
    std::move(all + at + 1, all + width, all + at);
    std::destroy_at(all + width - 1);
    set_width(width - 1u);
  }

 private:
  explicit TreeLeaf(std::size_t items) : TreeNode(items) {}
  static constexpr std::size_t kStart =
      (sizeof(TreeNode) + alignof(T) - 1) / alignof(T) * alignof(T);
};

template <typename Guide, typename Ref>
struct TreeInner : TreeNode {
  TreeInner() : TreeNode(0) {}
  Guide guides[kKidsMax + 1] = {};
  Ref kids[kKidsMax + 1] = {};
};

}  // namespace storm::detail
