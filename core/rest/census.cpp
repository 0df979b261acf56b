#include "core/rest/census.hpp"

namespace storm::rest {

Census count_resources(const State& state) {
  Census census;
  for (const auto& [number, live] : state.classes) {
    const std::uint64_t count = live.resources.size();
    if (count == 0) continue;
    census.by_type[live.traits->type] += count;
    census.by_status[static_cast<std::size_t>(live.traits->status)] += count;
    if (live.traits->stale) census.stale += count;
  }
  return census;
}

std::shared_ptr<const Census> CensusCache::of(const Snapshot& snapshot) {
  {
    const std::lock_guard lock(mutex_);
    if (census_ && counted_.lock() == snapshot) return census_;
  }
  auto census = std::make_shared<const Census>(count_resources(*snapshot));
  const std::lock_guard lock(mutex_);
  counted_ = snapshot;
  census_ = census;
  return census;
}

}  // namespace storm::rest
