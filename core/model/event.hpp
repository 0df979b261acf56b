// An event: one entity was created, updated or deleted. Its number is the server's revision at that
// change, so events are totally ordered and a client that knows the last number it saw can go on
// from there. A plain value.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/result.hpp"
#include "core/document/value.hpp"
#include "core/model/ids.hpp"
#include "core/model/names.hpp"

namespace storm {

struct Resource;

// Groups by their numbers, sorted. Shared between events of resources that are alike.
using GroupNumbers = std::vector<std::uint32_t>;

// A resource that joined or left a group because something else changed: the group's query, its
// lists, or a relative of the resource.
struct MemberMove {
  std::uint32_t group = 0;
  Uuid resource;
  bool joined = false;

  friend bool operator==(const MemberMove&, const MemberMove&) = default;
};

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
  // The resource before and after, where there was one; not kept over a restart.
  std::shared_ptr<const Resource> before, after;
  // The groups it was in before and is in after; null: none.
  std::shared_ptr<const GroupNumbers> groups_before, groups_after;

  // What this change moved beside its own resource.
  std::vector<MemberMove> moves;
  GroupNumbers relisted;  // groups of which more moved than is told one by one
};

Value to_value(const Event& event);
// Rows of the store.
Value to_row_value(const Event& event);
Result<Event> event_from_row_value(const Value& value);

}  // namespace storm
