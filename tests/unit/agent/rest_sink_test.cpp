#include "agent/rest_sink.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "core/model/discovery_json.hpp"
#include "scripted_server.hpp"
#include "server_fixture.hpp"

using namespace storm;
using namespace storm::agent;
using storm::rest::ServerFixture;
using storm::test::ScriptedServer;

namespace {

// A sink that tells the stormd of that port, and what it logs.
class Telling {
 public:
  explicit Telling(std::uint16_t port) {
    cli::ClientOptions server;
    server.address = *cli::parse_address(fmt::format("127.0.0.1:{}", port));
    auto to = std::make_shared<spdlog::sinks::ostream_sink_mt>(words_);
    sink.emplace(std::move(server), Registration{"simulated", "far", Value::object()},
                 std::make_shared<spdlog::logger>("agent", std::move(to)));
  }

  Taken tell(DiscoveryBatch batch) {
    return sink->publish(std::move(batch), [] { return false; });
  }
  // How often these words were logged. Only while nobody logs.
  std::size_t count(const std::string& words) const {
    const std::string text = words_.str();
    std::size_t found = 0;
    for (std::size_t at = 0; (at = text.find(words, at)) != std::string::npos; ++at) ++found;
    return found;
  }

  std::optional<RestSink> sink;

 private:
  std::ostringstream words_;
};

DiscoveredResource task(std::string uid) {
  DiscoveredResource resource;
  resource.uid = std::move(uid);
  resource.type = "task";
  return resource;
}

DiscoveryBatch listing(std::string scope, std::vector<DiscoveredResource> resources,
                       std::uint64_t epoch = 1) {
  DiscoveryBatch batch;
  batch.scope = std::move(scope);
  batch.epoch = epoch;
  batch.sync_begin = batch.sync_end = true;
  batch.upserts = std::move(resources);
  return batch;
}

DiscoveryBatch change(std::string scope, std::vector<DiscoveredResource> resources) {
  DiscoveryBatch batch;
  batch.scope = std::move(scope);
  batch.epoch = 1;
  batch.upserts = std::move(resources);
  return batch;
}

std::size_t known(const ServerFixture& f) { return f.engine->snapshot()->resources.size(); }

}  // namespace

TEST_CASE("agent: named scopes are told once, each by itself", "[agent]") {
  ServerFixture f;
  Telling far(f.port);
  CHECK(far.tell(change("east", {task("e0")})) == Taken::Relist);  // nobody listed it yet
  CHECK(far.tell(listing("east", {task("e1"), task("e2")})) == Taken::Yes);
  CHECK(far.tell(change("west", {task("w0")})) == Taken::Relist);
  CHECK(far.tell(listing("west", {task("w1")})) == Taken::Yes);
  CHECK(far.tell(change("east", {task("e3")})) == Taken::Yes);
  CHECK(known(f) == 4);
  CHECK(far.tell(listing("east", {task("e1")})) == Taken::Yes);
  CHECK(known(f) == 2);
  CHECK_FALSE(far.sink->take_relist());
}

