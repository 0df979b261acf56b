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

// Gives the fixture a store that can be full.
std::shared_ptr<FillingStorage> with_filling_store(EngineFixture& f) {
  auto filling = std::make_shared<FillingStorage>();
  f.engine.reset();
  f.storage = filling;
  f.restart();
  return filling;
}

}  // namespace

TEST_CASE("durability: everything comes back from the store as it was", "[engine]") {
  EngineFixture f;
  const Id agent = f.agent("prod");
  DiscoveredResource task = f.task("a");
  task.snapshot = PackedText::raw("{\"x\": 1.50}");
  f.discover(agent, {.upserts = {task, f.task("b")}});
  f.create(
      EntityKind::Group,
      R"({"name":"g","query":{"image":"redis:7"},"services":[{"name":"s","protocol":"udp","port":1}],"exclude":["b"]})");
  f.create(EntityKind::Application, R"({"name":"app","components":["g"],"expose":["g[s]"]})");
  f.create(EntityKind::Procedure,
           R"({"type":"swarm","name":"p","content":"- a","params":{"x":1}})");
  REQUIRE(f.engine->execute(ExecuteProcedure{"p", json(R"({"target":"a"})")}));
  REQUIRE(f.engine->execute(AttachProcedure{"p", json(R"({"group":"g"})")}));
  f.create(EntityKind::View, R"({"name":"v","group":"g","measure":"top","by":["type","status"]})");
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
  CHECK(resource.snapshot.text() == "{\"x\": 1.50}");
  CHECK(resource.stale);
  CHECK_FALSE((*after->agents.get(agent.uuid))->online);
}

