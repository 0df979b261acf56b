#include "core/rest/paged_listings.hpp"

#include <algorithm>
#include <charconv>
#include <tuple>

namespace storm::rest {

std::string PagedListings::cursor(const std::shared_ptr<const Listing>& listing,
                                  std::size_t offset) {
  const std::lock_guard lock(mutex_);
  drop_old();
  auto entry = std::ranges::find(entries_, listing, &Entry::listing);
  if (entry == entries_.end()) {
    // A poller of first pages makes the same listing again and again: one will do.
    entry = std::ranges::find_if(entries_, [&](const Entry& known) {
      return known.listing->snapshot == listing->snapshot && known.listing->scope == listing->scope;
    });
  }
  if (entry == entries_.end()) {
    if (entries_.size() == kPagedListingsMax) {
      // Those that nobody came back to go first.
      entries_.erase(std::ranges::min_element(entries_, {}, [](const Entry& known) {
        return std::tuple(known.continued, known.used_at);
      }));
    }
    entries_.push_back({to_base62(Uuid::random()), listing, 0, false});
    entry = entries_.end() - 1;
  }
  entry->used_at = clock_.mono_now();
  return entry->token + "." + std::to_string(offset);
}

std::optional<PagedListings::Position> PagedListings::find(std::string_view cursor,
                                                           std::string_view scope) {
  const std::size_t dot = cursor.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view token = cursor.substr(0, dot);
  const std::string_view digits = cursor.substr(dot + 1);
  std::size_t offset = 0;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), offset);
  if (fault != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  const std::lock_guard lock(mutex_);
  drop_old();
  const auto entry = std::ranges::find(entries_, token, &Entry::token);
  if (entry == entries_.end() || entry->listing->scope != scope ||
      offset > entry->listing->size()) {
    return std::nullopt;
  }
  entry->used_at = clock_.mono_now();
  entry->continued = true;
  return Position{entry->listing, offset};
}

std::size_t PagedListings::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

void PagedListings::drop_old() {
  const MonoTime now = clock_.mono_now();
  std::erase_if(entries_,
                [now](const Entry& entry) { return now - entry.used_at > kPagedListingLifetime; });
}

}  // namespace storm::rest
