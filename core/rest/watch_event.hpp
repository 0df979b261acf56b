// WatchEvent: one event of the log as watchers are told of it. Works out once what it means for
// groups and queries and what changed, however many watchers there are. One thread at a time.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/engine/event_groups.hpp"
#include "core/rest/watch_selector.hpp"

namespace storm::rest {

enum class WatchType : std::uint8_t { Created, Updated, Deleted, Joined, Left, Initial, Reset };
std::string_view name_of(WatchType type);

// One message that a selector gets of an event.
struct Telling {
  WatchType type = WatchType::Updated;
  std::optional<Uuid> moved = {};  // the resource, when it is not the event's own
  bool of_group = false;           // about the group's own document
};

class WatchEvent {
 public:
  // `state` is the event's or a later one.
  WatchEvent(Snapshot state, Shared<Event> event);

  const Event& event() const { return *event_; }
  // The groups that it concerns, sorted.
  std::vector<Uuid> groups();
  // Appends what the selector is told, if it is told of events of that time at all.
  void tell(const WatchSelector& selector, std::vector<Telling>& tellings);
  // The message as JSON. An empty cursor: not the last message of this change for that watcher.
  std::string message(const WatchSelector& selector, const Telling& telling,
                      std::string_view cursor);

 private:
  // What a query says of the resource before and after; nothing: the log has lost what it said.
  struct Verdict {
    bool before = false;
    bool after = false;
  };
  Verdict verdict_of(const WatchSelector& selector);
  // Whether others refer to the resource, which is found by other names since.
  bool is_referred_anew();
  void tell_group(const WatchSelector& selector, std::vector<Telling>& tellings);
  const GroupChanges& changes();
  const std::string& subject();  // `"resource":{...}` or `"entity":{...}`
  const std::string& changed();  // `,"changed":[...]` or nothing

  Snapshot state_;
  Shared<Event> event_;
  std::unique_ptr<DocumentView> before_, after_;  // as queries see the resource; made on demand
  std::optional<GroupChanges> changes_;
  std::map<std::string, Verdict, std::less<>> verdicts_;
  std::string subject_;
  std::optional<std::string> changed_;
  std::optional<bool> is_referred_anew_;
};

// Messages that are no event of the log.
std::string initial_message(const State& state, const WatchSelector& selector, const Id& id);
// `type` is "synced", "bookmark", "subscribed" and the like; no selector: of the whole connection.
std::string place_message(std::string_view type, std::string_view cursor, std::uint64_t revision,
                          std::string_view selector = {});
std::string gap_message(std::string_view cursor, std::uint64_t from, std::uint64_t to,
                        std::string_view selector = {});

}  // namespace storm::rest
