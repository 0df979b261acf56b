// An engine over a memory store and a clock that stands still, with short ways to ask it.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "catch.hpp"
#include "core/base/clock.hpp"
#include "core/document/json.hpp"
#include "core/engine/engine.hpp"
#include "core/engine/members.hpp"
#include "core/storage/memory_storage.hpp"

namespace storm::test {

inline Value json(std::string_view text) {
  auto value = parse_json(text);
  REQUIRE(value);
  return std::move(*value);
}

// "pointer: message" lines of an error.
inline std::string faults(const Error& error) {
  std::string text;
  for (const Problem& problem : error.problems)
    text += problem.pointer + ": " + problem.message + "\n";
  return text;
}

class EngineFixture {
 public:
  EngineFixture() { restart(); }

  // A new engine over the same store.
  void restart() {
    engine.reset();
    auto created = Engine::create(*storage, clock, std::make_shared<OperatorSet>(), {});
    REQUIRE(created);
    engine = std::move(*created);
    engine->start();
  }

  Id create(EntityKind kind, std::string_view body) {
    auto outcome = engine->execute(CreateEntity{kind, json(body)});
    if (!outcome) FAIL(outcome.error().message);
    return outcome->id;
  }
  Error refuse(Command command) {
    auto outcome = engine->execute(std::move(command));
    REQUIRE_FALSE(outcome);
    return outcome.error();
  }
  void remove(EntityKind kind, const std::string& reference) {
    auto outcome = engine->execute(DeleteEntity{kind, reference});
    if (!outcome) FAIL(outcome.error().message);
  }
  Value get(const Id& id) { return engine->snapshot()->value_of(id); }

  Id agent(const std::string& name) {
    auto outcome = engine->execute(RegisterAgent{"swarm", name, Value::object()});
    REQUIRE(outcome);
    return outcome->id;
  }
  void discover(const Id& agent, DiscoveryBatch batch) {
    auto outcome = engine->execute(Discover{agent, std::move(batch)});
    if (!outcome) FAIL(outcome.error().message);
  }
  static DiscoveredResource task(const std::string& uid,
                                 const std::string& image = "library/redis:7") {
    DiscoveredResource resource;
    resource.uid = uid;
    resource.type = "swarm-task";
    resource.names = {uid, "name-" + uid};
    resource.image = image;
    resource.status = Status::Running;
    return resource;
  }
  // Names of the members of a group, in the order of their ids' names.
  std::vector<std::string> members(const std::string& group) {
    const Snapshot state = engine->snapshot();
    const auto uuid = state->find(EntityKind::Group, group);
    REQUIRE(uuid);
    std::vector<std::string> names;
    for (const auto& member : members_in_order(*state, *state->groups.get(*uuid)))
      names.emplace_back(member->names.front());
    std::sort(names.begin(), names.end());
    return names;
  }

  std::shared_ptr<Storage> storage = std::make_shared<MemoryStorage>();
  ManualClock clock;
  std::unique_ptr<Engine> engine;
};

}  // namespace storm::test
