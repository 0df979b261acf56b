#include "core/rest/listing_sorter.hpp"

#include <algorithm>

namespace storm::rest {
namespace {

constexpr std::size_t kBetweenLooks = 32;

}  // namespace

ListingSorter::ListingSorter(const State& state, EntityKind kind, Sort sort,
                             std::vector<Uuid> items)
    : state_(state), kind_(kind), sort_(std::move(sort)), items_(std::move(items)) {
  heap_.reserve(items_.size());
}

bool ListingSorter::before(const Entry& a, const Entry& b) const {
  const int order = sort_.compare(a.key, b.key);
  return order != 0 ? order < 0 : a.place < b.place;
}

bool ListingSorter::run(const std::function<bool()>& pause) {
  const auto less = [this](const Entry& a, const Entry& b) { return before(a, b); };
  std::size_t looked = 0;
  const auto tired = [&] { return ++looked % kBetweenLooks == 0 && pause(); };
  for (; next_ < items_.size(); ++next_) {
    if (tired()) return false;
    const auto view = query_view(state_, Id{kind_, items_[next_]});
    heap_.push_back({view ? sort_.key(*view) : Sort::Key(), next_, items_[next_]});
    std::ranges::push_heap(heap_, less);
  }
  while (!heap_.empty()) {
    if (tired()) return false;
    std::ranges::pop_heap(heap_, less);
    items_[heap_.size() - 1] = heap_.back().uuid;
    heap_.pop_back();
  }
  return true;
}

}  // namespace storm::rest
