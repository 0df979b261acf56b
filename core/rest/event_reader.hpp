// EventReader: a place in the event log, from which one reader goes on. It keeps no events of its
// own: what it has not read yet is in the snapshots. A reader that falls out of the log is told so
// by a line of its own. Used by one thread at a time.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "core/engine/state.hpp"

namespace storm::rest {

class EventReader {
 public:
  // Goes on after the event of that number, which the reader has seen, or 0: from the oldest.
  explicit EventReader(std::uint64_t after) : after_(after) {}

  // Appends further events, one JSON object a line, until about `bytes_max`. True when there are
  // more.
  bool read(const State& state, std::string& out, std::size_t bytes_max);
  std::uint64_t gaps() const { return gaps_; }

 private:
  bool lost_since(const State& state, std::optional<std::uint64_t> oldest) const;
  void note_gap(std::string& out, std::uint64_t from, std::uint64_t to);

  std::uint64_t after_;
  std::optional<std::uint64_t> oldest_seen_;  // first of the log when it was read last
  bool started_ = false;
  std::uint64_t gaps_ = 0;
};

}  // namespace storm::rest