TEST_CASE("agent: a listing goes in many requests, and its end counts what all of them said",
          "[agent]") {
  ServerFixture f;
  Telling far(f.port);
  std::vector<DiscoveredResource> many;
  for (int i = 0; i < 2'500; ++i) many.push_back(task(fmt::format("t{}", i)));
  // Some with a snapshot that is twice as long as JSON text: quotation marks are escaped.
  for (std::size_t i = 0; i < 4; ++i) {
    std::string marks = "[";
    while (marks.size() < 1'500'000) marks += "\"\",";
    many[i].snapshot = PackedText::raw(marks + "0]");
  }
  REQUIRE(far.tell(listing("", many)) == Taken::Yes);
  CHECK(known(f) == 2'500);
  DiscoveryBatch gone;
  gone.epoch = 1;
  for (int i = 0; i < 2'000; ++i) gone.removals.push_back(fmt::format("t{}", i));
  REQUIRE(far.tell(std::move(gone)) == Taken::Yes);
  CHECK(known(f) == 500);
}

TEST_CASE("agent: a snapshot that no request can hold is left out, and the resource is told",
          "[agent]") {
  ServerFixture f;
  Telling far(f.port);
  DiscoveredResource large = task("large");
  std::string marks = "[";
  while (marks.size() < 5'000'000) marks += "\"\",";
  large.snapshot = PackedText::raw(marks + "0]");
  REQUIRE(far.tell(listing("", {large, task("small")})) == Taken::Yes);
  CHECK(known(f) == 2);
  CHECK(far.count("is left out") == 1);
}

TEST_CASE("agent: epochs and uids of plugins pass as they are", "[agent]") {
  ServerFixture f;
  Telling far(f.port);
  REQUIRE(far.tell(listing("", {task("a"), task(" ")}, UINT64_MAX)) == Taken::Yes);
  CHECK(known(f) == 2);
  DiscoveryBatch begin = listing("", {task("b")}, 0);
  begin.sync_end = false;
  REQUIRE(far.tell(begin) == Taken::Yes);
  DiscoveryBatch other;  // of the listing before: its end proves nothing
  other.epoch = UINT64_MAX;
  other.sync_end = true;
  REQUIRE(far.tell(other) == Taken::Yes);
  CHECK(known(f) == 3);
  other.epoch = 0;
  REQUIRE(far.tell(other) == Taken::Yes);
  CHECK(known(f) == 1);
}

TEST_CASE("agent: an agent that was deleted is registered again and lists again", "[agent]") {
  ServerFixture f;
  Telling far(f.port);
  REQUIRE(far.tell(listing("x", {task("a")})) == Taken::Yes);
  REQUIRE(f.engine->execute(DeleteEntity{EntityKind::Agent, "far"}));
  CHECK(far.tell(change("x", {task("b")})) == Taken::Relist);
  CHECK(far.sink->take_relist());
  CHECK(far.tell(change("x", {task("b")})) == Taken::Relist);
  CHECK(far.tell(listing("x", {task("a"), task("b")})) == Taken::Yes);
  CHECK(known(f) == 2);
}

TEST_CASE("agent: waits for a stormd that is not there yet", "[agent]") {
  std::uint16_t port = 0;
  {
    const ScriptedServer taken([](const auto&) { return ScriptedServer::Answer{}; });
    port = taken.port();
  }
  Telling far(port);
  std::atomic<int> asked = 0;
  const auto stop = [&] { return ++asked > 2; };
  CHECK(far.sink->publish(listing("x", {task("a")}), stop) == Taken::Stopped);
  CHECK(far.count("was not taken") == 1);  // said once
  CHECK_FALSE(far.sink->beat());
  CHECK(far.count("was not taken") == 1);

  rest::Server::Options options;
  options.listen = {{"127.0.0.1", port}};
  MemoryStorage storage;
  SystemClock clock;
  auto engine = Engine::create(storage, clock, std::make_shared<OperatorSet>(), {});
  REQUIRE(engine);
  auto server = rest::Server::create(**engine, std::move(options));
  REQUIRE(server);
  (*engine)->start();
  (*server)->start();
  CHECK(far.tell(listing("x", {task("a")})) == Taken::Yes);
  CHECK((*engine)->snapshot()->resources.size() == 1);
  (*server)->stop();
  (*engine)->stop();
}

TEST_CASE("agent: a stormd that is behind is told the same part again, and nothing else anew",
          "[agent]") {
  for (const int status : {503, 429, 401}) {
    INFO(status);
    std::vector<std::string> bodies;
    std::atomic<int> refusals = 2;
    const ScriptedServer stormd([&](const ScriptedServer::Request& request) {
      ScriptedServer::Answer answer;
      if (request.line.starts_with("GET ")) {
        answer = {200, R"({"id": "agent-1"})"};
      } else if (request.line.find("/discoveries") != std::string::npos) {
        bodies.push_back(request.body);
        if (bodies.size() > 1 && refusals-- > 0) answer = {status, "{}"};
      }
      return answer;
    });
    Telling far(stormd.port());
    std::vector<DiscoveredResource> many;
    for (int i = 0; i < 1'001; ++i) many.push_back(task(fmt::format("t{}", i)));
    CHECK(far.tell(listing("x", many)) == Taken::Yes);
    CHECK_FALSE(far.sink->take_relist());
    REQUIRE(bodies.size() == 4);
    CHECK(bodies[0] != bodies[1]);
    CHECK(bodies[1] == bodies[2]);
    CHECK(bodies[2] == bodies[3]);
    CHECK(far.count("was not taken") == 1);
  }
}

TEST_CASE("agent: what is refused for good makes its own scope list again", "[agent]") {
  std::atomic<bool> refuse = false;
  const ScriptedServer stormd([&](const ScriptedServer::Request& request) {
    if (request.line.starts_with("GET ")) return ScriptedServer::Answer{200, R"({"id": "a"})"};
    const bool told = request.line.find("/discoveries") != std::string::npos;
    return told && refuse ? ScriptedServer::Answer{400, "{}"} : ScriptedServer::Answer{};
  });
  Telling far(stormd.port());
  REQUIRE(far.tell(listing("x", {task("a")})) == Taken::Yes);
  REQUIRE(far.tell(listing("y", {task("b")})) == Taken::Yes);
  refuse = true;
  CHECK(far.tell(change("x", {task("c")})) == Taken::Relist);
  refuse = false;
  CHECK(far.tell(change("x", {task("c")})) == Taken::Relist);
  CHECK(far.tell(change("y", {task("d")})) == Taken::Yes);
  CHECK(far.tell(listing("x", {task("c")})) == Taken::Yes);
}
