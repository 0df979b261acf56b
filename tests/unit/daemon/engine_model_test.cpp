#include "core/daemon/engine_model.hpp"

#include <memory>
#include <string>

#include "catch.hpp"
#include "core/document/json.hpp"
#include "core/storage/memory_storage.hpp"

using namespace storm;

namespace {

struct Cloud {
  Cloud() {
    auto created = Engine::create(storage, clock, std::make_shared<OperatorSet>(), {});
    REQUIRE(created);
    engine = std::move(*created);
    engine->start();
    const auto agent = engine->execute(RegisterAgent{"fixture", "prod", Value::object()});
    REQUIRE(agent);
    DiscoveryBatch batch;
    for (const char* uid : {"a", "b", "c", "d"}) {
      DiscoveredResource found;
      found.uid = uid;
      found.type = std::string(uid) == "d" ? "volume" : "task";
      found.names = {std::string("name-") + uid};
      batch.upserts.push_back(std::move(found));
    }
    REQUIRE(engine->execute(Discover{agent->id, std::move(batch)}));
    model.attach(engine.get());
  }
  ~Cloud() {
    model.attach(nullptr);
    engine->stop();
  }

  Result<std::string> ask(const ModelQuery& query, bool in_time = true) {
    std::string text;
    const auto found = model.find(
        query, [&] { return !in_time; },
        [&](std::string_view piece) {
          text += piece;
          return true;
        });
    if (!found) return found.error();
    return text;
  }
  // Names of the answer's resources, and "+" when there is more.
  std::string names(const ModelQuery& query, std::string* next = nullptr) {
    const Result<std::string> text = ask(query);
    if (!text) return text.error().message;
    const Value answer = parse_json(*text).value();
    CHECK(answer.find("revision")->as_int() > 0);
    std::string out;
    for (const Value& item : answer.find("items")->as_array()) {
      out += item.find("names")->as_array()[0].as_string().substr(5);
    }
    if (const Value* const more = answer.find("next")) {
      if (next) *next = more->as_string();
      out += '+';
    }
    return out;
  }

  MemoryStorage storage;
  ManualClock clock;
  std::unique_ptr<Engine> engine;
  EngineModel model;
};

TEST_CASE("model: plugins read resources by a query, in the order of the REST interface") {
  Cloud cloud;
  CHECK(cloud.names({}) == "abcd");
  CHECK(cloud.names({"", R"({"type": "task"})", "", 1000}) == "abc");
  CHECK(cloud.names({"", R"({"names": "name-d"})", "", 1000}) == "d");
  CHECK(cloud.names({"", R"({"names": "nobody"})", "", 1000}).empty());
}

TEST_CASE("model: an answer comes in pages") {
  Cloud cloud;
  std::string next;
  CHECK(cloud.names({"", "", "", 3}, &next) == "abc+");
  CHECK(cloud.names({"", "", next, 3}) == "d");
  CHECK(cloud.names({"", R"({"type": "task"})", "", 2}, &next) == "ab+");
  CHECK(cloud.names({"", R"({"type": "task"})", next, 2}) == "c");
  const auto gone = cloud.ask({"", "", "resource-00000000-0000-4000-8000-000000000000", 3});
  REQUIRE_FALSE(gone);
  CHECK(gone.error().code == Errc::Conflict);
}

TEST_CASE("model: a group's members can be read, and filtered") {
  Cloud cloud;
  const Value body =
      parse_json(R"({"name": "tasks", "query": {"type": "task"}, "exclude": []})").value();
  REQUIRE(cloud.engine->execute(CreateEntity{EntityKind::Group, body}));
  CHECK(cloud.names({"tasks", "", "", 1000}) == "abc");
  CHECK(cloud.names({"tasks", R"({"names": {"$in": ["name-b", "name-d"]}})", "", 1000}) == "b");
  const auto missing = cloud.ask({"nobody", "", "", 1000});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == Errc::NotFound);
}

TEST_CASE("model: a wrong query is refused with its place, a slow one given up") {
  Cloud cloud;
  const auto broken = cloud.ask({"", "{", "", 1000});
  REQUIRE_FALSE(broken);
  CHECK(broken.error().code == Errc::InvalidArgument);
  const auto unknown = cloud.ask({"", R"({"names": {"$nope": 1}})", "", 1000});
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code == Errc::InvalidArgument);
  CHECK(unknown.error().message.find("/names/$nope") != std::string::npos);
}

TEST_CASE("model: before and after the engine there is none") {
  EngineModel model;
  const auto found = model.find(
      {}, [] { return false; }, [](std::string_view) { return true; });
  REQUIRE_FALSE(found);
  CHECK(found.error().code == Errc::Unavailable);
}

}  // namespace
