#include "core/engine/found_resources.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <queue>
#include <string_view>
#include <utility>

namespace storm {
namespace {

// More than this part of all resources is picked out of their order, not sorted.
constexpr std::size_t kSortedPart = 8;
// Fewer are sorted as they are.
constexpr std::size_t kKeyedMin = 32;

// The beginning of the name that decides nearly always, so that most comparisons stay within the
// array that is sorted.
struct Keyed {
  const Shared<Resource>* resource;
  std::array<std::uint64_t, 2> name;
};

std::uint64_t eight_bytes(std::string_view text) {
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < 8; ++i)
    bytes = bytes << 8U | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0U);
  return bytes;
}

Keyed keyed(const Shared<Resource>& resource) {
  const std::string_view name =
      resource->names.empty() ? std::string_view() : resource->names.front();
  const std::string_view rest = name.substr(std::min<std::size_t>(name.size(), 8));
  return {&resource, {eight_bytes(name), eight_bytes(rest)}};
}

bool before(const Keyed& a, const Keyed& b) {
  const Resource& left = **a.resource;
  const Resource& right = **b.resource;
  if (a.name != b.name && left.type == right.type) return a.name < b.name;
  return ResourceOrder{}(&left, &right);
}

}  // namespace

void sort_resources(std::vector<Shared<Resource>>& resources) {
  if (resources.size() < kKeyedMin) {
    std::ranges::sort(resources, ResourceOrder{}, Pointee<Resource>::of);
    return;
  }
  std::vector<Keyed> order;
  order.reserve(resources.size());
  for (const Shared<Resource>& resource : resources) order.push_back(keyed(resource));
  std::ranges::sort(order, before);
  std::vector<Shared<Resource>> sorted;
  sorted.reserve(resources.size());
  for (const Keyed& item : order) sorted.push_back(*item.resource);
  resources = std::move(sorted);
}

void FoundResources::add_class(const ResourceSet& resources) {
  if (resources.empty()) return;
  classes_.push_back(&resources);
  size_of_classes_ += resources.size();
}

void FoundResources::set_rows(Shared<RowIds> ids, std::vector<std::uint64_t> bits) {
  row_ids_ = std::move(ids);
  row_bits_ = std::move(bits);
  count_of_rows_ = 0;
  for (const std::uint64_t word : row_bits_)
    count_of_rows_ += static_cast<std::size_t>(std::popcount(word));
}

std::vector<Uuid> FoundResources::rows(std::size_t count) const {
  std::vector<Uuid> uuids;
  uuids.reserve(std::min(count, count_of_rows_));
  for (std::size_t word = 0; word < row_bits_.size(); ++word) {
    for (std::uint64_t left = row_bits_[word]; left != 0; left &= left - 1) {
      if (uuids.size() == count) return uuids;
      uuids.push_back(
          row_ids_->uuids[word * 64 + static_cast<std::size_t>(std::countr_zero(left))]);
    }
  }
  return uuids;
}

std::vector<Uuid> FoundResources::merged(std::vector<Uuid> rows) const {
  if (singles_.empty()) return rows;
  std::vector<Shared<Resource>> singles = singles_;
  sort_resources(singles);
  std::vector<Uuid> both;
  both.reserve(rows.size() + singles.size());
  auto from = rows.begin();
  for (const Shared<Resource>& single : singles) {
    const auto to = std::lower_bound(from, rows.end(), single,
                                     [&](const Uuid& row, const Shared<Resource>& other) {
                                       return ResourceOrder{}(resource(row).get(), other.get());
                                     });
    both.insert(both.end(), from, to);
    both.push_back(single->id.uuid);
    from = to;
  }
  both.insert(both.end(), from, rows.end());
  return both;
}

std::vector<Uuid> FoundResources::first(std::size_t count) const {
  if (count >= size()) return ids();
  {
    const std::lock_guard lock(mutex_);
    if (is_ordered_) return {ids_.begin(), ids_.begin() + static_cast<std::ptrdiff_t>(count)};
  }
  if (row_ids_) {
    std::vector<Uuid> both = merged(rows(count));
    both.resize(std::min(both.size(), count));
    return both;
  }
  // The first of each class, and of the others as if they were one.
  std::vector<Shared<Resource>> singles = singles_;
  const auto middle =
      singles.begin() + static_cast<std::ptrdiff_t>(std::min(count, singles.size()));
  std::ranges::partial_sort(singles, middle, ResourceOrder{}, Pointee<Resource>::of);
  singles.erase(middle, singles.end());
  struct Head {
    const Resource* at;
    const ResourceSet* of;
    std::size_t next;
  };
  std::vector<Head> heads;
  heads.reserve(classes_.size());
  for (const ResourceSet* resources : classes_)
    heads.push_back({resources->nth(0).get(), resources, 1});
  const auto later = [](const Head& a, const Head& b) { return ResourceOrder{}(b.at, a.at); };
  std::ranges::make_heap(heads, later);
  std::vector<Uuid> found;
  auto single = singles.begin();
  while (found.size() < count) {
    const bool takes_single = single != singles.end() &&
                              (heads.empty() || ResourceOrder{}(single->get(), heads.front().at));
    if (takes_single) {
      found.push_back((*single++)->id.uuid);
      continue;
    }
    if (heads.empty()) break;
    std::ranges::pop_heap(heads, later);
    Head& head = heads.back();
    found.push_back(head.at->id.uuid);
    if (head.next == head.of->size()) {
      heads.pop_back();
    } else {
      head.at = head.of->nth(head.next++).get();
      std::ranges::push_heap(heads, later);
    }
  }
  return found;
}

std::vector<Uuid> FoundResources::in_order() const {
  if (row_ids_) return merged(rows(count_of_rows_));
  std::vector<Uuid> found;
  found.reserve(size());
  if (size() > state_.resources.size() / kSortedPart) {
    std::vector<bool> whole(std::size_t{state_.last_class_number} + 1);
    for (const ResourceSet* resources : classes_) whole[(*resources->begin())->class_number] = true;
    std::vector<Uuid> singles;
    singles.reserve(singles_.size());
    for (const Shared<Resource>& single : singles_) singles.push_back(single->id.uuid);
    std::ranges::sort(singles);
    for (const Shared<Resource>& resource : state_.ordered_resources) {
      if (whole[resource->class_number] || std::ranges::binary_search(singles, resource->id.uuid)) {
        found.push_back(resource->id.uuid);
      }
    }
    return found;
  }
  std::vector<Shared<Resource>> all = singles_;
  for (const ResourceSet* resources : classes_)
    all.insert(all.end(), resources->begin(), resources->end());
  sort_resources(all);
  for (const Shared<Resource>& one : all) found.push_back(one->id.uuid);
  return found;
}

const std::vector<Uuid>& FoundResources::ids() const {
  const std::lock_guard lock(mutex_);
  if (!is_ordered_) {
    ids_ = in_order();
    is_ordered_ = true;
  }
  return ids_;
}

std::vector<Shared<Resource>> FoundResources::resources() const {
  std::vector<Shared<Resource>> all = singles_;
  for (const ResourceSet* resources : classes_)
    all.insert(all.end(), resources->begin(), resources->end());
  for (const Uuid& row : rows(count_of_rows_)) all.push_back(resource(row));
  return all;
}

}  // namespace storm
