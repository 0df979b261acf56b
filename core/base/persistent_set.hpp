// PersistentSet<T>: an ordered set whose copies cost nothing and never change each other: a B+ tree
// of shared nodes that copies a node only when somebody else can see it. The writer mutates its own
// copy in place between two publications and hands out copies for readers; each reader keeps what
// it took.
//
// One thread at a time per object; different copies on different threads are fine (counts are
// atomic).
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <utility>

#include "core/base/assert.hpp"
#include "core/base/persistent_node.hpp"

namespace storm {

// What of an item is compared: all of it.
template <typename T>
struct WholeItem {
  using Key = T;  // what inner nodes keep; may point into the item
  static const T& of(const T& item) { return item; }
};

// Compare orders what Guide sees of items, and may be transparent: lookups then take anything that
// it compares with that.
template <typename T, typename Compare = std::less<>, typename Guide = WholeItem<T>>
class PersistentSet {
  class Ref;
  using Node = detail::TreeNode;
  using Leaf = detail::TreeLeaf<T>;
  using Inner = detail::TreeInner<typename Guide::Key, Ref>;

 public:
  // Walks in order. Valid while its set is not changed.
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = const T*;
    using reference = const T&;

    Iterator() = default;
    reference operator*() const {
      const Step& top = path_[depth_ - 1];
      return leaf_of(top.node).items()[top.index];
    }
    pointer operator->() const { return &**this; }
    Iterator& operator++() {
      ++path_[depth_ - 1].index;
      settle();
      return *this;
    }
    Iterator operator++(int) {
      Iterator old = *this;
      ++*this;
      return old;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) {
      if (a.depth_ == 0 || b.depth_ == 0) return a.depth_ == b.depth_;
      const Step& left = a.path_[a.depth_ - 1];
      const Step& right = b.path_[b.depth_ - 1];
      return left.node == right.node && left.index == right.index;
    }

   private:
    friend class PersistentSet;
    struct Step {
      const Node* node = nullptr;
      std::size_t index = 0;
    };
    // Goes up from an exhausted leaf and down to the first item of the next one.
    void settle() {
      while (depth_ > 0) {
        Step& top = path_[depth_ - 1];
        if (top.index >= top.node->width) {
          --depth_;
          if (depth_ > 0) ++path_[depth_ - 1].index;
        } else if (top.node->is_leaf()) {
          return;
        } else {
          STORM_ASSERT(depth_ < kDepthMax);
          path_[depth_++] = {inner_of(top.node).kids[top.index].get(), 0};
        }
      }
    }
    static constexpr std::size_t kDepthMax = 14;  // at least 4 kids each, but for the outermost
    std::array<Step, kDepthMax> path_ = {};
    std::size_t depth_ = 0;
  };

  PersistentSet() = default;

  std::size_t size() const { return root_ ? root_->total : 0; }
  bool empty() const { return size() == 0; }

  Iterator begin() const {
    Iterator at;
    if (root_) {
      at.path_[at.depth_++] = {root_.get(), 0};
      at.settle();
    }
    return at;
  }
  Iterator end() const { return {}; }

  // The first item that is not before `key`.
  template <typename Key>
  Iterator lower_bound(const Key& key) const {
    Iterator at;
    const Node* node = root_.get();
    while (node) {
      if (node->is_leaf()) {
        at.path_[at.depth_++] = {node, position(leaf_of(node), key)};
        at.settle();
        return at;
      }
      const std::size_t kid = kid_for(inner_of(node), key);
      at.path_[at.depth_++] = {node, kid};
      node = inner_of(node).kids[kid].get();
    }
    return at;
  }

  // The item equal to `key`, or nullptr.
  template <typename Key>
  const T* find(const Key& key) const {
    const Node* node = root_.get();
    if (!node) return nullptr;
    while (!node->is_leaf()) {
      const Inner& inner = inner_of(node);
      node = inner.kids[kid_for(inner, key)].get();
    }
    const Leaf& leaf = leaf_of(node);
    const std::size_t at = position(leaf, key);
    return is_at(leaf, at, key) ? &leaf.items()[at] : nullptr;
  }
  template <typename Key>
  bool contains(const Key& key) const {
    return find(key) != nullptr;
  }

  // The item at a place in the order. Requires: index < size().
  const T& nth(std::size_t index) const {
    STORM_ASSERT(index < size());
    const Node* node = root_.get();
    while (!node->is_leaf()) {
      const Inner& inner = inner_of(node);
      std::size_t kid = 0;
      while (index >= inner.kids[kid]->total) index -= inner.kids[kid++]->total;
      node = inner.kids[kid].get();
    }
    return leaf_of(node).items()[index];
  }

