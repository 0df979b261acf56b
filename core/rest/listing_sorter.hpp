// ListingSorter: puts the ids of a listing into the order that `sort` asks for, a slice at a time,
// so that a million of them hold up nobody. One thread at a time.
#pragma once
#include <functional>
#include <vector>

#include "core/engine/state.hpp"
#include "core/query/sort.hpp"

namespace storm::rest {

class ListingSorter {
 public:
  // `state` outlives this.
  ListingSorter(const State& state, EntityKind kind, Sort sort, std::vector<Uuid> items);

  // Goes on until all is sorted (true) or `pause()` says so after a while (false).
  bool run(const std::function<bool()>& pause);
  // What is equal keeps its order. Requires: run() was true. Once.
  std::vector<Uuid> take() { return std::move(items_); }

 private:
  struct Entry {
    Sort::Key key;
    std::size_t place = 0;
    Uuid uuid;
  };
  bool before(const Entry& a, const Entry& b) const;

  const State& state_;
  const EntityKind kind_;
  const Sort sort_;
  std::vector<Uuid> items_;
  std::vector<Entry> heap_;  // the last in order on top
  std::size_t next_ = 0;     // whose key comes next
};

}  // namespace storm::rest
