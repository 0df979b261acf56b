// Views: what they say, what is refused, and what becomes of them.
#include "core/model/view.hpp"

#include <future>

#include "core/engine/preparation.hpp"
#include "engine_fixture.hpp"

using namespace storm;
using namespace storm::test;

namespace {

class Views : public EngineFixture {
 public:
  Views() : cloud(agent("prod")) {}

  void put(const std::string& uid, Status status, const std::string& snapshot = "{}",
           const std::string& image = "library/redis:7") {
    DiscoveryBatch batch;
    DiscoveredResource item = task(uid, image);
    item.status = status;
    item.snapshot = PackedText::raw(snapshot);
    batch.upserts.push_back(std::move(item));
    discover(cloud, std::move(batch));
  }
  void drop(const std::string& uid) {
    DiscoveryBatch batch;
    batch.removals.push_back(uid);
    discover(cloud, std::move(batch));
  }
  std::string value(const Id& view) { return to_json(*get(view).find("value")); }
  Id view(std::string_view body) { return create(EntityKind::View, body); }
  std::string fault(const std::string& body) {
    return faults(refuse(CreateEntity{EntityKind::View, json(body)}));
  }

  Id cloud;
};

}  // namespace

TEST_CASE("views: a count follows each change of a resource", "[engine]") {
  Views f;
  f.put("1", Status::Running);
  const Id all = f.view(R"({"measure":"count"})");
  const Id running = f.view(R"({"measure":"count","query":{"status":"running"}})");
  const Id by = f.view(R"({"measure":"count","by":"status"})");
  CHECK(f.value(all) == "1");
  f.put("2", Status::Error);
  f.put("3", Status::Running);
  CHECK(f.value(all) == "3");
  CHECK(f.value(running) == "2");
  CHECK(f.value(by) ==
        R"([{"key":"error","value":1,"count":1},{"key":"running","value":2,"count":2}])");
  f.put("1", Status::Error);
  f.drop("3");
  CHECK(f.value(all) == "2");
  CHECK(f.value(running) == "0");
  CHECK(f.value(by) == R"([{"key":"error","value":2,"count":2}])");
}

TEST_CASE("views: sums, averages and extremes of a number in the snapshot", "[engine]") {
  Views f;
  const auto measure = [&](const std::string& word) {
    return f.view(R"({"measure":")" + word + R"(","path":"snapshot.a.n"})");
  };
  const Id sum = measure("sum"), avg = measure("avg"), min = measure("min"), max = measure("max");
  CHECK(f.value(sum) == "0");
  CHECK(f.value(avg) == "null");
  CHECK(f.value(min) == "null");
  f.put("1", Status::Running, R"({"a":{"n":9007199254740993}})");
  f.put("2", Status::Running, R"({"a":{"n":-2}})");
  CHECK(f.value(sum) == "9007199254740991");
  f.put("1", Status::Running, R"({"a":{"n":[0.5,1,"2",true,null]}})");
  f.put("3", Status::Running, R"({"a":{"m":100}})");
  f.put("4", Status::Running, R"({"a":[{"n":3},{"x":1},{"n":0}]})");
  CHECK(f.value(sum) == "2.5");
  CHECK(f.value(avg) == "0.5");
  CHECK(f.value(min) == "-2");
  CHECK(f.value(max) == "3");
  f.drop("4");
  CHECK(f.value(max) == "1");
  f.drop("2");
  CHECK(f.value(min) == "0.5");
}

TEST_CASE("views: the largest groups come first, as many as were asked for", "[engine]") {
  Views f;
  const Id top = f.view(R"({"measure":"top","by":"snapshot.labels","limit":2})");
  f.put("1", Status::Running, R"({"labels":["a","b","b"]})");
  f.put("2", Status::Running, R"({"labels":["b","c"]})");
  f.put("3", Status::Running, R"({"labels":["c"]})");
  f.put("4", Status::Running, R"({"labels":"c"})");
  CHECK(f.value(top) == R"([{"key":"c","value":3,"count":3},{"key":"b","value":2,"count":2}])");
  f.put("4", Status::Running, R"({"labels":[]})");
  f.put("3", Status::Running);
  CHECK(f.value(top) == R"([{"key":null,"value":2,"count":2},{"key":"b","value":2,"count":2}])");
}

