#include "core/daemon/engine_sink.hpp"

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <thread>

#include "catch.hpp"
#include "core/storage/memory_storage.hpp"

using namespace storm;

namespace {

constexpr auto kDeadline = std::chrono::seconds(20);

// An engine that shows a sink each state that it publishes, and that can be held there.
struct Shown {
  Shown() {
    auto created = Engine::create(storage, clock, std::make_shared<OperatorSet>(), {});
    REQUIRE(created);
    engine = std::move(*created);
    engine->on_publish([this] {
      if (hold.exchange(false)) {
        held.set_value();
        released.get_future().wait_for(kDeadline);
      }
      if (EngineSink* const to = looking) to->look(*engine->snapshot());
    });
    engine->start();
    agent = register_agent();
    sink = std::make_shared<EngineSink>(*engine, registration, agent);
  }
  ~Shown() { engine->stop(); }

  Id register_agent() {
    const auto registered = engine->execute(registration);
    REQUIRE(registered);
    return registered->id;
  }
  bool exists() const { return engine->snapshot()->agents.contains(agent.uuid); }
  SourceState source() const {
    return (*engine->snapshot()->agents.get(agent.uuid))->source->state;
  }
  Taken publish(bool whole_listing) const {
    DiscoveryBatch batch;
    batch.sync_begin = batch.sync_end = whole_listing;
    return sink->publish(std::move(batch), [] { return false; });
  }

  MemoryStorage storage;
  ManualClock clock;
  std::unique_ptr<Engine> engine;
  const RegisterAgent registration{"fixture", "prod", Value::object()};
  Id agent;
  std::shared_ptr<EngineSink> sink;
  std::atomic<EngineSink*> looking = nullptr;
  std::atomic<bool> hold = false;
  std::promise<void> held, released;
};

}  // namespace

TEST_CASE("engine sink: a report for which the engine had no room is told later", "[daemon]") {
  Shown shown;
  shown.looking = shown.sink.get();
  shown.hold = true;
  shown.engine->submit(Heartbeat{"prod"}, [](const Result<Outcome>&) {});
  REQUIRE(shown.held.get_future().wait_for(kDeadline) == std::future_status::ready);
  bool full = false;
  for (std::size_t i = 0; i <= kCommandsMax && !full; ++i) {
    shown.engine->submit(Heartbeat{"prod"}, [&](const Result<Outcome>& outcome) {
      if (!outcome) full = true;
    });
  }
  REQUIRE(full);
  shown.sink->report({SourceState::Live, "listed", Value()});
  CHECK(shown.source() == SourceState::Connecting);
  shown.released.set_value();
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (shown.source() != SourceState::Live && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  CHECK(shown.source() == SourceState::Live);
}

TEST_CASE("engine sink: an agent that is deleted is noticed once, and comes back with a listing",
          "[daemon]") {
  Shown shown;
  shown.sink->report({SourceState::Live, "listed", Value()});
  for (int round = 0; round < 2; ++round) {
    CHECK(shown.publish(true) == Taken::Yes);
    CHECK_FALSE(shown.sink->look(*shown.engine->snapshot()));
    REQUIRE(shown.engine->execute(DeleteEntity{EntityKind::Agent, "prod"}));
    REQUIRE_FALSE(shown.exists());
    CHECK(shown.sink->look(*shown.engine->snapshot()));
    CHECK_FALSE(shown.sink->look(*shown.engine->snapshot()));
    CHECK(shown.publish(false) == Taken::Relist);
    CHECK_FALSE(shown.exists());
  }
  CHECK(shown.publish(true) == Taken::Yes);
  REQUIRE(shown.engine->execute(Heartbeat{"prod"}));
  REQUIRE(shown.exists());
  CHECK(shown.source() == SourceState::Live);
}
