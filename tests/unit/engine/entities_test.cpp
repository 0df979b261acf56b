#include <atomic>
#include <functional>
#include <future>
#include <thread>

#include "engine_fixture.hpp"

using namespace storm;
using namespace storm::test;

using List = std::vector<std::string>;

TEST_CASE("engine: an entity is found by its id and by its name", "[engine]") {
  EngineFixture f;
  const Id id = f.create(EntityKind::Group, R"({"name":"web"})");
  const Snapshot state = f.engine->snapshot();
  CHECK(state->find(EntityKind::Group, "web") == id.uuid);
  CHECK(state->find(EntityKind::Group, id.to_string()) == id.uuid);
  CHECK_FALSE(state->find(EntityKind::Application, "web"));
  CHECK(state->require(EntityKind::Group, "wed").error().message == "group \"wed\" not found");
  CHECK(state->near_names(EntityKind::Group, "wed") == List{"web"});
}

TEST_CASE("engine: names are unique within a collection and free again when given up", "[engine]") {
  EngineFixture f;
  f.create(EntityKind::Group, R"({"name":"web"})");
  CHECK(faults(f.refuse(CreateEntity{EntityKind::Group, json(R"({"name":"web"})")})) ==
        "/name: This field must be unique.\n");
  f.create(EntityKind::Application, R"({"name":"web"})");
  REQUIRE(f.engine->execute(ReplaceEntity{EntityKind::Group, "web", json(R"({"name":"other"})")}));
  f.create(EntityKind::Group, R"({"name":"web"})");
}

TEST_CASE("engine: each change is one event under a revision of its own", "[engine]") {
  EngineFixture f;
  const std::uint64_t before = f.engine->snapshot()->revision;
  const Id id = f.create(EntityKind::Group, R"({"name":"web"})");
  f.remove(EntityKind::Group, "web");
  const Snapshot state = f.engine->snapshot();
  CHECK(state->revision == before + 2);
  REQUIRE(state->events.size() == 2);
  const Event& created = **state->events.get(before + 1);
  CHECK(created.type == EventType::Created);
  CHECK(created.entity == id);
  CHECK(created.names == List{"web"});
  CHECK((*state->events.get(before + 2))->type == EventType::Deleted);
}

TEST_CASE("engine: a dry run answers what would be and changes nothing", "[engine]") {
  EngineFixture f;
  auto outcome =
      f.engine->execute(CreateEntity{EntityKind::Group, json(R"({"name":"web"})")}, true);
  REQUIRE(outcome);
  CHECK(outcome->snapshot->find(EntityKind::Group, "web"));
  CHECK_FALSE(f.engine->snapshot()->find(EntityKind::Group, "web"));
  f.create(EntityKind::Group, R"({"name":"web"})");
}

TEST_CASE("engine: a put replaces, a patch changes what it names", "[engine]") {
  EngineFixture f;
  const Id id =
      f.create(EntityKind::Group,
               R"({"name":"web","services":[{"name":"http","protocol":"tcp","port":80}]})");
  REQUIRE(
      f.engine->execute(ReplaceEntity{EntityKind::Group, "web", json(R"({"name":"net"})"), true}));
  CHECK(f.get(id).find("services")->as_array().size() == 1);
  REQUIRE(f.engine->execute(ReplaceEntity{EntityKind::Group, "net", json(R"({"name":"net"})")}));
  CHECK(f.get(id).find("services")->as_array().empty());
  CHECK(f.refuse(ReplaceEntity{EntityKind::Group, "web", json("{}")}).code == Errc::NotFound);
}

TEST_CASE("engine: references in bodies are ids or names, and what is not there is named",
          "[engine]") {
  EngineFixture f;
  const Id group =
      f.create(EntityKind::Group,
               R"({"name":"db","services":[{"name":"pg","protocol":"tcp","port":5432}]})");
  f.create(EntityKind::Group, R"({"name":"web"})");
  const Id app =
      f.create(EntityKind::Application, R"({"name":"a","components":["web => db[pg]"]})");
  const Value value = f.get(app);
  CHECK(value.find("links")->as_array()[0].find("to_component")->as_string() == group.to_string());
  CHECK(
      faults(f.refuse(CreateEntity{EntityKind::Application,
                                   json(R"({"components":["fake => db[pg]","web => db[x]"]})")})) ==
      "/components/0: Document with id=fake does not exist.\n"
      "/components/1: group \"db\" has no service \"x\"; it has pg\n");
  CHECK(faults(f.refuse(CreateEntity{EntityKind::Application,
                                     json(R"({"components":["web"],"expose":["db[pg]"]})")})) ==
        "/expose/0: \"db\" is not a component of this application.\n");
  CHECK(faults(f.refuse(CreateEntity{EntityKind::Group, json(R"({"include":["nobody"]})")})) ==
        "/include/0: Document with id=nobody does not exist.\n");
}

