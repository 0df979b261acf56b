#include "core/base/clock.hpp"

#include <cstddef>
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
  // Two are printed for each resource of a list: four times as fast as by a format.
  std::string text = "0000-00-00T00:00:00.000000Z";
  const auto print = [&text](std::size_t end, std::int64_t number) {
    for (; number > 0; number /= 10) text[--end] = static_cast<char>('0' + number % 10);
  };
  print(4, parts.tm_year + 1900);
  print(7, parts.tm_mon + 1);
  print(10, parts.tm_mday);
  print(13, parts.tm_hour);
  print(16, parts.tm_min);
  print(19, parts.tm_sec);
  print(26, rest / 1000);
  return text;
}

}  // namespace storm
