#include "core/engine/apply.hpp"
#include "engine_fixture.hpp"

using namespace storm;
using namespace storm::test;

namespace {

std::size_t count_stale(const Snapshot& state) {
  std::size_t stale = 0;
  for (const auto& [uuid, resource] : state->resources) stale += resource->stale ? 1 : 0;
  return stale;
}

}  // namespace

TEST_CASE(
    "discovery: a complete listing removes what it did not mention, a broken one removes nothing",
    "[engine]") {
  EngineFixture f;
  const Id agent = f.agent("prod");
  f.discover(agent, {.epoch = 1, .sync_begin = true, .upserts = {f.task("a"), f.task("b")}});
  f.discover(agent, {.epoch = 1, .sync_end = true, .upserts = {f.task("c")}});
  CHECK(f.engine->snapshot()->resources.size() == 3);
  f.discover(agent, {.epoch = 2, .sync_begin = true, .upserts = {f.task("a")}});
  CHECK(f.engine->snapshot()->resources.size() == 3);
  // Overtaken by another listing: its end proves nothing.
  f.discover(agent, {.epoch = 3, .sync_begin = true, .upserts = {f.task("a")}});
  f.discover(agent, {.epoch = 2, .sync_end = true});
  CHECK(f.engine->snapshot()->resources.size() == 3);
  f.discover(agent, {.epoch = 3, .sync_end = true});
  CHECK(f.engine->snapshot()->resources.size() == 1);
  CHECK(f.engine->snapshot()->find(EntityKind::Resource, "a"));
}

TEST_CASE("discovery: a listing prunes its own scope and agent only", "[engine]") {
  EngineFixture f;
  const Id one = f.agent("one"), two = f.agent("two");
  f.discover(one, {.scope = "x", .upserts = {f.task("a")}});
  f.discover(one, {.scope = "y", .upserts = {f.task("b")}});
  f.discover(two, {.scope = "x", .upserts = {f.task("a")}});
  f.discover(one, {.scope = "x", .epoch = 1, .sync_begin = true, .sync_end = true});
  const Snapshot state = f.engine->snapshot();
  CHECK(state->resources.size() == 2);
  CHECK(state->resources.contains(resource_id(two, "a").uuid));
}

TEST_CASE("discovery: a doubtful source keeps its resources, stale, until it lists again",
          "[engine]") {
  EngineFixture f;
  const Id agent = f.agent("prod");
  f.discover(agent, {.upserts = {f.task("a"), f.task("b")}});
  f.discover(agent, {.stale = true});
  CHECK(count_stale(f.engine->snapshot()) == 2);
  f.discover(
      agent,
      {.epoch = 5, .sync_begin = true, .sync_end = true, .upserts = {f.task("a"), f.task("b")}});
  CHECK(count_stale(f.engine->snapshot()) == 0);
}

TEST_CASE("discovery: what says nothing new makes no event", "[engine]") {
  EngineFixture f;
  const Id agent = f.agent("prod");
  f.discover(agent, {.upserts = {f.task("a")}});
  const std::uint64_t revision = f.engine->snapshot()->revision;
  f.discover(agent, {.upserts = {f.task("a")}});
  CHECK(f.engine->snapshot()->revision == revision);
  DiscoveredResource changed = f.task("a");
  changed.status = Status::Stopped;
  f.discover(agent, {.upserts = {changed}});
  CHECK(f.engine->snapshot()->revision == revision + 1);
}

TEST_CASE("discovery: an answer with an older revision of the provider is dropped", "[engine]") {
  EngineFixture f;
  const Id agent = f.agent("prod");
  DiscoveredResource task = f.task("a");
  task.provider_revision = 10;
  f.discover(agent, {.upserts = {task}});
  task.provider_revision = 9;
  task.status = Status::Error;
  f.discover(agent, {.upserts = {task}});
  const Snapshot state = f.engine->snapshot();
  CHECK((*state->resources.get(resource_id(agent, "a").uuid))->status == Status::Running);
}

