#include "core/rest/census.hpp"

namespace storm::rest {

Census count_resources(const State& state) {
  Census census;
  std::uint64_t* of_type = nullptr;
  const std::string* type = nullptr;
  for (const Shared<Resource>& resource : state.ordered_resources) {
    // They are ordered by type, so a new one is rare.
    if (!type || *type != resource->type) {
      type = &resource->type;
      of_type = &census.by_type[resource->type];
    }
    ++*of_type;
    ++census.by_status[static_cast<std::size_t>(resource->status)];
    if (resource->stale) ++census.stale;
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
