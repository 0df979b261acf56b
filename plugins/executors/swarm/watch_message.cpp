#include "plugins/executors/swarm/watch_message.hpp"

#include <limits>
#include <utility>

namespace storm::swarm {
namespace {

using Bytes = std::span<const std::uint8_t>;

struct Field {
  std::uint32_t number = 0;
  std::uint64_t value = 0;  // of a varint
  Bytes bytes;              // of a length-delimited field
  bool is_varint = false;
  bool is_bytes = false;
};

// The fields of one protobuf message, one after the other.
class Fields {
 public:
  explicit Fields(Bytes message) : rest_(message) {}

  // False at the end and after an error.
  bool next(Field& field) {
    if (rest_.empty() || broken_) return false;
    std::uint64_t key = 0;
    if (!varint(key) || (key >> 3) == 0 || (key >> 3) > std::numeric_limits<std::uint32_t>::max()) {
      return fail();
    }
    field = {};
    field.number = static_cast<std::uint32_t>(key >> 3);
    switch (key & 7) {
      case 0:
        field.is_varint = true;
        return varint(field.value) || fail();
      case 1:
        return skip(8) || fail();
      case 2: {
        std::uint64_t length = 0;
        if (!varint(length) || length > rest_.size()) return fail();
        field.is_bytes = true;
        field.bytes = rest_.first(static_cast<std::size_t>(length));
        return skip(static_cast<std::size_t>(length)) || fail();
      }
      case 5:
        return skip(4) || fail();
      default:  // groups and what does not exist
        return fail();
    }
  }
  bool broken() const { return broken_; }

 private:
  bool fail() {
    broken_ = true;
    return false;
  }
  bool skip(std::size_t count) {
    if (count > rest_.size()) return false;
    rest_ = rest_.subspan(count);
    return true;
  }
  bool varint(std::uint64_t& out) {
    out = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const std::uint8_t byte = rest_.front();
      rest_ = rest_.subspan(1);
      out |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return true;
    }
    return false;
  }

  Bytes rest_;
  bool broken_ = false;
};

bool read_id(const Field& field, std::string& out) {
  if (!field.is_bytes || field.bytes.size() > kWatchIdMax) return false;
  out.assign(field.bytes.begin(), field.bytes.end());
  return true;
}

// The varint at a path of fields: of meta, version.index is {1, 1}.
bool read_varint(Bytes message, std::span<const std::uint32_t> path, std::uint64_t& out) {
  Fields fields(message);
  Field field;
  while (fields.next(field)) {
    if (field.number != path.front()) continue;
    if (path.size() == 1) {
      if (!field.is_varint) return false;
      out = field.value;
    } else if (!field.is_bytes || !read_varint(field.bytes, path.subspan(1), out)) {
      return false;
    }
  }
  return !fields.broken();
}

constexpr std::uint32_t kVersionIndex[] = {1, 1};
constexpr std::uint32_t kStatusState[] = {2};

bool read_object(Bytes object, WatchEvent& event) {
  Fields fields(object);
  Field field;
  while (fields.next(field)) {
    bool understood = true;
    std::uint64_t value = 0;
    if (field.number == 1) {
      understood = read_id(field, event.id);
    } else if (field.number == 2) {
      understood = field.is_bytes && read_varint(field.bytes, kVersionIndex, event.version);
    } else if (event.kind == ObjectKind::Task && field.number == 4) {
      understood = read_id(field, event.service_id);
    } else if (event.kind == ObjectKind::Task && field.number == 6) {
      understood = read_id(field, event.node_id);
    } else if (event.kind == ObjectKind::Task && field.number == 9) {
      understood = field.is_bytes && read_varint(field.bytes, kStatusState, value);
      event.state = static_cast<std::uint32_t>(value);
    } else if (event.kind == ObjectKind::Task && field.number == 10) {
      understood = field.is_varint;
      event.desired_state = static_cast<std::uint32_t>(field.value);
    }
    if (!understood) return false;
  }
  return !fields.broken() && !event.id.empty();
}

// Sets `known` when the event is about a task, a service or a node.
bool read_event(Bytes bytes, WatchEvent& event, bool& known) {
  constexpr std::uint64_t kRemove = 4;
  Fields fields(bytes);
  Field field;
  while (fields.next(field)) {
    if (field.number == 1 && field.is_varint) {
      event.removed = field.value == kRemove;
    } else if (field.number == 2 && field.is_bytes) {
      Fields object(field.bytes);
      Field member;
      while (object.next(member)) {
        if (!member.is_bytes) return false;
        switch (member.number) {
          case 1:
            event.kind = ObjectKind::Node;
            break;
          case 2:
            event.kind = ObjectKind::Service;
            break;
          case 4:
            event.kind = ObjectKind::Task;
            break;
          default:
            continue;
        }
        known = true;
        if (!read_object(member.bytes, event)) return false;
      }
      if (object.broken()) return false;
    }
  }
  return !fields.broken();
}

}  // namespace

std::optional<std::vector<WatchEvent>> read_watch_message(Bytes message) {
  std::vector<WatchEvent> events;
  Fields fields(message);
  Field field;
  while (fields.next(field)) {
    if (field.number != 1) continue;
    if (!field.is_bytes || events.size() == kWatchEventsMax) return std::nullopt;
    WatchEvent event;
    bool known = false;
    if (!read_event(field.bytes, event, known)) return std::nullopt;
    if (known) events.push_back(std::move(event));
  }
  if (fields.broken()) return std::nullopt;
  return events;
}

std::optional<std::uint32_t> read_health_response(Bytes message) {
  constexpr std::uint32_t kStatus[] = {1};
  std::uint64_t status = 0;
  if (!read_varint(message, kStatus, status)) return std::nullopt;
  return static_cast<std::uint32_t>(status);
}

std::string_view task_state_name(std::uint32_t state) {
  static constexpr std::pair<std::uint32_t, std::string_view> kNames[] = {
      {0, "new"},      {64, "pending"},   {192, "assigned"}, {256, "accepted"}, {320, "preparing"},
      {384, "ready"},  {448, "starting"}, {512, "running"},  {576, "complete"}, {640, "shutdown"},
      {704, "failed"}, {768, "rejected"}, {800, "remove"},   {832, "orphaned"}};
  std::string_view name;
  for (const auto& [value, text] : kNames) {
    if (value <= state) name = text;
  }
  return name;
}

}  // namespace storm::swarm
