#include <future>

#include "core/engine/apply.hpp"
#include "core/engine/event_groups.hpp"
#include "core/engine/load_state.hpp"
#include "core/engine/preparation.hpp"
#include "core/engine/restart_moves.hpp"
#include "engine_fixture.hpp"

using namespace storm;
using namespace storm::test;
using List = std::vector<std::string>;

TEST_CASE("groups: members follow the resources as they come, change and go", "[engine]") {
  EngineFixture f;
  const Id agent = f.agent("prod");
  f.discover(agent, {.upserts = {f.task("a", "library/redis:7")}});
  f.create(EntityKind::Group,
           R"({"name":"redis","query":{"type":"swarm-task","image":"library/redis:7"}})");
  CHECK(f.members("redis") == List{"a"});
  f.discover(agent,
             {.upserts = {f.task("b", "library/redis:7"), f.task("c", "library/postgres:9")}});
  CHECK(f.members("redis") == List{"a", "b"});
  f.discover(agent, {.upserts = {f.task("a", "library/redis:8")}});
  CHECK(f.members("redis") == List{"b"});
  f.discover(agent, {.removals = {"b"}});
  CHECK(f.members("redis").empty());
  CHECK(grouped_count(*f.engine->snapshot()) == 0);
}

TEST_CASE("groups: an image is found by its short form as well", "[engine]") {
  EngineFixture f;
  f.discover(f.agent("prod"), {.upserts = {f.task("a", "library/redis:7")}});
  f.create(EntityKind::Group, R"({"name":"short","query":{"image":"redis:7"}})");
  CHECK(f.members("short") == List{"a"});
}

TEST_CASE("groups: without query and include there are no members", "[engine]") {
  EngineFixture f;
  f.discover(f.agent("prod"), {.upserts = {f.task("a")}});
  f.create(EntityKind::Group, R"({"name":"empty"})");
  CHECK(f.members("empty").empty());
}

TEST_CASE("groups: include adds, exclude takes away, whatever the query says", "[engine]") {
  EngineFixture f;
  const Id agent = f.agent("prod");
  f.discover(agent, {.upserts = {f.task("a"), f.task("b"), f.task("c", "x")}});
  f.create(EntityKind::Group,
           R"({"name":"g","query":{"image":"library/redis:7"},"include":["c"],"exclude":["a"]})");
  CHECK(f.members("g") == List{"b", "c"});
  REQUIRE(f.engine->execute(ChangeMembers{"g", json(R"({"include":["a"],"exclude":["name-c"]})")}));
  CHECK(f.members("g") == List{"a", "b"});
}

TEST_CASE("groups: an included resource that goes and comes again is not included any more",
          "[engine]") {
  EngineFixture f;
  const Id agent = f.agent("prod");
  f.discover(agent, {.upserts = {f.task("a")}});
  const Id group = f.create(EntityKind::Group, R"({"name":"g","include":["a"]})");
  f.discover(agent, {.removals = {"a"}});
  CHECK(f.members("g").empty());
  CHECK(f.get(group).find("include")->as_array().empty());
}

TEST_CASE("groups: a query on a relation follows the names of what is referred to", "[engine]") {
  EngineFixture f;
  const Id agent = f.agent("prod");
  DiscoveredResource task = f.task("a");
  task.host_uid = "node";
  DiscoveredResource node = f.task("node", "");
  node.type = "swarm-node";
  node.names = {"node", "host-1"};
  f.create(EntityKind::Group, R"({"name":"on-host-1","query":{"host":"host-1"}})");
  f.discover(agent, {.upserts = {task}});
  CHECK(f.members("on-host-1").empty());
  f.discover(agent, {.upserts = {node}});
  CHECK(f.members("on-host-1") == List{"a"});
  node.names = {"node", "host-2"};
  f.discover(agent, {.upserts = {node}});
  CHECK(f.members("on-host-1").empty());
}

TEST_CASE("groups: a bad query is refused at its place", "[engine]") {
  EngineFixture f;
  const Error error =
      f.refuse(CreateEntity{EntityKind::Group, json(R"({"query":{"$or":[{"a":{"$regx":"x"}}]}})")});
  REQUIRE_FALSE(error.problems.empty());
  CHECK(error.problems.front().pointer == "/query/$or/0/a/$regx");
}

