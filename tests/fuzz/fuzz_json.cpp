// The JSON reader: no text breaks it, and what it reads comes back the same after it was written.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/assert.hpp"
#include "core/document/json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = storm::parse_json(text);
  const bool checked = storm::check_json(text).has_value();
  STORM_ASSERT(checked == value.has_value());
  if (!value) {
    STORM_ASSERT(!value.error().message.empty());
    return 0;
  }
  const std::string once = storm::to_json(*value);
  const auto again = storm::parse_json(once);
  STORM_ASSERT(again.has_value());
  STORM_ASSERT(storm::to_json(*again) == once);
  const auto indented = storm::parse_json(storm::to_json(*value, 2));
  STORM_ASSERT(indented.has_value());
  STORM_ASSERT(storm::to_json(*indented) == once);
  return 0;
}
