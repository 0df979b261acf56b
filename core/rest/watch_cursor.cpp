#include "core/rest/watch_cursor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/rest/etag.hpp"

namespace storm::rest {
namespace {

constexpr std::size_t kLogDigits = 8;
constexpr std::size_t kRevisionDigits = 16;
constexpr std::size_t kCheckDigits = 8;
constexpr std::size_t kTextShownMax = 64;

// Each digit of the payload shows in each of the check.
std::string check_of(std::string_view payload) {
  std::uint64_t mixed = fingerprint(payload);
  mixed = (mixed ^ (mixed >> 33U)) * 0xff51afd7ed558ccdU;
  mixed = (mixed ^ (mixed >> 33U)) * 0xc4ceb9fe1a85ec53U;
  return fmt::format("{:08x}", static_cast<std::uint32_t>(mixed >> 32U));
}

bool is_hex(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

std::string WatchCursor::to_text() const {
  std::string text = fmt::format("{:08x}{:016x}", log, revision);
  text += check_of(text);
  return text;
}

Result<WatchCursor> WatchCursor::parse(std::string_view text) {
  const std::string_view payload = text.substr(0, kLogDigits + kRevisionDigits);
  if (text.size() != payload.size() + kCheckDigits || !is_hex(text) ||
      text.substr(payload.size()) != check_of(payload)) {
    return Error{Errc::InvalidArgument,
                 fmt::format("\"{}\" is no cursor that a server has given out.",
                             text.substr(0, kTextShownMax))};
  }
  WatchCursor cursor;
  const char* at = payload.data();
  std::from_chars(at, at + kLogDigits, cursor.log, 16);
  at += kLogDigits;
  std::from_chars(at, at + kRevisionDigits, cursor.revision, 16);
  return cursor;
}

}  // namespace storm::rest
