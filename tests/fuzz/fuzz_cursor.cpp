// The cursors that clients send back. The first byte chooses: `p`, the rest follows the token of a
// listing of pages; else it is all a cursor of a watch.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/assert.hpp"
#include "core/base/clock.hpp"
#include "core/rest/paged_listings.hpp"
#include "core/rest/watch_cursor.hpp"

namespace storm::rest {
namespace {

constexpr std::size_t kItems = 300;
constexpr std::size_t kLastDigit = 31;  // of the check

// What is taken is what was given out, to the letter.
void read_watch_cursor(std::string_view text) {
  const auto cursor = WatchCursor::parse(text);
  if (!cursor) {
    STORM_ASSERT(cursor.error().code == Errc::InvalidArgument);
    STORM_ASSERT(!cursor.error().message.empty());
    return;
  }
  STORM_ASSERT(cursor->to_text() == text);
}

// Any place comes back from its text; cut, longer, or with another check it does not.
void make_watch_cursor(std::string_view bytes) {
  WatchCursor cursor;
  for (const char byte : bytes.substr(0, 8)) {
    cursor.revision = cursor.revision << 8U | static_cast<unsigned char>(byte);
    cursor.log = cursor.log * 31U + static_cast<unsigned char>(byte);
  }
  std::string text = cursor.to_text();
  const auto read = WatchCursor::parse(text);
  STORM_ASSERT(read && *read == cursor);
  STORM_ASSERT(!WatchCursor::parse(text + "0"));
  STORM_ASSERT(!WatchCursor::parse(std::string_view(text).substr(bytes.size() % text.size())) ||
               bytes.size() % text.size() == 0);
  text[kLastDigit] = text[kLastDigit] == '0' ? '1' : '0';
  STORM_ASSERT(!WatchCursor::parse(text));
}

void read_page_cursor(std::string_view rest) {
  static const ManualClock clock;
  static PagedListings listings(clock);
  static const auto listing = [] {
    auto made = std::make_shared<Listing>();
    made->snapshot = std::make_shared<State>();
    made->items.resize(kItems);
    made->scope = "/v1/groups";
    return std::shared_ptr<const Listing>(std::move(made));
  }();
  const std::string cursor = listings.cursor(listing, kItems / 2);
  const auto found = listings.find(cursor.substr(0, cursor.find('.')).append(rest), listing->scope);
  if (!found) return;
  STORM_ASSERT(found->listing == listing && found->offset <= kItems);
  STORM_ASSERT(rest.front() == '.' &&
               rest.find_first_not_of("0123456789", 1) == std::string_view::npos);
}

}  // namespace
}  // namespace storm::rest

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.ends_with('\n')) text.remove_suffix(1);  // files of a corpus end with a line's end
  if (text.starts_with('p')) storm::rest::read_page_cursor(text.substr(1));
  storm::rest::read_watch_cursor(text);
  storm::rest::make_watch_cursor(text);
  return 0;
}
