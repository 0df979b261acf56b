// An event: one entity was created, updated or deleted. Its number is the server's revision at that
// change, so events are totally ordered and a client that knows the last number it saw can go on
// from there. A plain value.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/result.hpp"
#include "core/document/value.hpp"
#include "core/model/ids.hpp"
#include "core/model/names.hpp"

namespace storm {

struct Event {
  std::uint64_t id = 0;
  EventType type = EventType::Created;
  Id entity;
  std::vector<std::string> names;
  WallTime time = 0;
  // Of resources only: what a reader of the stream wants to know without asking again.
  std::string resource_type;
  Status status = Status::Unknown;
  Health health = Health::Unknown;
  bool stale = false;
  WallTime observed_at = 0;
};

Value to_value(const Event& event);
// Rows of the store.
Value to_row_value(const Event& event);
Result<Event> event_from_row_value(const Value& value);

}  // namespace storm
