// ViewTally: what a view has counted, so that one resource can be added or taken away without
// looking at the others. A value: copies share what they have in common.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/exact_sum.hpp"
#include "core/base/persistent_map.hpp"
#include "core/document/json_members.hpp"
#include "core/document/value.hpp"
#include "core/model/resource.hpp"
#include "core/model/view.hpp"
#include "core/query/path.hpp"
#include "core/query/value_order.hpp"

namespace storm {

inline constexpr std::size_t kViewKeyBytesMax = 256;    // longer texts are cut to it
inline constexpr std::size_t kViewKeysOfOneMax = 1000;  // of one resource; the first in their order

// What a resource is counted under: null without `by`, a value of it, or a list for several.
struct ViewKey {
  Value value;
  friend bool operator<(const ViewKey& a, const ViewKey& b) {
    return compare_values(a.value, b.value) < 0;
  }
};

// What one resource adds to a view.
struct Contribution {
  std::vector<Value> keys;     // in order, each once
  std::vector<Value> numbers;  // that the path leads to
  friend bool operator==(const Contribution&, const Contribution&) = default;
};

// Says it of any resource: the paths of a view, read.
class ContributionReader {
 public:
  explicit ContributionReader(const View& view);

  // Depends on nothing but the resource.  [any-thread]
  Contribution read(const Resource& resource) const;
  // Whether resources of one class (resource_class.hpp) say the same.
  bool by_class() const { return by_class_; }

 private:
  std::vector<Path> by_;
  std::optional<Path> path_;
  MemberTree members_;  // of the snapshot
  bool by_class_ = true;
};

class ViewTally {
 public:
  explicit ViewTally(Measure measure = Measure::Count) : measure_(measure) {}

  void add(const Contribution& contribution, std::int64_t times = 1);
  // Requires: it was added.
  void remove(const Contribution& contribution) { add(contribution, -1); }

  // As it is answered: a number (null: of nothing), or with `by` entries of key, value and count.
  Value value(const View& view) const;

 private:
  struct Slot {
    std::int64_t count = 0;    // of resources
    std::int64_t numbers = 0;  // how many
    ExactSum sum;
    PersistentMap<ViewKey, std::int64_t> ordered;  // of least and greatest: number -> how often
  };
  // The largest first, then by key.
  struct Ranked {
    std::int64_t count = 0;
    ViewKey key;
    friend bool operator<(const Ranked& a, const Ranked& b) {
      return a.count != b.count ? a.count > b.count : a.key < b.key;
    }
  };
  void add_under(const ViewKey& key, const Contribution& contribution, std::int64_t times);
  Value measured(const Slot* slot) const;
  Value entry(const ViewKey& key, const Slot& slot) const;

  Measure measure_;
  PersistentMap<ViewKey, Slot> slots_;
  PersistentSet<Ranked> ranking_;  // of `top` only
};

}  // namespace storm
