// What the server counts of its own work, for /metrics. [any-thread]
#pragma once
#include <array>
#include <atomic>
#include <cstdint>

namespace storm::rest {

struct Traffic {
  static constexpr std::size_t kStatusMax = 600;
  std::array<std::atomic<std::uint64_t>, kStatusMax> answers_by_status = {};
  std::atomic<std::uint64_t> connections_total = 0;
  std::atomic<std::uint64_t> connections_refused = 0;
  std::atomic<std::int64_t> connections = 0;
  std::atomic<std::int64_t> event_streams = 0;
  std::atomic<std::uint64_t> event_gaps = 0;
  std::atomic<std::int64_t> watchers = 0;
};

}  // namespace storm::rest
