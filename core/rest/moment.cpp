#include "core/rest/moment.hpp"

#include <fmt/format.h>

#include <charconv>
#include <ctime>
#include <optional>

namespace storm::rest {
namespace {

constexpr std::int64_t kAgoMaxSeconds = std::int64_t{100} * 365 * 24 * 3600;

// Takes `digits` digits off the front.
std::optional<int> number(std::string_view& text, std::size_t digits) {
  int value = 0;
  if (text.size() < digits) return std::nullopt;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + digits, value);
  if (fault != std::errc() || end != text.data() + digits || value < 0) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::int64_t> fraction(std::string_view& text) {
  if (!take(text, '.')) return 0;
  std::int64_t value = 0, unit = kNanosecondsPerSecond;
  std::size_t digits = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    unit /= 10;
    value += unit * (text.front() - '0');
    text.remove_prefix(1);
    ++digits;
  }
  if (digits == 0) return std::nullopt;
  return value;
}

// Seconds east of Greenwich.
std::optional<std::int64_t> zone(std::string_view& text) {
  if (take(text, 'Z') || take(text, 'z')) return 0;
  const bool is_west = !text.empty() && text.front() == '-';
  // A plus in an address may arrive as a blank.
  if (!take(text, '-') && !take(text, '+') && !take(text, ' ')) return std::nullopt;
  const auto hours = number(text, 2);
  if (!hours || !take(text, ':')) return std::nullopt;
  const auto minutes = number(text, 2);
  if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const std::int64_t seconds = *hours * 3600 + *minutes * 60;
  return is_west ? -seconds : seconds;
}

std::optional<WallTime> rfc3339(std::string_view text) {
  std::tm parts = {};
  const auto year = number(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = number(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = number(text, 2);
  if (!day || (!take(text, 'T') && !take(text, 't'))) return std::nullopt;
  const auto hour = number(text, 2);
  if (!hour || !take(text, ':')) return std::nullopt;
  const auto minute = number(text, 2);
  if (!minute || !take(text, ':')) return std::nullopt;
  const auto second = number(text, 2);
  if (!second || *month < 1 || *month > 12 || *day < 1 || *day > 31 || *hour > 23 || *minute > 59 ||
      *second > 60 || *year < 1970 || *year > 2200) {
    return std::nullopt;
  }
  const auto nanoseconds = fraction(text);
  const auto offset = nanoseconds ? zone(text) : std::nullopt;
  if (!offset || !text.empty()) return std::nullopt;
  parts.tm_year = *year - 1900;
  parts.tm_mon = *month - 1;
  parts.tm_mday = *day;
  parts.tm_hour = *hour;
  parts.tm_min = *minute;
  parts.tm_sec = *second;
  return (static_cast<std::int64_t>(timegm(&parts)) - *offset) * kNanosecondsPerSecond +
         *nanoseconds;
}

std::optional<std::int64_t> seconds_of(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (fault != std::errc() || end + 1 != text.data() + text.size() || count < 0)
    return std::nullopt;
  const std::int64_t unit = *end == 's'   ? 1
                            : *end == 'm' ? 60
                            : *end == 'h' ? 3600
                            : *end == 'd' ? 86400
                                          : 0;
  if (unit == 0 || count > kAgoMaxSeconds / unit) return std::nullopt;
  return count * unit;
}

}  // namespace

Result<WallTime> parse_moment(std::string_view text, WallTime now) {
  if (const auto ago = seconds_of(text)) return now - *ago * kNanosecondsPerSecond;
  if (const auto time = rfc3339(text)) return *time;
  return Error{Errc::InvalidArgument,
               fmt::format("Expected a time (2026-11-21T10:00:00Z) or how long ago (90s, 5m, 2h, "
                           "1d), not \"{}\".",
                           text)};
}

}  // namespace storm::rest