TEST_CASE("discovery: of a resource that is stale an older revision of the provider is taken",
          "[engine]") {
  EngineFixture f;
  const Id agent = f.agent("prod");
  DiscoveredResource task = f.task("a");
  task.provider_revision = 10;
  f.discover(agent, {.upserts = {task}});
  f.discover(agent, {.stale = true});
  task.provider_revision = 9;
  task.status = Status::Error;
  f.discover(agent, {.upserts = {task}});
  const Shared<Resource> taken = *f.engine->snapshot()->resources.get(resource_id(agent, "a").uuid);
  CHECK(taken->status == Status::Error);
  CHECK_FALSE(taken->stale);
}

TEST_CASE("discovery: relations are known before what they refer to", "[engine]") {
  EngineFixture f;
  const Id agent = f.agent("prod");
  DiscoveredResource task = f.task("a");
  task.parent_uid = "service";
  f.discover(agent, {.upserts = {task}});
  DiscoveredResource service = f.task("service");
  service.type = "swarm-service";
  f.discover(agent, {.upserts = {service}});
  const Snapshot state = f.engine->snapshot();
  const Id parent = *(*state->resources.get(resource_id(agent, "a").uuid))->parent;
  CHECK(state->exists(parent));
}

TEST_CASE("discovery: secrets are replaced before anything of them is kept", "[engine]") {
  EngineFixture f;
  const Id agent = f.agent("prod");
  DiscoveredResource task = f.task("a");
  task.snapshot = PackedText::raw(R"({"Env":["PASSWORD=hunter2"]})");
  f.discover(agent, {.upserts = {task}});
  const Snapshot state = f.engine->snapshot();
  CHECK((*state->resources.get(resource_id(agent, "a").uuid))->snapshot.text().find("hunter2") ==
        std::string::npos);
}

TEST_CASE("discovery: resources are listed by type, then names", "[engine]") {
  EngineFixture f;
  const Id agent = f.agent("prod");
  DiscoveredResource node = f.task("z");
  node.type = "swarm-node";
  f.discover(agent, {.upserts = {f.task("b"), node, f.task("a")}});
  std::vector<std::string> order;
  for (const auto& resource : f.engine->snapshot()->ordered_resources)
    order.emplace_back(resource->names.front());
  CHECK(order == std::vector<std::string>{"z", "a", "b"});
}

TEST_CASE("discovery: a name that two resources share finds none of them", "[engine]") {
  EngineFixture f;
  const Id agent = f.agent("prod");
  DiscoveredResource one = f.task("a"), two = f.task("b");
  one.names = {"a", "same"};
  two.names = {"b", "same"};
  f.discover(agent, {.upserts = {one, two}});
  const Snapshot state = f.engine->snapshot();
  CHECK_FALSE(state->find(EntityKind::Resource, "same"));
  CHECK(state->require(EntityKind::Resource, "same").error().code == Errc::NotFound);
  f.discover(agent, {.removals = {"b"}});
  CHECK(f.engine->snapshot()->find(EntityKind::Resource, "same"));
}

TEST_CASE("discovery: an agent that retires is offline and what it knew is stale", "[engine]") {
  EngineFixture f;
  const Id agent = f.agent("prod");
  f.discover(agent, {.upserts = {f.task("a")}});
  REQUIRE(f.engine->execute(RetireAgent{agent}));
  CHECK(f.get(agent).find("status")->as_string() == "offline");
  CHECK(count_stale(f.engine->snapshot()) == 1);
}

TEST_CASE("discovery: an agent begins so many listings before it completes one", "[engine]") {
  EngineFixture f;
  const Id agent = f.agent("prod"), other = f.agent("other");
  const auto begin = [&](const Id& of, std::size_t scope) {
    return f.engine->execute(
        Discover{of, {.scope = std::to_string(scope), .epoch = 1, .sync_begin = true}});
  };
  for (std::size_t i = 0; i < kListingsMax; ++i) REQUIRE(begin(agent, i));
  const auto refused = begin(agent, kListingsMax);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::Conflict);
  CHECK(begin(agent, 0));  // anew
  CHECK(begin(other, 0));
  f.discover(agent, {.scope = "0", .epoch = 1, .sync_end = true});
  CHECK(begin(agent, kListingsMax));
}