TEST_CASE("views: several paths give lists of keys, and a missing one null", "[engine]") {
  Views f;
  const Id by = f.view(R"({"measure":"max","path":"snapshot.n","by":["status","snapshot.zone"]})");
  f.put("1", Status::Running, R"({"n":1,"zone":"x"})");
  f.put("2", Status::Running, R"({"n":1.5,"zone":"x"})");
  f.put("3", Status::Error);
  CHECK(f.value(by) == R"([{"key":["error",null],"value":null,"count":1},)"
                       R"({"key":["running","x"],"value":1.5,"count":2}])");
}

TEST_CASE("views: over a group they follow its members, whatever moves them", "[engine]") {
  Views f;
  f.create(EntityKind::Group, R"({"name":"up","query":{"status":"running"}})");
  f.create(EntityKind::Group, R"({"name":"asks","query":{"$group":"up"}})");
  f.put("1", Status::Running, R"({"n":1})");
  f.put("2", Status::Error, R"({"n":2})");
  const Id up = f.view(R"({"name":"load","measure":"sum","path":"snapshot.n","group":"up"})");
  const Id asks = f.view(R"({"measure":"sum","path":"snapshot.n","group":"asks"})");
  CHECK(f.value(up) == "1");
  f.put("2", Status::Running, R"({"n":20})");
  CHECK(f.value(up) == "21");
  CHECK(f.value(asks) == "21");
  REQUIRE(f.engine->execute(ChangeMembers{"up", json(R"({"exclude":["name-1"]})")}));
  CHECK(f.value(up) == "20");
  CHECK(f.value(asks) == "20");
  REQUIRE(f.engine->execute(
      ReplaceEntity{EntityKind::Group, "up", json(R"({"query":{"type":"no-such"}})"), true}));
  CHECK(f.value(up) == "0");
  CHECK(f.value(asks) == "0");
}

TEST_CASE("views: they go with their group and come back with the store", "[engine]") {
  Views f;
  f.create(EntityKind::Group, R"({"name":"up","query":{"status":"running"}})");
  f.put("1", Status::Running);
  const Id over = f.view(R"({"name":"v","measure":"count","group":"up"})");
  const Id by = f.view(R"({"name":"w","measure":"top","by":"owner","limit":3})");
  const std::string before = f.value(by);
  f.restart();
  CHECK(f.value(over) == "1");
  CHECK(f.value(by) == before);
  CHECK(f.engine->snapshot()->find(EntityKind::View, "w") == by.uuid);
  f.remove(EntityKind::Group, "up");
  CHECK_FALSE(f.engine->snapshot()->exists(over));
  CHECK(f.engine->snapshot()->exists(by));
  f.restart();
  CHECK_FALSE(f.engine->snapshot()->exists(over));
  const Snapshot state = f.engine->snapshot();
  CHECK(std::ranges::any_of(state->events, [&](const auto& event) {
    return event.second->entity == over && event.second->type == EventType::Deleted;
  }));
}

TEST_CASE("views: another name of the owner moves what a query asks by it", "[engine]") {
  Views f;
  f.put("1", Status::Running);
  const Id of = f.view(R"({"measure":"count","query":{"owner":"other"}})");
  CHECK(f.value(of) == "0");
  REQUIRE(f.engine->execute(
      ReplaceEntity{EntityKind::Agent, "prod", json(R"({"name":"other"})"), true}));
  CHECK(f.value(of) == "1");
}

TEST_CASE("views: a change of one replaces its value, a dry run does not", "[engine]") {
  Views f;
  f.put("1", Status::Running, R"({"n":4})");
  const Id id = f.view(R"({"name":"v","measure":"count"})");
  const auto tried = f.engine->execute(
      ReplaceEntity{EntityKind::View, "v", json(R"({"measure":"sum","path":"snapshot.n"})"), true},
      true);
  REQUIRE(tried);
  CHECK(to_json(*tried->snapshot->value_of(id).find("value")) == "4");
  CHECK(f.value(id) == "1");
  REQUIRE(f.engine->execute(ReplaceEntity{
      EntityKind::View, "v", json(R"({"measure":"max","path":"snapshot.n"})"), false}));
  CHECK(to_json(f.get(id)).find(R"("name":null)") != std::string::npos);
  CHECK(f.value(id) == "4");
}

