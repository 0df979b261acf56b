#include "core/base/text_pool.hpp"

#include <algorithm>

namespace storm {

SharedText TextPool::intern(std::string_view text) {
  if (text.empty()) return {};
  if (const auto known = texts_.find(text); known != texts_.end()) return *known;
  if (texts_.size() >= next_sweep_) {
    std::erase_if(texts_, [](const SharedText& kept) { return kept.holders() == 1; });
    next_sweep_ = std::max(kSweepMin, 2 * texts_.size());
  }
  return *texts_.emplace(text).first;
}

}  // namespace storm
