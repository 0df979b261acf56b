// WatchFeed: tells each new event to the watchers that it concerns. Finds them by an index over
// their selectors, prints what is the same for many once, and wakes only those. Looks at the log in
// rounds on the thread of one loop; everything else of it happens there, too.
//
// Owned by the server; [any-thread] unless it is said otherwise.
#pragma once
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/engine/engine.hpp"
#include "core/rest/connections.hpp"
#include "core/rest/watch_event.hpp"
#include "core/rest/watch_selector.hpp"
#include "core/rest/watcher.hpp"

namespace storm::rest {

inline constexpr std::size_t kWatchQueriesMax = 1000;     // different ones, of all watchers
inline constexpr std::size_t kWatchRoundEventsMax = 512;  // at a time, then others get their turn
inline constexpr std::size_t kWatchCatchUpMax =
    256;  // events that a watcher may lack when it joins

class WatchFeed : public std::enable_shared_from_this<WatchFeed> {
 public:
  WatchFeed(boost::asio::io_context& io, const Engine& engine,
            std::weak_ptr<Connections> connections);

  // There may be new events. Cheap: any number of calls make one round.
  void notify();
  // All up to this event has been told to those who are admitted.
  std::uint64_t position() const { return position_; }
  // Feeds the watcher with what comes after `after`, or has it read on by itself.
  void admit(std::shared_ptr<Watcher> watcher, std::vector<SelectorPtr> selectors,
             std::uint64_t after);
  // Has it read on by itself.
  void release(std::shared_ptr<Watcher> watcher);
  void leave(std::shared_ptr<Watcher> watcher);
  bool has_room_for_queries() const;
  std::size_t member_count() const { return member_count_; }
  std::uint64_t gaps() const { return gaps_; }
  void count_gap() { ++gaps_; }
  // Lets go of all watchers. Once nothing runs any more.
  void clear();

 private:
  struct Member {
    std::shared_ptr<Watcher> watcher;
    std::vector<SelectorPtr> selectors;
    std::uint64_t after = 0;
  };
  struct Entry {
    Member* member = nullptr;
    const WatchSelector* selector = nullptr;
    std::size_t place = 0;  // among those of the member: the order in which it is told
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  struct EntryHash {
    std::size_t operator()(const Entry& entry) const {
      return std::hash<const void*>()(entry.selector) ^ std::hash<const void*>()(entry.member)
                                                            << 1U;
    }
  };
  using Entries = std::unordered_set<Entry, EntryHash>;  // thousands leave one by one
  struct UuidHash {
    std::size_t operator()(const Uuid& uuid) const { return uuid.high ^ uuid.low; }
  };

  // On its thread.
  void round();
  void tell(const Snapshot& state, const Shared<Event>& event);
  void deliver(WatchEvent& event, const std::vector<Entry>& entries);
  void insert(std::shared_ptr<Watcher> watcher, std::vector<SelectorPtr> selectors,
              std::uint64_t after);
  // False: it was not fed.
  bool erase(const Watcher* watcher);
  Entries& entries_of(const WatchSelector& selector);
  void drop(const Entry& entry);
  // Those to whom the event gives or takes a group read it by themselves.
  void let_go(const Event& event);
  void all_behind();
  void wake_told();
  // False: it is not to be fed yet, and knows.
  bool catch_up(const std::shared_ptr<Watcher>& watcher, const std::vector<SelectorPtr>& selectors,
                std::uint64_t after);

  const Engine& engine_;
  const std::weak_ptr<Connections> connections_;
  const boost::asio::io_context::executor_type executor_;
  std::atomic<bool> round_pending_ = false;
  std::atomic<std::uint64_t> position_ = 0;
  std::atomic<std::size_t> member_count_ = 0;
  std::atomic<std::size_t> query_count_ = 0;
  std::atomic<std::uint64_t> gaps_ = 0;

  // On its thread.
  std::unordered_map<const Watcher*, std::unique_ptr<Member>> members_;
  Entries all_;
  std::unordered_map<Uuid, Entries, UuidHash> groups_;
  std::unordered_map<std::string, Entries> awaited_;  // groups that are gone, by name
  std::unordered_map<Uuid, Entries, UuidHash> resources_;
  std::unordered_map<std::string, Entries> types_;
  std::map<std::string, Entries> queries_;
  std::vector<std::shared_ptr<Watcher>> to_wake_;
};

}  // namespace storm::rest
