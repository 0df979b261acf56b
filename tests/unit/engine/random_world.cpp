#include "random_world.hpp"

#include <cstdlib>

namespace storm::test {

constexpr std::size_t kUids = 25;
constexpr std::size_t kChangesOfBatch = 5;

RandomWorld::RandomWorld(unsigned seed)
    : random_(seed), agents_{fixture.agent("prod"), fixture.agent("test")} {}

std::optional<Error> RandomWorld::put(EntityKind kind, const std::string& name,
                                      const std::string& body) {
  const auto done =
      fixture.engine->snapshot()->find(kind, name)
          ? fixture.engine->execute(ReplaceEntity{kind, name, json(body), one_of(2) == 0})
          : fixture.engine->execute(CreateEntity{kind, json(body)});
  return done ? std::nullopt : std::optional(done.error());
}

void RandomWorld::remove(EntityKind kind, const std::string& name) {
  if (fixture.engine->snapshot()->find(kind, name)) fixture.remove(kind, name);
}

void RandomWorld::change_members(const std::string& group) {
  const Snapshot state = fixture.engine->snapshot();
  if (!state->find(EntityKind::Group, group) || state->resources.empty()) return;
  const auto any = [&] {
    return state->resources.nth(one_of(state->resources.size())).second->id.to_string();
  };
  const std::string list = pick({"include", "exclude"});
  REQUIRE(fixture.engine->execute(ChangeMembers{
      group, json(R"({")" + list + R"(":[")" + any() + R"(",")" + any() + R"("]})")}));
}

void RandomWorld::rename_agent() {
  const Id& agent = agents_[one_of(agents_.size())];
  const std::string name = pick({"prod", "test", "other", "prod"});
  if (fixture.engine->snapshot()->find(EntityKind::Agent, name)) return;
  REQUIRE(fixture.engine->execute(ReplaceEntity{EntityKind::Agent, agent.to_string(),
                                                json(R"({"name":")" + name + R"("})"), true}));
}

void RandomWorld::discover(const std::function<void(DiscoveredResource&)>& shape) {
  DiscoveryBatch batch;
  for (std::size_t change = 0; change < kChangesOfBatch; ++change) {
    const std::string uid = number(kUids);
    if (one_of(4) == 0) {
      batch.removals.push_back(uid);
      continue;
    }
    DiscoveredResource item =
        fixture.task(uid, pick({"library/redis:7", "library/postgres:9", "", "a/b:1"}));
    item.type = pick({"swarm-task", "swarm-task", "swarm-node"});
    item.status = static_cast<Status>(one_of(11));
    item.health = static_cast<Health>(one_of(3));
    item.stale = one_of(6) == 0;
    if (one_of(2)) item.host_uid = number(one_of(2) ? 2 : 20);
    if (one_of(3) == 0) item.parent_uid = number(20);
    shape(item);
    batch.upserts.push_back(std::move(item));
  }
  fixture.discover(agents_[one_of(agents_.size())], std::move(batch));
}

void for_seeds(std::vector<unsigned> seeds, const std::function<void(unsigned)>& run) {
  seeds.push_back(std::random_device()());
  if (const char* seed = std::getenv("STORM_SEED"))
    seeds = {static_cast<unsigned>(std::strtoul(seed, nullptr, 10))};
  for (const unsigned seed : seeds) {
    INFO("seed " << seed << " (STORM_SEED=" << seed << " runs it again)");
    run(seed);
  }
}

}  // namespace storm::test