TEST_CASE("groups: one over many resources is put without holding the writer, and whole",
          "[engine]") {
  EngineFixture f;
  const Id agent = f.agent("prod");
  const int count = static_cast<int>(kTestsAtOnceMax) * 3;
  const auto item = [&](int i, int value) {
    DiscoveredResource resource = f.task(std::to_string(i));
    resource.snapshot = PackedText::raw(R"({"n":)" + std::to_string(value) + "}");
    return resource;
  };
  DiscoveryBatch batch;
  for (int i = 0; i < count; ++i) batch.upserts.push_back(item(i, i % 10));
  f.discover(agent, std::move(batch));
  const auto members = [&] {
    const Snapshot state = f.engine->snapshot();
    const auto uuid = state->find(EntityKind::Group, "big");
    return uuid ? member_count(*state, *state->groups.get(*uuid)) : 0;
  };

  // Changes that come while the group is prepared are seen whatever side they fall on.
  std::promise<Result<Outcome>> put;
  f.engine->submit(
      CreateEntity{EntityKind::Group, json(R"({"name":"big","query":{"snapshot.n":{"$lt":5}}})")},
      [&](Result<Outcome> outcome) { put.set_value(std::move(outcome)); });
  for (int i = 0; i < 200; ++i) f.discover(agent, {.upserts = {item(i, 100)}});
  REQUIRE(put.get_future().get());
  std::size_t expected = 0;
  for (int i = 200; i < count; ++i) expected += i % 10 < 5 ? 1 : 0;
  CHECK(members() == expected);

  // An edit, and one that is only tried.
  const auto edit = [&](bool dry_run) {
    return f.engine->execute(
        ReplaceEntity{EntityKind::Group, "big", json(R"({"query":{"snapshot.n":100}})"), true},
        dry_run);
  };
  const auto tried = edit(true);
  REQUIRE(tried);
  CHECK(member_count(*tried->snapshot, *tried->snapshot->groups.get(tried->id.uuid)) == 200);
  CHECK(members() == expected);
  REQUIRE(edit(false));
  CHECK(members() == 200);
}

namespace {

// Names of the groups that events after `revision` say are to be listed again.
List relisted_since(EngineFixture& f, std::uint64_t revision) {
  const Snapshot state = f.engine->snapshot();
  List names;
  for (auto at = state->events.lower_bound(revision + 1); at != state->events.end(); ++at) {
    for (const Uuid& group : group_changes(*state, *at->second).relisted)
      names.push_back(*state->groups.get(group)->group->name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

TEST_CASE("groups: a restart has those listed again whose members it changed, and no others",
          "[engine]") {
  EngineFixture f;
  const Id agent = f.agent("prod");
  DiscoveredResource child = f.task("child", "library/postgres:9");
  child.parent_uid = "a";
  f.discover(agent, {.upserts = {f.task("a"), f.task("b"), child}});
  const std::pair<const char*, const char*> groups[] = {
      {"fresh", R"({"stale":false})"},
      {"fresh-b", R"({"stale":false,"names":"b"})"},
      {"fresh-others", R"({"stale":false,"names":"nobody"})"},
      {"old-machines", R"({"stale":true,"type":"machine"})"},
      {"of-fresh", R"({"$group":"fresh"})"},
      {"of-others", R"({"$group":"fresh-others"})"},
      {"of-redis", R"({"$parent":{"image":"library/redis:7"}})"},
      {"of-stale", R"({"$parent":{"stale":true}})"},
      {"redis", R"({"image":"library/redis:7"})"},
      {"served", R"({"$owner":{"status":"online"},"type":"swarm-task"})"},
  };
  for (const auto& [name, query] : groups) {
    f.create(EntityKind::Group, R"({"name":")" + std::string(name) + R"(","query":)" + query + "}");
  }
  std::uint64_t before = f.engine->snapshot()->revision;
  f.restart();
  CHECK(relisted_since(f, before) == List{"fresh", "fresh-b", "of-fresh", "of-stale", "served"});

  SECTION("nothing happened since") {
    before = f.engine->snapshot()->revision;
    f.restart();
    CHECK(relisted_since(f, before).empty());
  }
  SECTION("one was told again") {
    f.discover(agent, {.upserts = {f.task("b")}});
    before = f.engine->snapshot()->revision;
    f.restart();
    CHECK(relisted_since(f, before) == List{"fresh", "fresh-b", "of-fresh"});
  }
}

TEST_CASE("groups: what a restart has no time to compare counts as changed", "[engine]") {
  EngineFixture f;
  f.discover(f.agent("prod"), {.upserts = {f.task("a")}});
  f.create(EntityKind::Group, R"({"name":"others","query":{"stale":false,"names":"nobody"}})");
  f.create(EntityKind::Group, R"({"name":"machines","query":{"stale":false,"type":"machine"}})");
  f.engine.reset();
  TextPacker packer;
  TextPool texts;
  const auto loaded = load_state(*f.storage, OperatorSet(), 100, packer, texts, f.clock.wall_now());
  REQUIRE(loaded);
  const Restarted restarted{.stale = {loaded->state.resources.begin()->first}, .offline = {}};
  CHECK(groups_changed(loaded->state, loaded->index, restarted).empty());
  const GroupNumbers changed = groups_changed(loaded->state, loaded->index, restarted, 0);
  // Of the machines the classes say enough.
  REQUIRE(changed.size() == 1);
  const Uuid& group = *loaded->state.group_numbers.get(changed.front());
  CHECK(*loaded->state.groups.get(group)->group->name == "others");
}
