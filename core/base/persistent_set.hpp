// PersistentSet<T>: an ordered set whose copies cost nothing and never change each other: a B+ tree
// of shared nodes that copies a node only when somebody else can see it. The writer mutates its own
// copy in place between two publications and hands out copies for readers; each reader keeps what
// it took. PersistentMap<K, V> is a set of entries by key.
//
// One thread at a time per object; different copies on different threads are fine (counts are
// atomic).
#pragma once
#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <iterator>
#include <utility>
#include <vector>

#include "core/base/assert.hpp"

namespace storm {

// Compare orders T, and may be transparent: lookups then take anything it compares with T.
template <typename T, typename Compare = std::less<>>
class PersistentSet {
  struct Node;

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
    reference operator*() const { return path_[depth_ - 1].node->items[path_[depth_ - 1].index]; }
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
        if (top.node->leaf()) {
          if (top.index < top.node->items.size()) return;
          --depth_;
          if (depth_ > 0) ++path_[depth_ - 1].index;
        } else if (top.index < top.node->kids.size()) {
          const Node* kid = top.node->kids[top.index].get();
          STORM_ASSERT(depth_ < kDepthMax);
          path_[depth_++] = {kid, 0};
        } else {
          --depth_;
          if (depth_ > 0) ++path_[depth_ - 1].index;
        }
      }
    }
    static constexpr std::size_t kDepthMax = 12;  // 32^12 items
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
      if (node->leaf()) {
        at.path_[at.depth_++] = {node, node->position(key)};
        at.settle();
        return at;
      }
      const std::size_t kid = node->kid_for(key);
      at.path_[at.depth_++] = {node, kid};
      node = node->kids[kid].get();
    }
    return at;
  }

  // The item equal to `key`, or nullptr.
  template <typename Key>
  const T* find(const Key& key) const {
    const Node* node = root_.get();
    if (!node) return nullptr;
    while (!node->leaf()) node = node->kids[node->kid_for(key)].get();
    const std::size_t at = node->position(key);
    return at < node->items.size() && !Compare{}(key, node->items[at]) ? &node->items[at] : nullptr;
  }
  template <typename Key>
  bool contains(const Key& key) const {
    return find(key) != nullptr;
  }

  // The item at a place in the order. Requires: index < size().
  const T& nth(std::size_t index) const {
    STORM_ASSERT(index < size());
    const Node* node = root_.get();
    while (!node->leaf()) {
      std::size_t kid = 0;
      while (index >= node->kids[kid]->total) index -= node->kids[kid++]->total;
      node = node->kids[kid].get();
    }
    return node->items[index];
  }

  // True when it was not there; an equal item is replaced.
  bool insert_or_assign(T item) {
    if (!root_) root_ = Ref(new Node);
    own(root_);
    bool added = false;
    if (Ref right = insert_into(*root_, std::move(item), added)) {
      Ref top(new Node);
      top->total = root_->total + right->total;
      top->items = {root_->first(), right->first()};
      top->kids = {std::move(root_), std::move(right)};
      root_ = std::move(top);
    }
    return added;
  }

  template <typename Key>
  bool erase(const Key& key) {
    if (!contains(key)) return false;
    own(root_);
    erase_from(*root_, key);
    while (root_ && !root_->leaf() && root_->kids.size() == 1) {
      Ref only = root_->kids.front();
      root_ = std::move(only);
    }
    if (root_ && root_->total == 0) root_ = Ref();
    return true;
  }

  void clear() { root_ = Ref(); }

 protected:
  // Changes an item where it lies; its order must stay. Requires: it is there.
  template <typename Key, typename Edit>
  void modify(const Key& key, const Edit& change) {
    STORM_ASSERT(root_);
    own(root_);
    modify_in(*root_, key, change);
  }

 private:
  static constexpr std::size_t kWidth = 32;  // items or kids of a node

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
      if (node_ && node_->users.fetch_sub(1, std::memory_order_acq_rel) == 1) delete node_;
    }
    Node* get() const { return node_; }
    Node* operator->() const { return node_; }
    Node& operator*() const { return *node_; }
    explicit operator bool() const { return node_ != nullptr; }
    bool only_user() const { return node_->users.load(std::memory_order_acquire) == 1; }

   private:
    Node* node_ = nullptr;
  };

  // Leaf: items in order. Inner: kids, and for each the first item below it.
  struct Node {
    std::atomic<std::size_t> users{1};
    std::size_t total = 0;  // items below
    std::vector<T> items;
    std::vector<Ref> kids;

    Node() = default;
    Node(const Node& other) : total(other.total), items(other.items), kids(other.kids) {}
    Node& operator=(const Node&) = delete;

    bool leaf() const { return kids.empty(); }
    const T& first() const { return items.front(); }
    template <typename Key>
    std::size_t position(const Key& key) const {
      return static_cast<std::size_t>(std::lower_bound(items.begin(), items.end(), key, Compare{}) -
                                      items.begin());
    }
    template <typename Key>
    std::size_t kid_for(const Key& key) const {
      const auto after = std::upper_bound(items.begin() + 1, items.end(), key, Compare{});
      return static_cast<std::size_t>(after - items.begin()) - 1;
    }
    void refresh(std::size_t kid) { items[kid] = kids[kid]->first(); }
  };

  static void own(Ref& ref) {
    if (!ref.only_user()) ref = Ref(new Node(*ref));
  }

  static std::ptrdiff_t offset(std::size_t index) { return static_cast<std::ptrdiff_t>(index); }

  // Requires: `node` is owned. Answers the new right half when it had to be split.
  static Ref insert_into(Node& node, T item, bool& added) {
    if (node.leaf()) {
      const std::size_t at = node.position(item);
      if (at < node.items.size() && !Compare{}(item, node.items[at])) {
        node.items[at] = std::move(item);
        return Ref();
      }
      node.items.insert(node.items.begin() + offset(at), std::move(item));
      ++node.total;
      added = true;
      return node.items.size() > kWidth ? split(node) : Ref();
    }
    const std::size_t kid = node.kid_for(item);
    own(node.kids[kid]);
    Ref right = insert_into(*node.kids[kid], std::move(item), added);
    if (added) ++node.total;
    node.refresh(kid);
    if (!right) return Ref();
    node.items.insert(node.items.begin() + offset(kid) + 1, right->first());
    node.kids.insert(node.kids.begin() + offset(kid) + 1, std::move(right));
    return node.kids.size() > kWidth ? split(node) : Ref();
  }

  template <typename Key, typename Edit>
  static void modify_in(Node& node, const Key& key, const Edit& change) {
    if (node.leaf()) {
      const std::size_t at = node.position(key);
      STORM_ASSERT(at < node.items.size() && !Compare{}(key, node.items[at]));
      change(node.items[at]);
      return;
    }
    const std::size_t kid = node.kid_for(key);
    own(node.kids[kid]);
    modify_in(*node.kids[kid], key, change);
    // The copy that leads to the item must not keep what the old one held.
    node.refresh(kid);
  }

  static Ref split(Node& node) {
    Ref right(new Node);
    const std::ptrdiff_t half = offset(node.items.size() / 2);
    right->items.assign(std::make_move_iterator(node.items.begin() + half),
                        std::make_move_iterator(node.items.end()));
    node.items.erase(node.items.begin() + half, node.items.end());
    if (!node.leaf()) {
      right->kids.assign(std::make_move_iterator(node.kids.begin() + half),
                         std::make_move_iterator(node.kids.end()));
      node.kids.erase(node.kids.begin() + half, node.kids.end());
      for (const Ref& kid : right->kids) right->total += kid->total;
    } else {
      right->total = right->items.size();
    }
    node.total -= right->total;
    return right;
  }

  // Requires: `node` is owned and has the item.
  template <typename Key>
  static void erase_from(Node& node, const Key& key) {
    --node.total;
    if (node.leaf()) {
      node.items.erase(node.items.begin() + offset(node.position(key)));
      return;
    }
    const std::size_t kid = node.kid_for(key);
    own(node.kids[kid]);
    erase_from(*node.kids[kid], key);
    if (node.kids[kid]->total == 0) {
      drop_kid(node, kid);
      return;
    }
    node.refresh(kid);
    if (width(*node.kids[kid]) >= kWidth / 4 || node.kids.size() == 1) return;
    const std::size_t left = kid > 0 ? kid - 1 : kid;
    if (width(*node.kids[left]) + width(*node.kids[left + 1]) > kWidth) return;
    own(node.kids[left]);
    Node& target = *node.kids[left];
    const Node& source = *node.kids[left + 1];
    target.items.insert(target.items.end(), source.items.begin(), source.items.end());
    target.kids.insert(target.kids.end(), source.kids.begin(), source.kids.end());
    target.total += source.total;
    drop_kid(node, left + 1);
  }

  static std::size_t width(const Node& node) { return node.items.size(); }
  static void drop_kid(Node& node, std::size_t kid) {
    node.items.erase(node.items.begin() + offset(kid));
    node.kids.erase(node.kids.begin() + offset(kid));
  }

  Ref root_;
};

// Orders entries of a map, and keys against entries.
template <typename K, typename V>
struct ByKey {
  using is_transparent = void;
  using Entry = std::pair<K, V>;
  bool operator()(const Entry& a, const Entry& b) const { return a.first < b.first; }
  template <typename Key>
  bool operator()(const Key& a, const Entry& b) const {
    return a < b.first;
  }
  template <typename Key>
  bool operator()(const Entry& a, const Key& b) const {
    return a.first < b;
  }
};

template <typename K, typename V>
class PersistentMap : public PersistentSet<std::pair<K, V>, ByKey<K, V>> {
 public:
  // The value of that key, or nullptr.
  template <typename Key>
  const V* get(const Key& key) const {
    const auto* entry = this->find(key);
    return entry ? &entry->second : nullptr;
  }
  bool put(K key, V value) { return this->insert_or_assign({std::move(key), std::move(value)}); }
  // Changes the value of a key in its place. Requires: the key is there.
  template <typename Key, typename Edit>
  void edit(const Key& key, const Edit& change) {
    this->modify(key, [&](std::pair<K, V>& entry) { change(entry.second); });
  }
};

}  // namespace storm
