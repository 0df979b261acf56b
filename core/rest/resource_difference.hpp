// What of a resource changed, path by path: [{"path": "status", "old": ..., "new": ...}]. Paths are
// written as queries write them. Bounded in number and size. [any-thread]
#pragma once
#include <cstddef>

#include "core/document/value.hpp"
#include "core/model/resource.hpp"

namespace storm::rest {

inline constexpr std::size_t kChangedPathsMax = 64;      // further ones are only hinted at
inline constexpr std::size_t kChangedValueBytes = 1024;  // a larger value is left out

struct ResourceDifference {
  Value::Array changed;
  bool more = false;  // there were more paths than are told
};

// Without what changes at each look: revision and times.
ResourceDifference difference_of(const Resource& before, const Resource& after);

}  // namespace storm::rest
