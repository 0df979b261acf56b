#include <atomic>

#include "core/engine/apply.hpp"
#include "core/engine/store_writer.hpp"
#include "engine_fixture.hpp"

using namespace storm;
using namespace storm::test;

namespace {

// A memory store that can be told to be full.
class FillingStorage final : public Storage {
 public:
  Result<void> load(std::string_view space, const std::function<Result<void>(Row)>& each) override {
    return inner_.load(space, each);
  }
  Result<void> apply(const Transaction& transaction) override {
    if (full) return Error{Errc::NoSpace, "the disk is full"};
    return inner_.apply(transaction);
  }
  bool durable() const override { return true; }

  std::atomic<bool> full{false};

 private:
  MemoryStorage inner_;
};

}  // namespace

TEST_CASE("durability: everything comes back from the store as it was", "[engine]") {
  EngineFixture f;
  const Id agent = f.agent("prod");
  DiscoveredResource task = f.task("a");
  task.snapshot = std::make_shared<const std::string>("{\"x\": 1.50}");
  f.discover(agent, {.upserts = {task, f.task("b")}});
  f.create(
      EntityKind::Group,
      R"({"name":"g","query":{"image":"redis:7"},"services":[{"name":"s","protocol":"udp","port":1}],"exclude":["b"]})");
  f.create(EntityKind::Application, R"({"name":"app","components":["g"],"expose":["g[s]"]})");
  f.create(EntityKind::Procedure,
           R"({"type":"swarm","name":"p","content":"- a","params":{"x":1}})");
  REQUIRE(f.engine->execute(ExecuteProcedure{"p", json(R"({"target":"a"})")}));
  REQUIRE(f.engine->execute(AttachProcedure{"p", json(R"({"group":"g"})")}));
  const Snapshot before = f.engine->snapshot();
  f.restart();
  const Snapshot after = f.engine->snapshot();
  CHECK(after->revision == before->revision);
  for (const EntityKind kind : kAllEntityKinds) {
    const std::vector<Id> ids = before->listed(kind);
    CHECK(ids == after->listed(kind));
    if (kind == EntityKind::Resource || kind == EntityKind::Agent) continue;
    for (const Id& id : ids) CHECK(before->value_of(id) == after->value_of(id));
  }
  CHECK(f.members("g") == std::vector<std::string>{"a"});
  CHECK(before->events.size() == after->events.size());
  const Resource& resource = **after->resources.get(resource_id(agent, "a").uuid);
  CHECK(*resource.snapshot == "{\"x\": 1.50}");
  CHECK(resource.stale);
  CHECK_FALSE((*after->agents.get(agent.uuid))->online);
}

TEST_CASE(
    "durability: a full store refuses what people write, keeps what is discovered, and recovers",
    "[engine]") {
  EngineFixture f;
  auto filling = std::make_shared<FillingStorage>();
  f.engine.reset();
  f.storage = filling;
  f.restart();
  const Id agent = f.agent("prod");
  f.create(EntityKind::Group, R"({"name":"kept","query":{"type":"swarm-task"}})");
  const std::uint64_t revision = f.engine->snapshot()->revision;
  filling->full = true;
  const Error error = f.refuse(
      CreateEntity{EntityKind::Group, json(R"({"name":"lost","query":{"type":"swarm-task"}})")});
  CHECK(error.code == Errc::NoSpace);
  CHECK(f.engine->snapshot()->revision == revision);
  CHECK_FALSE(f.engine->snapshot()->find(EntityKind::Group, "lost"));
  f.discover(agent, {.upserts = {f.task("a")}});
  CHECK(f.members("kept") == std::vector<std::string>{"a"});
  CHECK_FALSE(f.engine->store_health());
  filling->full = false;
  f.create(EntityKind::Group, R"({"name":"lost","query":{"type":"swarm-task"}})");
  CHECK(f.members("lost") == std::vector<std::string>{"a"});
  f.restart();
  CHECK(f.engine->snapshot()->find(EntityKind::Resource, "a"));
  CHECK(f.engine->snapshot()->find(EntityKind::Group, "lost"));
}

TEST_CASE("durability: revisions never repeat, even when the last were not noted", "[engine]") {
  EngineFixture f;
  const Id agent = f.agent("prod");
  f.discover(agent, {.upserts = {f.task("a")}});
  const std::uint64_t given_out = f.engine->snapshot()->revision;
  // As after a crash: another engine over what the store had, while the first never noted its end.
  auto second = Engine::create(*f.storage, f.clock, std::make_shared<OperatorSet>(), {});
  REQUIRE(second);
  CHECK((*second)->snapshot()->revision >= given_out);
}

TEST_CASE("durability: only the newest events are kept", "[engine]") {
  EngineFixture f;
  f.engine.reset();
  auto created = Engine::create(*f.storage, f.clock, std::make_shared<OperatorSet>(), {10, {}});
  REQUIRE(created);
  f.engine = std::move(*created);
  f.engine->start();
  for (int i = 0; i < 25; ++i)
    f.create(EntityKind::Group, "{\"name\":\"g" + std::to_string(i) + "\"}");
  const Snapshot state = f.engine->snapshot();
  CHECK(state->events.size() == 10);
  CHECK(state->events.begin()->first == state->revision - 9);
  f.engine.reset();
  std::size_t rows = 0;
  REQUIRE(f.storage->load("events", [&](Row) -> Result<void> {
    ++rows;
    return {};
  }));
  CHECK(rows == 10);
}

TEST_CASE("durability: what a crash left of a deleted agent's resources is cleared away",
          "[engine]") {
  EngineFixture f;
  const Id agent = f.agent("prod");
  f.discover(agent, {.upserts = {f.task("a"), f.task("b")}});
  f.engine.reset();
  Transaction deletion;
  deletion.deletes.push_back({"agents", to_base62(agent.uuid), {}});
  REQUIRE(f.storage->apply(deletion));
  f.restart();
  CHECK(f.engine->snapshot()->resources.empty());
  CHECK(f.engine->snapshot()->names.empty());
  f.engine.reset();
  std::size_t rows = 0;
  REQUIRE(f.storage->load("resources", [&](Row) -> Result<void> {
    ++rows;
    return {};
  }));
  CHECK(rows == 0);
}

TEST_CASE("durability: an agent with more resources than one transaction holds is deleted whole",
          "[engine]") {
  EngineFixture f;
  const Id agent = f.agent("prod");
  constexpr std::size_t kResources = kCommitRowsMax + 1000;
  DiscoveryBatch batch;
  for (std::size_t i = 0; i < kResources; ++i) batch.upserts.push_back(f.task(std::to_string(i)));
  f.discover(agent, std::move(batch));
  f.remove(EntityKind::Agent, "prod");
  CHECK(f.engine->snapshot()->resources.empty());
  f.restart();
  CHECK(f.engine->snapshot()->resources.empty());
}
