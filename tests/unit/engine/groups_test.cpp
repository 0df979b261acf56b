#include <map>
#include <random>
#include <set>

#include "core/engine/apply.hpp"
#include "core/engine/event_groups.hpp"
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
  CHECK(f.engine->snapshot()->group_counts.empty());
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

TEST_CASE("groups: memberships equal those of a naive evaluation after random changes",
          "[engine]") {
  const unsigned seed = GENERATE(11u, 12u, 13u);
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const auto pick = [&](std::initializer_list<const char*> words) {
    return words.begin()[random() % words.size()];
  };
  EngineFixture f;
  const Id agent = f.agent("prod");
  std::vector<std::string> queries = {
      R"({"type":"swarm-task"})",
      R"({"image":"library/redis:7"})",
      R"({"image":{"$in":["redis:7","postgres:9"]}})",
      R"({"type":"swarm-task","status":{"$ne":"running"}})",
      R"({"$or":[{"status":"error"},{"names":"name-3"}]})",
      R"({"host":"name-1"})",
      R"({"parent":{"$exists":true},"health":"healthy"})",
      R"({"snapshot.n":{"$gt":4}})",
      R"({"image":null})",
      R"({"$nor":[{"type":"swarm-node"}],"names":{"$in":["1","2","name-7"]}})",
  };
  for (std::size_t i = 0; i < queries.size(); ++i) {
    f.create(EntityKind::Group,
             "{\"name\":\"g" + std::to_string(i) + "\",\"query\":" + queries[i] + "}");
  }
  std::map<Uuid, std::set<Uuid>> followed;
  std::uint64_t seen = 0;
  for (int step = 0; step < 60; ++step) {
    DiscoveryBatch batch;
    for (int i = 0; i < 8; ++i) {
      const std::string uid = std::to_string(random() % 20);
      if (random() % 4 == 0) {
        batch.removals.push_back(uid);
        continue;
      }
      DiscoveredResource item =
          f.task(uid, pick({"library/redis:7", "library/postgres:9", "", "a/b:1"}));
      item.type = pick({"swarm-task", "swarm-task", "swarm-node"});
      item.status = static_cast<Status>(random() % 11);
      item.health = static_cast<Health>(random() % 3);
      if (random() % 2) item.host_uid = std::to_string(random() % 20);
      if (random() % 3 == 0) item.parent_uid = std::to_string(random() % 20);
      if (random() % 5 == 0) item.names = {uid, "renamed-" + std::to_string(random() % 5)};
      item.snapshot =
          std::make_shared<const std::string>("{\"n\":" + std::to_string(random() % 10) + "}");
      batch.upserts.push_back(std::move(item));
    }
    f.discover(agent, std::move(batch));
    if (step % 10 == 5) {
      const std::string name = "g" + std::to_string(random() % queries.size());
      REQUIRE(f.engine->execute(
          ReplaceEntity{EntityKind::Group, name,
                        json("{\"query\":" + queries[random() % queries.size()] + "}"), true}));
    }
    const Snapshot state = f.engine->snapshot();
    // Who follows the events knows the members without asking.
    for (auto at = state->events.lower_bound(seen + 1); at != state->events.end(); ++at) {
      const Event& event = *at->second;
      const GroupChanges changes = group_changes(*state, event);
      for (const Uuid& group : changes.joined)
        REQUIRE(followed[group].insert(event.entity.uuid).second);
      for (const Uuid& group : changes.left) REQUIRE(followed[group].erase(event.entity.uuid) == 1);
      for (const Uuid& group : changes.updated)
        REQUIRE(followed[group].contains(event.entity.uuid));
      for (const MemberMove& move : changes.moves) {
        std::set<Uuid>& members = followed[*group_of_number(*state, move.group)];
        if (move.joined) {
          REQUIRE(members.insert(move.resource).second);
        } else {
          REQUIRE(members.erase(move.resource) == 1);
        }
      }
      REQUIRE(changes.relisted.empty());
    }
    seen = state->revision;
    std::map<Uuid, std::uint32_t> counts;
    for (const auto& [uuid, live] : state->groups) {
      auto query = Query::parse(live.group->query, f.engine->operators());
      REQUIRE(query);
      for (const auto& [resource, item] : state->resources) {
        const bool expected = query->matches(*query_view(*state, item->id));
        INFO("step " << step << " group " << *live.group->name << " resource " << item->uid);
        REQUIRE(live.members.contains(resource) == expected);
        if (expected) ++counts[resource];
      }
      for (const Uuid& member : live.members) REQUIRE(state->resources.contains(member));
      REQUIRE(followed[uuid].size() == live.members.size());
    }
    REQUIRE(state->group_counts.size() == counts.size());
    for (const auto& [resource, count] : counts)
      REQUIRE(*state->group_counts.get(resource) == count);
  }
}
