#include "core/rest/paged_listings.hpp"

#include "catch.hpp"

using namespace storm;
using namespace storm::rest;

namespace {

std::shared_ptr<const Listing> listing_of(std::size_t items, std::string scope) {
  auto listing = std::make_shared<Listing>();
  listing->snapshot = std::make_shared<State>();
  listing->items.resize(items);
  listing->scope = std::move(scope);
  return listing;
}

}  // namespace

TEST_CASE("paged listings: a cursor leads back to its listing", "[rest]") {
  ManualClock clock;
  PagedListings listings(clock);
  const auto listing = listing_of(10, "/v1/groups");
  const std::string cursor = listings.cursor(listing, 5);
  const auto found = listings.find(cursor, "/v1/groups");
  REQUIRE(found);
  CHECK(found->listing == listing);
  CHECK(found->offset == 5);
  CHECK(listings.find(cursor, "/v1/groups"));  // a page may be read twice
}

TEST_CASE("paged listings: forged cursors find nothing", "[rest]") {
  ManualClock clock;
  PagedListings listings(clock);
  const std::string cursor = listings.cursor(listing_of(10, "/v1/groups"), 5);
  const std::string token = cursor.substr(0, cursor.find('.'));
  for (const std::string& forged :
       {std::string(), std::string("."), token, token + ".", token + ".11", token + ".-1",
        token + ".5x", token + ".99999999999999999999", "x" + cursor}) {
    INFO(forged);
    CHECK_FALSE(listings.find(forged, "/v1/groups"));
  }
  CHECK_FALSE(listings.find(cursor, "/v1/groups?{}"));
}

TEST_CASE("paged listings: unused ones are dropped, used ones stay", "[rest]") {
  ManualClock clock;
  PagedListings listings(clock);
  const std::string cursor = listings.cursor(listing_of(10, "/v1/groups"), 5);
  clock.advance(kPagedListingLifetime - 1);
  REQUIRE(listings.find(cursor, "/v1/groups"));
  clock.advance(kPagedListingLifetime - 1);
  REQUIRE(listings.find(cursor, "/v1/groups"));
  clock.advance(kPagedListingLifetime + 1);
  CHECK_FALSE(listings.find(cursor, "/v1/groups"));
  CHECK(listings.size() == 0);
}

TEST_CASE("paged listings: those that nobody continues make room first", "[rest]") {
  ManualClock clock;
  PagedListings listings(clock);
  const std::string walked = listings.cursor(listing_of(10, "/v1/groups"), 5);
  REQUIRE(listings.find(walked, "/v1/groups"));
  for (std::size_t i = 0; i < kPagedListingsMax * 2; ++i) {
    clock.advance(1);
    listings.cursor(listing_of(10, "/v1/apps"), 5);
  }
  CHECK(listings.size() == kPagedListingsMax);
  CHECK(listings.find(walked, "/v1/groups"));
}

TEST_CASE("paged listings: the same first page again takes no more room", "[rest]") {
  ManualClock clock;
  PagedListings listings(clock);
  const auto first = listing_of(10, "/v1/groups");
  const auto again = std::make_shared<Listing>(*first);
  listings.cursor(first, 5);
  listings.cursor(again, 5);
  CHECK(listings.size() == 1);
}
