// Engine: the one writer. Commands go in through a bounded queue; a batch of them makes a new
// state, which is made durable where people wrote, published as an immutable snapshot, and told to
// listeners. What executors discover is written behind.
//
// Readers take snapshot() and never wait for a write. Owns its threads from start() to stop().
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>

#include "core/base/clock.hpp"
#include "core/base/result.hpp"
#include "core/engine/command.hpp"
#include "core/engine/scans.hpp"
#include "core/engine/state.hpp"
#include "core/model/redaction.hpp"
#include "core/query/operator.hpp"
#include "core/storage/storage.hpp"

namespace storm {

inline constexpr std::size_t kCommandsMax = 4096;  // waiting in the queue; more are refused or wait
inline constexpr std::size_t kEventsKept = 10'000;  // at least so many of the newest

struct EngineCounters {
  std::uint64_t commands = 0;
  std::uint64_t batches = 0;
  std::uint64_t commits = 0;
  std::uint64_t commit_failures = 0;
  std::uint64_t behind_rows = 0;     // written behind so far
  std::uint64_t behind_waiting = 0;  // not yet written
  std::uint64_t behind_failures = 0;
};

class Engine {
 public:
  struct Options {
    std::size_t events_kept = kEventsKept;
    Redactor::Options redaction = {};
    std::size_t column_bytes_max = kColumnBytesDefault;
    // Resources on which a group's query may have to be tested one by one.
    std::size_t group_tests_max = std::numeric_limits<std::size_t>::max();
    // That help with searches over many resources.
    std::size_t scan_threads = ScanPool::threads_for_this_machine();
  };

  // Loads the store. The storage and the clock outlive the engine. Fails when the store cannot be
  // read; the error names the row.
  static Result<std::unique_ptr<Engine>> create(Storage& storage, const Clock& clock,
                                                std::shared_ptr<const OperatorSet> operators,
                                                Options options);
  ~Engine();  // stops

  // `notify` is called on the engine's thread after each publication; must not wait. Before start()
  // only.
  void on_publish(std::function<void()> notify);
  void start();
  // Takes what is queued, writes behind what is left, notes the revision. Later commands are
  // refused.
  void stop();

  Snapshot snapshot() const;  // [any-thread]

  // Answers Unavailable through `done`, on this thread, when the queue is full or the engine stops.
  // [any-thread]
  void submit(Command command, Completion done, bool dry_run = false);
  // The same, but waits for room until `give_up()`: back pressure for executors. False: not taken,
  // `done` is not called.
  bool submit_waiting(Command command, Completion done,
                      const std::function<bool()>& give_up);  // [any-thread]
  // Submits and waits for the end; for start-up, tests and plugin threads. Never on the engine's
  // thread.
  Result<Outcome> execute(Command command, bool dry_run = false);

  const OperatorSet& operators() const;  // [any-thread]
  Scans& scans() const;                  // for searches in snapshots  [any-thread]
  EngineCounters counters() const;       // [any-thread]
  // An error with the reason while the store refuses what is written.  [any-thread]
  Result<void> store_health() const;
  // Does what is written outlive this process?  [any-thread]
  bool durable() const;
  // Tells the log of events of this store from all others; the same after a restart if it is kept.
  // [any-thread]
  std::uint32_t log_id() const;

 private:
  struct Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace storm
