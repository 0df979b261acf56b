// A ceiling of what a group may cost refuses the worst queries.
#include "engine_fixture.hpp"

using namespace storm;
using namespace storm::test;

namespace {

constexpr std::size_t kCeiling = 50;

std::unique_ptr<Engine> engine_with_ceiling(Storage& storage, const Clock& clock) {
  Engine::Options options;
  options.group_tests_max = kCeiling;
  auto created = Engine::create(storage, clock, std::make_shared<OperatorSet>(), options);
  REQUIRE(created);
  (*created)->start();
  return std::move(*created);
}

void create_vms(Engine& engine, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::string body =
        R"({"type":"vm","names":["v)" + std::to_string(i) + R"("],"snapshot":{"n":1}})";
    REQUIRE(engine.execute(CreateEntity{EntityKind::Resource, json(body)}));
  }
}

}  // namespace

TEST_CASE("groups: one that costs more than the ceiling is refused, with a remedy", "[engine]") {
  MemoryStorage storage;
  ManualClock clock;
  const auto engine = engine_with_ceiling(storage, clock);
  const auto put = [&](const std::string& name, const std::string& query) {
    return engine->execute(CreateEntity{
        EntityKind::Group, json(R"({"name":")" + name + R"(","query":)" + query + "}")});
  };
  create_vms(*engine, kCeiling);
  REQUIRE(put("early", R"({"snapshot.n":1})"));
  create_vms(*engine, 1);

  const auto refused = put("late", R"({"snapshot.n":1})");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::InvalidArgument);
  const std::string fault = faults(refused.error());
  CHECK(fault.starts_with("/query: "));
  CHECK(fault.find("51 resources") != fault.npos);
  CHECK(fault.find("ceiling is 50 (limits.group_tests") != fault.npos);
  CHECK(fault.find("Ask for a type") != fault.npos);

  CHECK(put("by-class", R"({"type":"vm","status":{"$ne":"running"}})"));
  CHECK(put("narrow", R"({"type":"container","snapshot.n":1})"));
  CHECK(put("named", R"({"names":"v7","snapshot.n":1})"));

  // What was taken stays, and can be edited, but not made another that costs as much.
  const auto edit = [&](const std::string& body) {
    return engine->execute(ReplaceEntity{EntityKind::Group, "early", json(body), true});
  };
  CHECK_FALSE(edit(R"({"query":{"snapshot.n":2}})"));
  CHECK(edit(R"({"name":"renamed"})"));
}