TEST_CASE("engine: deleting an agent deletes its resources, and theirs with them", "[engine]") {
  EngineFixture f;
  const Id agent = f.agent("prod");
  f.discover(agent, {.upserts = {f.task("one"), f.task("two")}});
  const Id group =
      f.create(EntityKind::Group, R"({"name":"g","include":["one"],"exclude":["two"]})");
  const Id procedure = f.create(EntityKind::Procedure, R"({"type":"swarm","name":"p"})");
  const Id job = f.create(EntityKind::Job, R"({"type":"swarm","target":"one","procedure":"p"})");
  const Id subscription =
      f.create(EntityKind::Subscription, R"({"group":"g","procedure":"p","target":"two"})");
  f.remove(EntityKind::Agent, "prod");
  CHECK(f.engine->snapshot()->resources.empty());
  CHECK(f.engine->snapshot()->ordered_resources.empty());
  CHECK(f.get(job).is_null());
  CHECK(f.get(subscription).is_null());
  CHECK(f.get(group).find("include")->as_array().empty());
  CHECK(f.get(group).find("exclude")->as_array().empty());
  CHECK_FALSE(f.get(procedure).is_null());
}

TEST_CASE(
    "engine: deleting a procedure deletes its jobs and subscriptions, a group its subscriptions",
    "[engine]") {
  EngineFixture f;
  f.create(EntityKind::Group, R"({"name":"g"})");
  f.create(EntityKind::Procedure, R"({"type":"swarm","name":"p"})");
  const Id job = f.engine->execute(ExecuteProcedure{"p", json("{}")})->id;
  const Id one = f.engine->execute(AttachProcedure{"p", json(R"({"group":"g"})")})->id;
  f.remove(EntityKind::Group, "g");
  CHECK(f.get(one).is_null());
  f.create(EntityKind::Group, R"({"name":"g"})");
  const Id two = f.engine->execute(AttachProcedure{"p", json(R"({"group":"g"})")})->id;
  f.remove(EntityKind::Procedure, "p");
  CHECK(f.get(job).is_null());
  CHECK(f.get(two).is_null());
}

TEST_CASE("engine: a group that is deleted leaves the applications that were drawn with it",
          "[engine]") {
  EngineFixture f;
  f.create(EntityKind::Group,
           R"({"name":"db","services":[{"name":"pg","protocol":"tcp","port":5432}]})");
  f.create(EntityKind::Group, R"({"name":"web"})");
  const Id app =
      f.create(EntityKind::Application, R"({"components":["web => db[pg]"],"expose":["db[pg]"]})");
  f.remove(EntityKind::Group, "db");
  CHECK(f.get(app).find("components")->as_array().size() == 1);
  CHECK(f.get(app).find("links")->as_array().empty());
  CHECK(f.get(app).find("expose")->as_array().empty());
}

TEST_CASE("engine: of 64 agents that race for one job exactly one gets it", "[engine][threads]") {
  EngineFixture f;
  const Id agent = f.agent("prod");
  const Id job = f.create(EntityKind::Job, R"({"type":"swarm"})");
  std::atomic<int> taken{0}, conflicts{0};
  {
    std::vector<std::future<void>> racers;
    for (int i = 0; i < 64; ++i) {
      racers.push_back(std::async(std::launch::async, [&] {
        auto outcome =
            f.engine->execute(ChangeJob{job.to_string(), ChangeJob::Action::Handle,
                                        Value(Value::Object{{"owner", agent.to_string()}})});
        if (outcome) {
          ++taken;
        } else if (outcome.error().code == Errc::Conflict) {
          ++conflicts;
        }
      }));
    }
  }
  CHECK(taken == 1);
  CHECK(conflicts == 63);
}

