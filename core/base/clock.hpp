// Time as the program sees it. Nothing but SystemClock reads the real clocks, so tests move time by
// hand.
#pragma once
#include <atomic>
#include <cstdint>
#include <string>

namespace storm {

// Nanoseconds since 1970-01-01T00:00:00Z. 0: not known.
using WallTime = std::int64_t;
// Nanoseconds on a clock that never goes back; its zero means nothing.
using MonoTime = std::int64_t;

inline constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
inline constexpr std::int64_t kNanosecondsPerMillisecond = 1'000'000;

class Clock {  // [any-thread]
 public:
  virtual ~Clock() = default;
  virtual WallTime wall_now() const = 0;
  virtual MonoTime mono_now() const = 0;
};

class SystemClock final : public Clock {
 public:
  WallTime wall_now() const override;
  MonoTime mono_now() const override;
};

// Stands still until it is told to move.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(WallTime wall = 1'700'000'000 * kNanosecondsPerSecond) : now_(wall) {}
  WallTime wall_now() const override { return now_.load(); }
  MonoTime mono_now() const override { return now_.load(); }
  void advance(std::int64_t nanoseconds) { now_ += nanoseconds; }

 private:
  std::atomic<std::int64_t> now_;
};

// RFC 3339 in UTC with microseconds: "2026-11-21T10:00:00.000000Z". Empty for 0.
std::string to_rfc3339(WallTime time);

}  // namespace storm