TEST_CASE("views: what makes no sense is refused by name", "[engine]") {
  Views f;
  f.create(EntityKind::Group, R"({"name":"up","query":{"status":"running"}})");
  CHECK(f.fault("{}") == "/measure: This field is required.\n");
  CHECK(f.fault(R"({"measure":"mean"})") == "/measure: \"mean\" is not a valid choice.\n");
  CHECK(f.fault(R"({"measure":"sum"})") ==
        "/path: The measure \"sum\" needs the path of a number.\n");
  CHECK(f.fault(R"({"measure":"count","path":"snapshot.n"})").find("/path: ") == 0);
  CHECK(f.fault(R"({"measure":"sum","path":"snapshot..n"})").find("/path: ") == 0);
  CHECK(f.fault(R"({"measure":"sum","path":"$snapshot.n"})").find("/path: ") == 0);
  CHECK(f.fault(R"({"measure":"top"})").find("/by: ") == 0);
  CHECK(f.fault(R"({"measure":"top","by":"status","limit":0})").find("/limit: ") == 0);
  CHECK(f.fault(R"({"measure":"top","by":"status","limit":10001})").find("/limit: ") == 0);
  CHECK(f.fault(R"({"measure":"count","limit":3})").find("/limit: ") == 0);
  CHECK(f.fault(R"({"measure":"count","by":["a",7]})").find("/by/1: ") == 0);
  CHECK(f.fault(R"({"measure":"count","group":"none"})") ==
        "/group: Document with id=none does not exist.\n");
  CHECK(f.fault(R"({"measure":"count","group":"up","query":{"status":"running"}})") ==
        "/query: A view is over a group or a query, not both.\n");
  CHECK(f.fault(R"({"measure":"count","query":{"image":{"$regx":"a"}}})").find("/query/image") ==
        0);
  for (const char* query :
       {R"({"$group":"up"})", R"({"$parent":{"status":"running"}})", R"({"host":"node-1"})",
        R"({"$or":[{"status":"running"},{"cluster":{"$exists":true}}]})"}) {
    CHECK(f.fault(std::string(R"({"measure":"count","query":)") + query + "}")
              .find("make a group of this query") != std::string::npos);
  }
  f.view(R"({"name":"v","measure":"count"})");
  CHECK(f.fault(R"({"name":"v","measure":"count"})") == "/name: This field must be unique.\n");
  while (f.engine->snapshot()->views.size() < kViewsMax) f.view(R"({"measure":"count"})");
  CHECK(f.refuse(CreateEntity{EntityKind::View, json(R"({"measure":"count"})")}).code ==
        Errc::Conflict);
}

TEST_CASE("views: one over many resources is found without holding the writer, and whole",
          "[engine]") {
  Views f;
  const int count = static_cast<int>(kTestsAtOnceMax) * 3;
  const auto item = [&](int i, int value) {
    DiscoveredResource resource = f.task(std::to_string(i));
    resource.snapshot = PackedText::raw(R"({"n":)" + std::to_string(value) + "}");
    return resource;
  };
  DiscoveryBatch batch;
  for (int i = 0; i < count; ++i) batch.upserts.push_back(item(i, i % 10));
  f.discover(f.cloud, std::move(batch));
  f.create(EntityKind::Group, R"({"name":"many","query":{"type":"swarm-task"}})");

  // Changes that come while the values are looked for are seen whatever side they fall on: of the
  // resources, of their number, of who belongs to a group.
  struct Case {
    const char* body;
    std::promise<Result<Outcome>> put = {};
  };
  Case cases[] = {
      {R"({"name":"all","measure":"sum","path":"snapshot.n"})"},
      {R"({"name":"few","measure":"sum","path":"snapshot.n","query":{"snapshot.n":{"$lt":50}}})"},
      {R"({"name":"kept","measure":"sum","path":"snapshot.n","group":"many"})"}};
  for (Case& one : cases) {
    f.engine->submit(CreateEntity{EntityKind::View, json(one.body)},
                     [&one](Result<Outcome> made) { one.put.set_value(std::move(made)); });
  }
  for (int i = 0; i < 200; ++i) f.discover(f.cloud, {.upserts = {item(i, 100)}});
  for (int i = 200; i < 210; ++i) f.drop(std::to_string(i));
  REQUIRE(f.engine->execute(ChangeMembers{"many", json(R"({"exclude":["name-305"]})")}));
  for (Case& one : cases) REQUIRE(one.put.get_future().get());
  std::int64_t others = 0;
  for (int i = 210; i < count; ++i) others += i % 10;
  const Snapshot state = f.engine->snapshot();
  const auto value_of = [&](const char* name) {
    const Id id{EntityKind::View, *state->find(EntityKind::View, name)};
    return state->value_of(id).find("value")->as_int();
  };
  CHECK(value_of("all") == others + 200 * 100);
  CHECK(value_of("few") == others);
  CHECK(value_of("kept") == others + 200 * 100 - 305 % 10);
}
