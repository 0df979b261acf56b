#include "core/rest/event_reader.hpp"

#include "core/document/json.hpp"
#include "core/engine/engine.hpp"

namespace storm::rest {

bool EventReader::read(const State& state, std::string& out, std::size_t bytes_max) {
  const std::optional<std::uint64_t> oldest =
      state.events.empty() ? std::nullopt : std::optional(state.events.begin()->first);
  if (after_ > state.revision) {
    // The server counts anew, as without a durable store: what the reader knows is of another life.
    note_gap(out, state.revision + 1, after_);
    after_ = state.revision;
  } else if (after_ > 0 && lost_since(state, oldest)) {
    const std::uint64_t last = oldest ? *oldest - 1 : state.revision;
    note_gap(out, after_ + 1, last);
    after_ = last;
  }
  started_ = true;
  oldest_seen_ = oldest;
  auto event = state.events.lower_bound(after_ + 1);
  const std::size_t end = out.size() + bytes_max;
  for (; event != state.events.end() && out.size() < end; ++event) {
    append_json(out, to_value(*event->second));
    out += '\n';
    after_ = event->first;
  }
  if (event != state.events.end()) return true;
  after_ = state.revision > after_ ? state.revision : after_;
  return false;
}

// Numbers without an event are no gap: only a log that has lost its front since the last time is,
// or one that begins after the place where a reader of earlier wants to go on.
bool EventReader::lost_since(const State& state, std::optional<std::uint64_t> oldest) const {
  if (!started_) return oldest ? *oldest > after_ + 1 : state.revision > after_;
  if (!oldest || *oldest <= after_ + 1) return false;
  return oldest_seen_ ? *oldest_seen_ != *oldest : state.events.size() >= kEventsKept;
}

void EventReader::note_gap(std::string& out, std::uint64_t from, std::uint64_t to) {
  ++gaps_;
  Value line = Value::object();
  line.add("id", to);
  line.add("event_type", "gap");
  line.add("entity_type", "");
  line.add("entity_id", "");
  line.add("entity_names", Value::array());
  line.add("missed_from", from);
  line.add("missed_to", to);
  append_json(out, line);
  out += '\n';
}

}  // namespace storm::rest
