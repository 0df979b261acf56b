// StoreWriter: what of the model goes to the store, and when. What people wrote is committed before
// it is published; what executors discovered is written behind, in chunks, on a thread of its own,
// always as it is at that moment, so that many changes of one resource cost one row. The one user
// of Storage while the engine runs.
#pragma once
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>

#include "core/base/result.hpp"
#include "core/engine/change.hpp"
#include "core/engine/state.hpp"
#include "core/storage/storage.hpp"

namespace storm {

inline constexpr std::size_t kBehindChunk = 5000;  // rows of one transaction
inline constexpr std::size_t kCommitRowsMax =
    50'000;  // of one commit; further resources are written behind

// Spaces and keys of the store.
inline constexpr std::string_view kEventSpace = "events";
inline constexpr std::string_view kMetaSpace = "meta";
inline constexpr std::string_view kDictionarySpace = "dictionaries";  // by TextDictionary::key
// Up to which revision all events are in the store, as far as it keeps them; 0: rows of entities
// are newer than the events.
inline constexpr std::string_view kEventsUpToKey = "events_up_to";
std::string event_key(std::uint64_t number);

using DictionariesByKey = std::map<std::string_view, SharedDictionary>;

// The entity's row as it is in the state; nothing when it does not exist. What it needs to be read
// is added to `needed`.
std::optional<std::string> row_of(const State& state, const Id& id, DictionariesByKey& needed);

class StoreWriter {
 public:
  // `current` gives the published state. [any-thread]
  StoreWriter(Storage& storage, std::function<Snapshot()> current);
  ~StoreWriter();

  void start();
  // Writes all that waits, as far as the store takes it.
  void stop();

  // Makes what was touched durable as it is in `state`; answers what does not fit and has to be
  // written behind. On an error nothing counts as written. `all`: nothing else was touched since
  // the last call of write_behind().  [engine-thread]
  Result<Touched> commit(const Touched& touched, const State& state, bool all);
  // Notes what is to be written behind. Call after its state is published.  [engine-thread]
  void write_behind(Touched touched);
  // One row of the meta space, durable.  [engine-thread]
  Result<void> put_meta(std::string key, std::string value);

  struct Counters {
    std::uint64_t commits = 0, commit_failures = 0, behind_rows = 0, behind_waiting = 0,
                  behind_failures = 0;
  };
  Counters counters() const;    // [any-thread]
  Result<void> health() const;  // [any-thread]

 private:
  void run();
  // Writes one chunk; true when there was something and it was written.
  bool write_chunk();
  // Applies it with the dictionaries that its rows need and the store does not surely have.
  // Requires: storage_mutex_ is held.
  Result<void> apply(Transaction& transaction, const DictionariesByKey& needed);
  void note(Result<void> outcome);

  Storage& storage_;
  const std::function<Snapshot()> current_;

  std::mutex storage_mutex_;  // one transaction at a time; taken before waiting_mutex_
  std::set<std::string, std::less<>>
      dictionaries_;  // Guarded by storage_mutex_. Surely in the store.

  mutable std::mutex waiting_mutex_;
  std::condition_variable wake_;
  Touched waiting_;                 // Guarded by waiting_mutex_.
  std::uint64_t noted_ = 0;         // Guarded by waiting_mutex_. Up to here all is stored or waits.
  std::uint64_t events_up_to_ = 0;  // Guarded by storage_mutex_. What the store says.
  bool stopping_ = false;           // Guarded by waiting_mutex_.
  Counters counters_;               // Guarded by waiting_mutex_.
  std::optional<Error> failure_;    // Guarded by waiting_mutex_. Of the last write, if it failed.
  std::thread thread_;
};

}  // namespace storm
