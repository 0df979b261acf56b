// Watcher: what one client of /v1/watch is told, and how far it has come. In step, it gets frames
// from the feed, shared with all who are told the same. Behind, because it has just come, wants to
// know what is there first, or took too little, it reads the log of events itself, a slice at a
// time, and joins the feed again at its end. So it holds little, however slow its client is; only
// who falls out of the log is told of a gap.
//
// Everything on the thread of its connection but what is marked.
#pragma once
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/engine/engine.hpp"
#include "core/engine/resource_search.hpp"
#include "core/rest/watch_event.hpp"
#include "core/rest/watch_selector.hpp"

namespace storm::rest {

class WatchFeed;

inline constexpr std::size_t kWatchInboxBytesMax = 64 * 1024;  // told and not taken yet
inline constexpr std::size_t kWatchInboxFramesMax = 256;
inline constexpr std::size_t kWatchWishesMax = 64;  // of a client, waiting to be done
inline constexpr std::int64_t kWatchSliceNs = 2 * kNanosecondsPerMillisecond;

enum class WatchForm : std::uint8_t { Sse, Ndjson, Text };

// One or more whole messages in the form of their stream.
using Frame = std::shared_ptr<const std::string>;
Frame make_frame(WatchForm form, std::string_view cursor, std::string_view message);

class Watcher : public std::enable_shared_from_this<Watcher> {
 public:
  struct Options {
    WatchForm form = WatchForm::Sse;
    std::vector<SelectorPtr> selectors;
    bool implied = false;     // the client named none: its first subscription takes their place
    std::uint64_t after = 0;  // events it has seen
    bool lost = false;        // what it has seen is of another log: it begins with a gap
    bool initial = false;     // begins with what is there at `after`
  };
  Watcher(const Engine& engine, std::shared_ptr<WatchFeed> feed, Options options);

  // Once, first. `wake` has take() called soon, on the connection's thread.  [any-thread]
  void on_wake(std::function<void()> wake) { wake_ = std::move(wake); }

  struct Taken {
    std::vector<Frame> frames;
    bool more = false;  // call again, soon: there is work left
  };
  Taken take();
  // A sign of life with the place it has come to; null while there is something to tell.
  Frame bookmark();
  // What the client of a WebSocket says. False: it says more than can be done.
  bool hear(std::string_view text);
  // Its connection has gone.
  void end();

  WatchForm form() const { return form_; }  // [any-thread]

  // For the feed. All frames of that event; false: there is no room, it is behind now.
  // [any-thread]
  bool offer(const std::vector<Frame>& frames, std::uint64_t event);
  void set_admitted(std::uint64_t after);               // [any-thread]
  void fall_behind(std::uint64_t after);                // has it read on by itself  [any-thread]
  void wake();                                          // [any-thread]
  std::string cursor_at(std::uint64_t revision) const;  // [any-thread]

 private:
  struct Listing {  // the resources and other entities that a selector has
    SelectorPtr selector;
    Snapshot state;
    bool begun = false;
    ResourceSet::Iterator resource = {};          // of all there are
    std::shared_ptr<ResourceSearch> search = {};  // or of those that the query matches
    std::vector<Id> items = {};                   // then these
    std::size_t next = 0;
  };
  struct Replay {  // older events for one selector
    SelectorPtr selector;
    std::uint64_t after = 0;
    std::uint64_t to = 0;
  };
  using Step = std::variant<Frame, Listing, Replay>;
  struct Wish {
    std::string id;
    std::optional<Value> subscribe;  // else: unsubscribe
    std::string fault;               // not empty: only to be told
  };

  void read(Taken& taken);
  // Each true when it is done.
  bool step(Listing& listing, Taken& taken, std::size_t& bytes, MonoTime until);
  bool step(Replay& replay, Taken& taken, std::size_t& bytes, MonoTime until);
  void list(const Listing& listing, const Id& id, Taken& taken, std::size_t& bytes);
  void read_event(const Snapshot& state, const Shared<Event>& event,
                  const std::vector<SelectorPtr>& selectors, Taken& taken, std::size_t& bytes);
  // Passes over what the log has lost after `after`, and tells of it.
  void pass_gap(const State& state, std::uint64_t& after, std::string_view selector, Taken& taken);
  void do_wishes(const Snapshot& state);
  void subscribe(const Wish& wish, const Snapshot& state);
  void tell(std::string_view message, std::string_view cursor = {});  // as a step
  void refuse(const std::string& id, const Error& error);
  void join();

  // Constant after construction and on_wake().
  const Engine& engine_;
  const std::shared_ptr<WatchFeed> feed_;
  const WatchForm form_;
  const SystemClock clock_;
  std::function<void()> wake_;

  // The connection's thread.
  std::vector<SelectorPtr> selectors_;
  bool implied_;
  bool lost_;
  bool reading_ = true;  // by itself; else it has asked the feed, or is fed
  bool ended_ = false;
  std::uint64_t place_;  // events up to it have been told
  std::deque<Step> steps_;
  std::deque<Wish> wishes_;
  std::set<std::string> reset_told_;  // labels of queries

  // Any thread.
  std::atomic<bool> wake_pending_ = false;
  std::mutex mutex_;
  std::vector<Frame> inbox_;               // Guarded by mutex_.
  std::size_t inbox_bytes_ = 0;            // Guarded by mutex_.
  std::optional<std::uint64_t> behind_;    // Guarded by mutex_. Set: reads on after it
  std::optional<std::uint64_t> admitted_;  // Guarded by mutex_. Set: fed with what is after it
};

}  // namespace storm::rest
