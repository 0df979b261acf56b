// A server over an engine with a store in memory, on a free port.
#pragma once
#include <memory>

#include "catch.hpp"
#include "core/document/json.hpp"
#include "core/engine/engine.hpp"
#include "core/rest/server.hpp"
#include "core/storage/memory_storage.hpp"
#include "http_client.hpp"

namespace storm::rest {

class ServerFixture {
 public:
  explicit ServerFixture(Server::Options options = {}, std::size_t events_kept = kEventsKept) {
    Engine::Options engine_options;
    engine_options.events_kept = events_kept;
    auto made = Engine::create(storage_, clock_, std::make_shared<OperatorSet>(), engine_options);
    REQUIRE(made);
    engine = std::move(*made);
    options.listen = {{"127.0.0.1", 0}};
    auto listening = Server::create(*engine, std::move(options));
    REQUIRE(listening);
    server = std::move(*listening);
    engine->start();
    server->start();
    port = server->endpoints().at(0).port;
  }
  ~ServerFixture() {
    server->stop();
    engine->stop();
  }

  Id make(EntityKind kind, std::string_view body) {
    auto made = engine->execute(CreateEntity{kind, *parse_json(body)});
    REQUIRE(made);
    return made->id;
  }
  // `count` resources of an agent "cloud", named n000001 and so on.
  void discover(std::size_t count, std::string_view snapshot = R"({"Spec":{"Name":"x"}})") {
    auto agent = engine->execute(RegisterAgent{"simulated", "cloud", Value::object()});
    REQUIRE(agent);
    DiscoveryBatch batch;
    batch.scope = "all";
    for (std::size_t i = 0; i < count; ++i) {
      DiscoveredResource resource;
      const std::string digits = std::to_string(i);
      resource.uid = "n" + std::string(6 - digits.size(), '0') + digits;
      resource.type = "simulated-task";
      resource.names = {resource.uid};
      resource.status = i % 2 == 0 ? Status::Running : Status::Stopped;
      resource.snapshot = PackedText::raw(snapshot);
      batch.upserts.push_back(std::move(resource));
    }
    REQUIRE(engine->execute(Discover{agent->id, std::move(batch)}));
  }

 private:
  MemoryStorage storage_;
  SystemClock clock_;

 public:
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Server> server;
  std::uint16_t port = 0;
};

inline Value json_of(const HttpAnswer& answer) {
  auto value = parse_json(answer.body);
  INFO(answer.head << answer.body);
  REQUIRE(value);
  return std::move(*value);
}

}  // namespace storm::rest
