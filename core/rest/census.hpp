// Counts over all resources, made once per snapshot that somebody asks about. [any-thread]
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "core/engine/state.hpp"

namespace storm::rest {

struct Census {
  std::array<std::uint64_t, kStatusNames.size()> by_status = {};
  std::map<std::string, std::uint64_t> by_type;
  std::uint64_t stale = 0;
};

Census count_resources(const State& state);

class CensusCache {
 public:
  std::shared_ptr<const Census> of(const Snapshot& snapshot);

 private:
  std::mutex mutex_;
  std::weak_ptr<const State> counted_;    // Guarded by mutex_.
  std::shared_ptr<const Census> census_;  // Guarded by mutex_.
};

}  // namespace storm::rest
