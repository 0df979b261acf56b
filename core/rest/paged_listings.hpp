// PagedListings: the listings that clients are walking through page by page. Each keeps the
// snapshot it was made from, so that all of its pages show one revision, without holes or
// duplicates. Few are kept, and not for long: a client that comes too late starts again.
// [any-thread]
#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/engine/found_resources.hpp"
#include "core/engine/state.hpp"

namespace storm::rest {

inline constexpr std::size_t kPagedListingsMax = 64;
inline constexpr std::int64_t kPagedListingLifetime = 120 * kNanosecondsPerSecond;  // unused

// Ids of one kind in their order, and the snapshot in which they are.
struct Listing {
  Snapshot snapshot;
  EntityKind kind = EntityKind::Resource;
  bool all_resources = false;  // as the snapshot has them; `items` stays empty
  std::shared_ptr<const FoundResources> found = nullptr;  // if any, these; `items` stays empty
  std::vector<Uuid> items;
  std::string scope;  // what was asked for: path and query

  std::size_t size() const {
    if (found) return found->size();
    return all_resources ? snapshot->ordered_resources.size() : items.size();
  }
};

class PagedListings {
 public:
  explicit PagedListings(const Clock& clock) : clock_(clock) {}

  struct Position {
    std::shared_ptr<const Listing> listing;
    std::size_t offset = 0;
  };
  // An opaque cursor for what comes at `offset`; the listing is kept from now on.
  std::string cursor(const std::shared_ptr<const Listing>& listing, std::size_t offset);
  // Nothing for a cursor that is forged, too old or of another scope.
  std::optional<Position> find(std::string_view cursor, std::string_view scope);
  std::size_t size() const;

 private:
  struct Entry {
    std::string token;
    std::shared_ptr<const Listing> listing;
    MonoTime used_at = 0;
    bool continued = false;  // somebody came back for a second page
  };
  void drop_old();  // Requires: mutex_ held.

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;  // Guarded by mutex_.
};

}  // namespace storm::rest