TEST_CASE(
    "durability: a full store refuses what people write, keeps what is discovered, and recovers",
    "[engine]") {
  EngineFixture f;
  const auto filling = with_filling_store(f);
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

TEST_CASE("durability: after a crash it is known who was told of more than the store has",
          "[engine]") {
  EngineFixture f;
  const auto filling = with_filling_store(f);
  const Id agent = f.agent("prod");
  f.create(EntityKind::Group, R"({"name":"stored"})");
  const std::uint64_t stored = f.engine->snapshot()->revision;
  filling->full = true;
  f.discover(agent, {.upserts = {f.task("a")}});
  const std::uint64_t told = f.engine->snapshot()->revision;
  const auto is_unsure = [](const State& state, std::uint64_t cursor) {
    return cursor > state.unsure_after && cursor < state.unsure_before;
  };
  auto crashed = Engine::create(*f.storage, f.clock, std::make_shared<OperatorSet>(), {});
  REQUIRE(crashed);
  CHECK(is_unsure(*(*crashed)->snapshot(), told));
  CHECK_FALSE(is_unsure(*(*crashed)->snapshot(), stored));
  filling->full = false;
  f.restart();  // which ends the first one well
  CHECK_FALSE(is_unsure(*f.engine->snapshot(), told));
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
  const auto last_of = [&] {
    std::uint64_t last = 0;
    for (const auto& [number, event] : f.engine->snapshot()->events) {
      if (event->type == EventType::Deleted) last = number;
    }
    return last;
  };
  const std::uint64_t last_deletion = last_of();
  f.restart();
  CHECK(f.engine->snapshot()->resources.empty());
  CHECK(last_of() == last_deletion);
}

namespace {

std::string snapshot_of(unsigned number) {
  std::string text = "{\"ID\":\"" + std::to_string(number * 7919) + "\"";
  for (unsigned i = 0; i < 10; ++i) {
    text += ",\"ContainerSpecification" + std::to_string(i) +
            "\":{\"Value\":" + std::to_string(number * (i + 1)) + "}";
  }
  return text + "}";
}

constexpr unsigned kPackedResources = kTrainingTexts + 200;

// Enough of them that a dictionary is trained.
Id discover_many(EngineFixture& f) {
  const Id agent = f.agent("prod");
  DiscoveryBatch batch{.scope = "all"};
  for (unsigned i = 0; i < kPackedResources; ++i) {
    DiscoveredResource task = f.task("t" + std::to_string(i));
    task.snapshot = PackedText::raw(snapshot_of(i));
    batch.upserts.push_back(std::move(task));
  }
  f.discover(agent, std::move(batch));
  return agent;
}

std::vector<Row> dictionaries(Storage& storage) {
  std::vector<Row> rows;
  REQUIRE(storage.load(kDictionarySpace, [&](Row row) -> Result<void> {
    rows.push_back(std::move(row));
    return {};
  }));
  return rows;
}

}  // namespace

TEST_CASE("durability: packed snapshots come back with their dictionary, which goes when unused",
          "[engine]") {
  EngineFixture f;
  const Id agent = discover_many(f);
  f.restart();
  CHECK(dictionaries(*f.storage).size() == 1);
  std::size_t packed = 0;
  const Snapshot state = f.engine->snapshot();
  for (unsigned i = 0; i < kPackedResources; ++i) {
    const auto* found = state->resources.get(resource_id(agent, "t" + std::to_string(i)).uuid);
    REQUIRE(found);
    const PackedText& snapshot = (*found)->snapshot;
    REQUIRE(snapshot.text() == snapshot_of(i));
    packed += snapshot.dictionary() ? 1 : 0;
  }
  CHECK(packed > 100);
  f.remove(EntityKind::Agent, "prod");
  f.restart();
  CHECK(dictionaries(*f.storage).empty());
}

TEST_CASE("durability: a lost dictionary costs the resources that need it and nothing else",
          "[engine]") {
  EngineFixture f;
  discover_many(f);
  f.restart();
  std::size_t packed = 0;
  const Snapshot state = f.engine->snapshot();
  for (const auto& [uuid, resource] : state->resources) {
    packed += resource->snapshot.dictionary() ? 1 : 0;
  }
  f.engine->stop();
  Transaction damage;
  damage.puts = dictionaries(*f.storage);
  REQUIRE(damage.puts.size() == 1);
  char& byte = damage.puts.front().value.at(damage.puts.front().value.size() / 2);
  byte = static_cast<char>(byte ^ 1);
  REQUIRE(f.storage->apply(damage));
  const auto rows = [&] {
    std::size_t count = 0;
    REQUIRE(f.storage->load("resources", [&](Row) -> Result<void> {
      ++count;
      return {};
    }));
    return count;
  };
  f.restart();
  CHECK(f.engine->snapshot()->resources.size() == kPackedResources - packed);
  f.engine->stop();
  CHECK(rows() == kPackedResources);  // what cannot be read is not thrown away
  f.restart();
  discover_many(f);
  CHECK(f.engine->snapshot()->resources.size() == kPackedResources);
}

TEST_CASE("durability: rows that cannot be read keep the dictionary that they may need",
          "[engine]") {
  EngineFixture f;
  discover_many(f);
  f.restart();
  f.engine->stop();
  Transaction damage;
  REQUIRE(f.storage->load("resources", [&](Row row) -> Result<void> {
    row.value.insert(0, "no JSON");
    damage.puts.push_back(std::move(row));
    return {};
  }));
  REQUIRE(f.storage->apply(damage));
  f.restart();
  CHECK(f.engine->snapshot()->resources.empty());
  f.engine->stop();
  CHECK(dictionaries(*f.storage).size() == 1);
}

TEST_CASE("durability: plain snapshots of an older store are read", "[engine]") {
  EngineFixture f;
  const Id id = Id::random(EntityKind::Resource);
  const std::string snapshot = snapshot_of(1);
  Transaction old;
  old.puts.push_back({"resources", to_base62(id.uuid),
                      R"({"type":"t","names":["old"],"has_snapshot":true})"
                      "\n" +
                          snapshot});
  REQUIRE(f.storage->apply(old));
  f.restart();
  const Snapshot state = f.engine->snapshot();
  REQUIRE(state->resources.get(id.uuid));
  CHECK((*state->resources.get(id.uuid))->snapshot.text() == snapshot);
}
