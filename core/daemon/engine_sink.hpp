// Hands what one executor says to the engine, a few batches at a time, and notices when somebody
// deletes its agent. Shared by the threads of the executor's scopes; a thread that is stuck in the
// plugin keeps it alive. The engine outlives its last use. [any-thread]
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/engine/engine.hpp"
#include "core/plugin_host/resource_sink.hpp"

namespace storm {

class EngineSink final : public ResourceSink {
 public:
  // `registration` made the agent, and makes it again when it was deleted.
  EngineSink(Engine& engine, RegisterAgent registration, Id agent);

  Taken publish(DiscoveryBatch batch, const std::function<bool()>& stop) override;
  void report(SourceReport report) override;

  // Looks at a state that was published; does not wait. Tells the model what it had no room for.
  // True, once, when the agent is gone: the source has to be listed again for it to come back,
  // because one that is quiet would not say anything by itself.
  bool look(const State& state);

 private:
  static constexpr int kBatchesInFlight = 2;
  static constexpr std::chrono::milliseconds kStopLookTime{20};

  // What the answers of the engine need; outlives the sink while some are on their way.
  struct Link {
    std::mutex mutex;
    std::condition_variable landed;
    int in_flight = 0;             // Guarded by mutex.
    std::uint64_t generation = 0;  // Guarded by mutex. Rises when something was not taken.
    bool agent_removed = false;    // Guarded by mutex.
    Id agent;                      // Guarded by mutex.
  };

  // Requires: link_->mutex is held.
  void tell();

  Engine& engine_;
  const RegisterAgent registration_;
  const std::shared_ptr<Link> link_;
  std::map<std::string, std::uint64_t> generations_;  // Guarded by link_->mutex. By scope.
  std::optional<SourceReport> report_;                // Guarded by link_->mutex. The last.
  bool report_told_ = true;                           // Guarded by link_->mutex.
  bool removal_noticed_ = false;                      // Guarded by link_->mutex.
};

}  // namespace storm