  // True when it was not there; an equal item is replaced.
  bool insert_or_assign(T item) {
    if (!root_) root_ = Ref(Leaf::make(1));
    bool added = false;
    if (Ref right = insert_into(root_, std::move(item), added)) {
      auto top = std::make_unique<Inner>();
      top->width = 2;
      top->total = root_->total + right->total;
      top->guides[0] = first(*root_);
      top->guides[1] = first(*right);
      top->kids[0] = std::move(root_);
      top->kids[1] = std::move(right);
      root_ = Ref(top.release());
    }
    return added;
  }

  template <typename Key>
  bool erase(const Key& key) {
    if (!contains(key)) return false;
    erase_from(root_, key);
    while (!root_->is_leaf() && root_->width == 1) {
      Ref only = inner_of(root_.get()).kids[0];
      root_ = std::move(only);
    }
    if (root_->total == 0) root_ = Ref();
    return true;
  }

  void clear() { root_ = Ref(); }

 protected:
  // Changes an item where it lies; its order must stay. Requires: it is there.
  template <typename Key, typename Edit>
  void modify(const Key& key, const Edit& change) {
    STORM_ASSERT(root_);
    modify_in(root_, key, change);
  }

 private:
  // A counted pointer; a node seen through one pointer only may be changed in place.
  class Ref {
   public:
    Ref() = default;
    explicit Ref(Node* node) : node_(node) {}
    Ref(const Ref& other) : node_(other.node_) {
      if (node_) node_->users.fetch_add(1, std::memory_order_relaxed);
    }
    Ref(Ref&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
    Ref& operator=(Ref other) noexcept {
      std::swap(node_, other.node_);
      return *this;
    }
    ~Ref() {
      if (node_ && node_->users.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy(node_);
    }
    Node* get() const { return node_; }
    Node* operator->() const { return node_; }
    Node& operator*() const { return *node_; }
    explicit operator bool() const { return node_ != nullptr; }
    bool only_user() const { return node_->users.load(std::memory_order_acquire) == 1; }

   private:
    static void destroy(Node* node) {
      if (node->is_leaf()) {
        Leaf::destroy(static_cast<Leaf*>(node));
      } else {
        delete static_cast<Inner*>(node);
      }
    }
    Node* node_ = nullptr;
  };

  static Leaf& leaf_of(Node* node) { return *static_cast<Leaf*>(node); }
  static const Leaf& leaf_of(const Node* node) { return *static_cast<const Leaf*>(node); }
  static Inner& inner_of(Node* node) { return *static_cast<Inner*>(node); }
  static const Inner& inner_of(const Node* node) { return *static_cast<const Inner*>(node); }

  template <typename Key>
  static std::size_t position(const Leaf& leaf, const Key& key) {
    const T* items = leaf.items();
    const T* at = std::lower_bound(
        items, items + leaf.width, key,
        [](const T& item, const Key& sought) { return Compare{}(Guide::of(item), sought); });
    return static_cast<std::size_t>(at - items);
  }
  template <typename Key>
  static bool is_at(const Leaf& leaf, std::size_t at, const Key& key) {
    return at < leaf.width && !Compare{}(key, Guide::of(leaf.items()[at]));
  }
  template <typename Key>
  static std::size_t kid_for(const Inner& node, const Key& key) {
    const auto* after = std::upper_bound(node.guides + 1, node.guides + node.width, key, Compare{});
    return static_cast<std::size_t>(after - node.guides) - 1;
  }
  static typename Guide::Key first(const Node& node) {
    return node.is_leaf() ? Guide::of(leaf_of(&node).items()[0]) : inner_of(&node).guides[0];
  }

  // Makes sure that nobody else sees the leaf and that there is room for more items.
  static Leaf& own_leaf(Ref& ref, std::size_t more) {
    Leaf& seen = leaf_of(ref.get());
    const bool mine = ref.only_user();
    if (mine && seen.width + more <= seen.room) return seen;
    Ref made(Leaf::make(seen.width + more));
    Leaf& leaf = leaf_of(made.get());
    if (mine) {
      std::uninitialized_move_n(seen.items(), seen.width, leaf.items());
    } else {
      std::uninitialized_copy_n(seen.items(), seen.width, leaf.items());
    }
    leaf.set_width(seen.width);
    ref = std::move(made);
    return leaf;
  }

  static Inner& own_inner(Ref& ref) {
    if (ref.only_user()) return inner_of(ref.get());
    const Inner& seen = inner_of(ref.get());
    auto made = std::make_unique<Inner>();
    std::copy_n(seen.guides, seen.width, made->guides);
    std::copy_n(seen.kids, seen.width, made->kids);
    made->width = seen.width;
    made->total = seen.total;
    ref = Ref(made.release());
    return inner_of(ref.get());
  }

  static void refresh(Inner& node, std::size_t kid) { node.guides[kid] = first(*node.kids[kid]); }

  static void insert_kid(Inner& node, std::size_t at, Ref kid) {
    for (std::size_t i = node.width; i > at; --i) {
      node.guides[i] = std::move(node.guides[i - 1]);
      node.kids[i] = std::move(node.kids[i - 1]);
    }
    node.guides[at] = first(*kid);
    node.kids[at] = std::move(kid);
    ++node.width;
  }
  static void drop_kid(Inner& node, std::size_t at) {
    for (std::size_t i = at; i + 1 < node.width; ++i) {
      node.guides[i] = std::move(node.guides[i + 1]);
      node.kids[i] = std::move(node.kids[i + 1]);
    }
    --node.width;
    node.guides[node.width] = typename Guide::Key();
    node.kids[node.width] = Ref();
  }

  // Answers the new right part when the node had to be split.
  static Ref insert_into(Ref& ref, T item, bool& added) {
    if (ref->is_leaf()) {
      const std::size_t at = position(leaf_of(ref.get()), Guide::of(item));
      if (is_at(leaf_of(ref.get()), at, Guide::of(item))) {
        own_leaf(ref, 0).items()[at] = std::move(item);
        return Ref();
      }
      Leaf& leaf = own_leaf(ref, 1);
      leaf.insert(at, std::move(item));
      added = true;
      if (leaf.width <= detail::kItemsMax<T>) return Ref();
      // What comes in order leaves full leaves behind.
      return split(leaf, at + 1 == leaf.width ? leaf.width - 1u : leaf.width / 2u);
    }
    Inner& node = own_inner(ref);
    const std::size_t kid = kid_for(node, Guide::of(item));
    Ref right = insert_into(node.kids[kid], std::move(item), added);
    if (added) ++node.total;
    refresh(node, kid);
    if (!right) return Ref();
    const bool is_last = kid + 1 == node.width;
    insert_kid(node, kid + 1, std::move(right));
    if (node.width <= detail::kKidsMax) return Ref();
    return split(node, is_last ? node.width - 4u : node.width / 2u);
  }

  static Ref split(Leaf& leaf, std::size_t keep) {
    const std::size_t moved = leaf.width - keep;
    Ref made(Leaf::make(moved));
    Leaf& right = leaf_of(made.get());
    std::uninitialized_move_n(leaf.items() + keep, moved, right.items());
    std::destroy_n(leaf.items() + keep, moved);
    right.set_width(moved);
    leaf.set_width(keep);
    return made;
  }

  static Ref split(Inner& node, std::size_t keep) {
    auto right = std::make_unique<Inner>();
    for (std::size_t i = keep; i < node.width; ++i) {
      right->guides[i - keep] = std::exchange(node.guides[i], typename Guide::Key());
      right->kids[i - keep] = std::move(node.kids[i]);
      right->total += right->kids[i - keep]->total;
    }
    right->width = static_cast<std::uint16_t>(node.width - keep);
    node.width = static_cast<std::uint16_t>(keep);
    node.total -= right->total;
    return Ref(right.release());
  }

  template <typename Key, typename Edit>
  static void modify_in(Ref& ref, const Key& key, const Edit& change) {
    if (ref->is_leaf()) {
      Leaf& leaf = own_leaf(ref, 0);
      const std::size_t at = position(leaf, key);
      STORM_ASSERT(is_at(leaf, at, key));
      change(leaf.items()[at]);
      return;
    }
    Inner& node = own_inner(ref);
    const std::size_t kid = kid_for(node, key);
    modify_in(node.kids[kid], key, change);
    refresh(node, kid);  // it may point into the item that was copied
  }

  // Requires: it has the item.
  template <typename Key>
  static void erase_from(Ref& ref, const Key& key) {
    if (ref->is_leaf()) {
      Leaf& leaf = own_leaf(ref, 0);
      leaf.erase(position(leaf, key));
      return;
    }
    Inner& node = own_inner(ref);
    --node.total;
    const std::size_t kid = kid_for(node, key);
    erase_from(node.kids[kid], key);
    if (node.kids[kid]->total == 0) return drop_kid(node, kid);
    refresh(node, kid);
    const bool is_leaf = node.kids[kid]->is_leaf();
    const std::size_t most = is_leaf ? detail::kItemsMax<T> : detail::kKidsMax;
    if (node.kids[kid]->width >= most / 4 || node.width == 1) return;
    const std::size_t left = kid > 0 ? kid - 1 : kid;
    if (node.kids[left]->width + node.kids[left + 1]->width > static_cast<int>(most)) return;
    if (is_leaf) {
      const Leaf& source = leaf_of(node.kids[left + 1].get());
      Leaf& target = own_leaf(node.kids[left], source.width);
      std::uninitialized_copy_n(source.items(), source.width, target.items() + target.width);
      target.set_width(target.width + source.width);
    } else {
      const Inner& source = inner_of(node.kids[left + 1].get());
      Inner& target = own_inner(node.kids[left]);
      std::copy_n(source.guides, source.width, target.guides + target.width);
      std::copy_n(source.kids, source.width, target.kids + target.width);
      target.width = static_cast<std::uint16_t>(target.width + source.width);
      target.total += source.total;
    }
    drop_kid(node, left + 1);
    refresh(node, left);
  }

  Ref root_;
};

}  // namespace storm
