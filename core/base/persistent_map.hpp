// PersistentMap<K, V>: a persistent set of entries by key. BoxedMap<K, V>: one whose values are
// counted apart, for values that cost more to copy than a pointer: the nodes of the tree are copied
// without them, and a value only when it is edited while somebody else can see it.
#pragma once
#include <atomic>
#include <cstdint>
#include <utility>

#include "core/base/persistent_set.hpp"

namespace storm {

// What of an entry is compared.
template <typename K, typename V>
struct EntryKey {
  using Key = K;
  static const K& of(const std::pair<K, V>& entry) { return entry.first; }
};

template <typename K, typename V>
class PersistentMap : public PersistentSet<std::pair<K, V>, std::less<>, EntryKey<K, V>> {
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

// A value that copies share until one of them is changed. Never empty, but when moved from.
template <typename V>
class Boxed {
 public:
  explicit Boxed(V value) : box_(new Box{std::move(value)}) {}
  Boxed(const Boxed& other) : box_(other.box_) {
    box_->users.fetch_add(1, std::memory_order_relaxed);
  }
  Boxed(Boxed&& other) noexcept : box_(std::exchange(other.box_, nullptr)) {}
  Boxed& operator=(Boxed other) noexcept {
    std::swap(box_, other.box_);
    return *this;
  }
  ~Boxed() {
    if (box_ && box_->users.fetch_sub(1, std::memory_order_acq_rel) == 1) delete box_;
  }
  const V& operator*() const { return box_->value; }
  const V* operator->() const { return &box_->value; }
  V& own() {
    if (box_->users.load(std::memory_order_acquire) != 1) *this = Boxed(box_->value);
    return box_->value;
  }

 private:
  struct Box {
    V value;
    std::atomic<std::uint32_t> users{1};
  };
  Box* box_;
};

template <typename K, typename V>
class BoxedMap : private PersistentMap<K, Boxed<V>> {
  using Map = PersistentMap<K, Boxed<V>>;

 public:
  struct Entry {
    const K& key;
    const V& value;
  };
  // Walks in the order of keys. Valid while its map is not changed.
  class Iterator {
   public:
    explicit Iterator(typename Map::Iterator at) : at_(at) {}
    Entry operator*() const { return {at_->first, *at_->second}; }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    bool operator==(const Iterator&) const = default;

   private:
    typename Map::Iterator at_;
  };

  using Map::clear;
  using Map::contains;
  using Map::empty;
  using Map::erase;
  using Map::size;
  Iterator begin() const { return Iterator(Map::begin()); }
  Iterator end() const { return Iterator(Map::end()); }

  // The value of that key, or nullptr.
  template <typename Key>
  const V* get(const Key& key) const {
    const Boxed<V>* value = Map::get(key);
    return value ? &**value : nullptr;
  }
  bool put(K key, V value) { return Map::put(std::move(key), Boxed<V>(std::move(value))); }
  // Changes the value of a key, for this map alone. Requires: the key is there.
  template <typename Key, typename Edit>
  void edit(const Key& key, const Edit& change) {
    Map::edit(key, [&](Boxed<V>& value) { change(value.own()); });
  }
};

}  // namespace storm
