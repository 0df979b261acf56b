#include "core/base/clock.hpp"

#include <fmt/format.h>

#include <ctime>

namespace storm {
namespace {

std::int64_t read_clock(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return now.tv_sec * kNanosecondsPerSecond + now.tv_nsec;
}

}  // namespace

WallTime SystemClock::wall_now() const { return read_clock(CLOCK_REALTIME); }
MonoTime SystemClock::mono_now() const { return read_clock(CLOCK_MONOTONIC); }

std::string to_rfc3339(WallTime time) {
  if (time == 0) return {};
  std::int64_t seconds = time / kNanosecondsPerSecond;
  std::int64_t rest = time % kNanosecondsPerSecond;
  if (rest < 0) {
    rest += kNanosecondsPerSecond;
    --seconds;
  }
  const std::time_t whole = seconds;
  std::tm parts{};
  gmtime_r(&whole, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     rest / 1000);
}

}  // namespace storm