TEST_CASE("engine: a job goes from pending over running to its end, and no other way", "[engine]") {
  EngineFixture f;
  f.agent("prod");
  const Id id = f.create(EntityKind::Job, R"({"type":"swarm"})");
  const auto change = [&](ChangeJob::Action action, std::string_view body) {
    return f.engine->execute(ChangeJob{id.to_string(), action, json(body)});
  };
  CHECK(change(ChangeJob::Action::Complete, "{}").error().code == Errc::Conflict);
  CHECK(faults(change(ChangeJob::Action::Handle, "{}").error()) ==
        "/owner: This field is required.\n");
  CHECK(faults(change(ChangeJob::Action::Handle, R"({"owner":"x"})").error()) ==
        "/owner: Document with id=x does not exist.\n");
  REQUIRE(change(ChangeJob::Action::Handle, R"({"owner":"prod"})"));
  REQUIRE(change(ChangeJob::Action::Fail, R"({"result":"broken"})"));
  CHECK(f.get(id).find("status")->as_string() == "error");
  CHECK(f.get(id).find("result")->as_string() == "broken");
  CHECK(change(ChangeJob::Action::Complete, "{}").error().code == Errc::Conflict);
}

TEST_CASE("engine: an agent that is silent for 61 seconds is offline and its job is pending again",
          "[engine]") {
  EngineFixture f;
  const Id agent = f.create(EntityKind::Agent, R"({"type":"remote","name":"r"})");
  const Id job = f.create(EntityKind::Job, R"({"type":"swarm"})");
  REQUIRE(f.engine->execute(
      ChangeJob{job.to_string(), ChangeJob::Action::Handle, json(R"({"owner":"r"})")}));
  f.clock.advance(61 * kNanosecondsPerSecond);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (f.get(agent).find("status")->as_string() == "online" &&
         std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  CHECK(f.get(agent).find("status")->as_string() == "offline");
  CHECK(f.get(job).find("status")->as_string() == "pending");
  CHECK(f.get(job).find("owner")->is_null());
  CHECK(faults(f.refuse(
            ChangeJob{job.to_string(), ChangeJob::Action::Handle, json(R"({"owner":"r"})")})) ==
        "/owner: This agent is offline.\n");
  REQUIRE(f.engine->execute(Heartbeat{"r"}));
  CHECK(f.get(agent).find("status")->as_string() == "online");
}

namespace {

// The wall's clock can be set; the other only goes on.
class SettableClock final : public Clock {
 public:
  WallTime wall_now() const override { return mono_.wall_now() + set_; }
  MonoTime mono_now() const override { return mono_.mono_now(); }
  void set_ahead(std::int64_t nanoseconds) { set_ += nanoseconds; }
  void advance(std::int64_t nanoseconds) { mono_.advance(nanoseconds); }

 private:
  ManualClock mono_;
  std::atomic<std::int64_t> set_ = 0;
};

bool comes_true(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace

TEST_CASE("engine: a clock that is set takes no agent offline", "[engine]") {
  MemoryStorage storage;
  SettableClock clock;
  auto created = Engine::create(storage, clock, std::make_shared<OperatorSet>(), {});
  REQUIRE(created);
  Engine& engine = **created;
  engine.start();
  const auto remote =
      engine.execute(CreateEntity{EntityKind::Agent, json(R"({"type":"remote","name":"r"})")});
  const auto local = engine.execute(RegisterAgent{"swarm", "prod", Value::object()});
  REQUIRE(remote);
  REQUIRE(local);
  const auto agent = [&](const Id& id) { return *engine.snapshot()->agents.get(id.uuid); };
  const WallTime before = agent(local->id)->heartbeat;
  clock.set_ahead(3600 * kNanosecondsPerSecond);
  clock.advance(31 * kNanosecondsPerSecond);
  // The local one has its heartbeat noted when the engine looks for silent ones.
  REQUIRE(comes_true([&] { return agent(local->id)->heartbeat > before; }));
  // The two clocks are read one after the other, perhaps while they are set here.
  CHECK(clock.wall_now() - agent(local->id)->heartbeat <= 31 * kNanosecondsPerSecond);
  CHECK(agent(remote->id)->online);
  clock.set_ahead(-7200 * kNanosecondsPerSecond);
  clock.advance(61 * kNanosecondsPerSecond);
  CHECK(comes_true([&] { return !agent(remote->id)->online; }));
}

TEST_CASE("engine: groups that ask for offline owners have what a silent agent owned", "[engine]") {
  EngineFixture f;
  const Id agent = f.create(EntityKind::Agent, R"({"type":"remote","name":"r"})");
  f.create(EntityKind::Resource, R"({"type":"vm","names":["a"],"owner":"r"})");
  f.create(EntityKind::Group, R"({"name":"lost","query":{"$owner":{"status":"offline"}}})");
  CHECK(f.members("lost").empty());
  f.clock.advance(61 * kNanosecondsPerSecond);
  REQUIRE(comes_true([&] { return f.get(agent).find("status")->as_string() == "offline"; }));
  CHECK(f.members("lost") == std::vector<std::string>{"a"});
}
