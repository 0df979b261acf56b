#include "core/daemon/engine_sink.hpp"

#include <utility>

namespace storm {

EngineSink::EngineSink(Engine& engine, RegisterAgent registration, Id agent)
    : engine_(engine), registration_(std::move(registration)), link_(std::make_shared<Link>()) {
  link_->agent = agent;
}

Taken EngineSink::publish(DiscoveryBatch batch, const std::function<bool()>& stop) {
  Id agent;
  std::uint64_t generation = 0;
  {
    std::unique_lock lock(link_->mutex);
    while (link_->in_flight >= kBatchesInFlight) {
      if (stop()) return Taken::Stopped;
      link_->landed.wait_for(lock, kStopLookTime);
    }
    // What the model refused or forgot is told again by a whole listing, by each scope once.
    std::uint64_t& known = generations_[batch.scope];
    if (known != link_->generation) {
      if (!batch.sync_begin) return Taken::Relist;
      known = link_->generation;
    }
    if (link_->agent_removed) {
      // Somebody deleted the agent while its executor is still configured: it comes back empty.
      lock.unlock();
      auto registered = engine_.execute(registration_);
      if (!registered) return Taken::Stopped;
      lock.lock();
      link_->agent = registered->id;
      link_->agent_removed = false;
      removal_noticed_ = false;
      // The new agent knows nothing yet of how its source is doing.
      report_told_ = false;
      tell();
    }
    agent = link_->agent;
    generation = link_->generation;
    ++link_->in_flight;
  }
  auto done = [link = link_, generation](const Result<Outcome>& outcome) {
    {
      const std::lock_guard lock(link->mutex);
      --link->in_flight;
      if (!outcome && link->generation == generation) {
        ++link->generation;
        link->agent_removed = outcome.error().code == Errc::NotFound;
      }
    }
    link->landed.notify_all();
  };
  if (engine_.submit_waiting(Discover{agent, std::move(batch)}, done, stop)) return Taken::Yes;
  const std::lock_guard lock(link_->mutex);
  --link_->in_flight;
  return Taken::Stopped;
}

void EngineSink::report(SourceReport report) {
  const std::lock_guard lock(link_->mutex);
  report_ = std::move(report);
  report_told_ = false;
  tell();
}

bool EngineSink::look(const State& state) {
  const std::lock_guard lock(link_->mutex);
  tell();
  if (removal_noticed_ || state.agents.contains(link_->agent.uuid)) return false;
  removal_noticed_ = true;
  if (!link_->agent_removed) {
    link_->agent_removed = true;
    ++link_->generation;
  }
  return true;
}

// Reports are told in order, so the lock is kept; the engine takes them at once or not at all. When
// it does not, its queue is full, and it will publish and be looked at again.
void EngineSink::tell() {
  if (report_told_ || !report_) return;
  report_told_ = engine_.submit_waiting(
      ReportSource{link_->agent, *report_}, [](const Result<Outcome>&) {}, [] { return true; });
}

}  // namespace storm
