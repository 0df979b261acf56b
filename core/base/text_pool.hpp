// TextPool: gives equal texts the same memory. Texts that nobody else holds any more are forgotten
// now and then, so the pool stays within twice of what is in use. One thread at a time.
#pragma once
#include <cstddef>
#include <string_view>
#include <unordered_set>

#include "core/base/shared_text.hpp"

namespace storm {

class TextPool {
 public:
  SharedText intern(std::string_view text);
  std::size_t size() const { return texts_.size(); }

 private:
  static constexpr std::size_t kSweepMin = 1024;  // texts, before the first sweep

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const { return a == b; }
  };

  std::unordered_set<SharedText, Hash, Equal> texts_;
  std::size_t next_sweep_ = kSweepMin;
};

}  // namespace storm
