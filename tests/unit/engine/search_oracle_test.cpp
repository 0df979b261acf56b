// Searches that use columns and all cores against an oracle: while many random resources change,
// what a search finds, in which order and how many, is compared with a plain evaluation of its
// query over whole documents. STORM_SEED=N runs one more seed.
#include <cstdlib>
#include <random>

#include "core/engine/resource_search.hpp"
#include "engine_fixture.hpp"

using namespace storm;
using namespace storm::test;

namespace {

// {"$starts": "redis"}: as $regex with an anchor, which is a plugin's.
class StartsProgram final : public OperatorProgram {
 public:
  explicit StartsProgram(std::string prefix) : prefix_(std::move(prefix)) {}
  bool matches(const Value& value) const override {
    return value.is_string() && value.as_string().starts_with(prefix_);
  }
  OperatorHint hint() const override {
    return {OperatorHint::Kind::Prefix, false, {prefix_}, {}, {}};
  }

 private:
  const std::string prefix_;
};

class StartsSource final : public OperatorSource {
 public:
  std::vector<std::string> operators() const override { return {"$starts"}; }
  std::vector<std::string> modifiers() const override { return {}; }
  Result<std::shared_ptr<const OperatorProgram>> compile(std::string_view, const Value& argument,
                                                         const Value&) const override {
    return std::shared_ptr<const OperatorProgram>(
        std::make_shared<StartsProgram>(argument.as_string()));
  }
};

constexpr std::size_t kResources = 1500;  // enough for columns
constexpr std::size_t kUids = 2000;

class Searches {
 public:
  explicit Searches(unsigned seed, std::size_t column_bytes = kColumnBytesDefault)
      : random_(seed), column_bytes_(column_bytes) {
    REQUIRE(operators_->add(std::make_shared<StartsSource>()));
    restart();
  }

  void run(int steps) {
    const Id agent = register_agent();
    discover(agent, kResources);
    Snapshot past = engine_->snapshot();
    for (int step = 0; step < steps; ++step) {
      INFO("step " << step);
      discover(agent, one_of(4) == 0 ? 0 : 1 + one_of(one_of(3) == 0 ? 400 : 20));
      if (one_of(15) == 0) restart();
      const Snapshot state = engine_->snapshot();
      for (int i = 0; i < 3; ++i) check(*state);
      if (one_of(3) == 0) check(*past);
      if (one_of(4) == 0) past = state;
      column_bytes_seen_ = std::max(column_bytes_seen_, engine_->scans().columns.bytes());
    }
  }

  // The most that there were after a step.
  std::size_t column_bytes() const { return column_bytes_seen_; }

 private:
  std::size_t one_of(std::size_t count) { return random_() % count; }
  std::string pick(std::initializer_list<const char*> words) {
    return words.begin()[one_of(words.size())];
  }
  std::string number(std::size_t below) { return std::to_string(one_of(below)); }

  void restart() {
    engine_.reset();
    Engine::Options options;
    options.column_bytes_max = column_bytes_;
    options.scan_threads = 3;
    auto created = Engine::create(storage_, clock_, operators_, options);
    REQUIRE(created);
    engine_ = std::move(*created);
    engine_->start();
  }

  Id register_agent() {
    auto outcome = engine_->execute(RegisterAgent{"swarm", "agent", Value::object()});
    REQUIRE(outcome);
    return outcome->id;
  }

  std::string value() {
    switch (one_of(12)) {
      case 0:
        return "null";
      case 1:
        return pick({"true", "false"});
      case 2:
        return pick({"1.5", "2.0", "-0.5", "1e300"});
      case 3:
        return pick({"9007199254740993", "9223372036854775807", "-9223372036854775808"});
      case 4:
      case 5:
        return '"' + pick({"alpha", "beta", "", "betamax"}) + '"';
      case 6:
        return '"' + std::string(kColumnTextMax + one_of(2), 'x') + '"';
      default:
        return number(12);
    }
  }

  std::string snapshot() {
    std::string text = R"({"n":)" + number(12) + R"(,"mixed":)" + value();
    if (one_of(3) != 0) text += R"(,"deep":{"text":)" + value() + R"(,"rest":[1,2]})";
    if (one_of(20) == 0) text += R"(,"deep2":[{"x":)" + value() + "}]";
    if (one_of(20) != 0) text += R"(,"some":)" + (one_of(30) == 0 ? "[3,4]" : number(5));
    return text + R"(,"list":[)" + number(4) + "," + number(4) + "]}";
  }

  void discover(const Id& agent, std::size_t count) {
    DiscoveryBatch batch;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string uid = number(kUids);
      if (count < kResources && one_of(5) == 0) {
        batch.removals.push_back(uid);
        continue;
      }
      DiscoveredResource item;
      item.uid = uid;
      item.type = pick({"swarm-task", "swarm-task", "swarm-task", "vm"});
      item.names = {pick({"a-long-name-", "b-", "a-long-name-too-"}) + number(30)};
      if (one_of(9) == 0) item.names.clear();
      item.image = pick({"library/redis:7", "library/redis:6", "library/postgres:9", "", "a/b:1",
                         "library/redis@7"});
      if (one_of(3) == 0) item.image_digest = "sha256:" + number(3);
      item.status = static_cast<Status>(one_of(11));
      item.health = static_cast<Health>(one_of(3));
      if (one_of(10) != 0) item.snapshot = PackedText::raw(snapshot());
      batch.upserts.push_back(std::move(item));
    }
    auto outcome = engine_->execute(Discover{agent, std::move(batch)});
    if (!outcome) FAIL(outcome.error().message);
  }

  std::string path() {
    return pick({"snapshot.n", "snapshot.mixed", "snapshot.deep.text", "snapshot.deep2.x",
                 "snapshot.some", "snapshot.missing", "snapshot.n.inside"});
  }
  std::string test() {
    switch (one_of(10)) {
      case 0:
      case 1:
        return value();
      case 2:
        return R"({"$in":[)" + value() + "," + value() + ",null]}";
      case 3:
        return R"({"$exists":)" + pick({"true", "false"}) + "}";
      case 4:
        return R"({"$type":")" + pick({"int", "string", "null", "number"}) + R"("})";
      case 5:
        return R"({"$ne":)" + value() + "}";
      case 6:
        return R"({"$starts":")" + pick({"beta", "", "x"}) + R"("})";
      case 7:
        return R"({"$mod":[3,1]})";
      default:
        return "{\"" + pick({"$gt", "$gte", "$lt", "$lte"}) + "\":" + value() + "}";
    }
  }
  std::string condition() {
    switch (one_of(16)) {
      case 0:
        return R"({"type":")" + pick({"swarm-task", "vm", "no-such"}) + R"("})";
      case 1:
        return R"({"status":{"$in":["running","error","stopped"]}})";
      case 2:
        return R"({"image":{"$starts":")" +
               pick({"redis", "library/redis:", "lib", "a/", "redis:7@sha256:1", "redis@", ""}) +
               R"("}})";
      case 3:
        return R"({"image":")" +
               pick({"redis:7", "library/redis:7", "a/b:1@sha256:2", "redis@7", "x"}) + R"("})";
      case 4:
        return R"({"image":{"$in":["redis:7","library/redis:7","postgres:9"]},"health":"healthy"})";
      case 5:
        return R"({"names":{"$starts":")" + pick({"a-long-name", "b-1"}) + R"("}})";
      case 6:
        return R"({"snapshot.list":)" + number(4) + "}";
      case 7:
        return R"({"snapshot.list":{"$elemMatch":{"$gt":1}}})";
      case 8:
        return R"({"$expr":{"$eq":["$snapshot.n","$snapshot.some"]}})";
      default:
        return "{\"" + path() + "\":" + test() + "}";
    }
  }
  std::string query() {
    switch (one_of(8)) {
      case 0:
        return R"({"$or":[)" + condition() + "," + condition() + "]}";
      case 1:
        return R"({"$nor":[)" + condition() + "," + condition() + "]}";
      case 2:
        return R"({"$or":[{"$and":[)" + condition() + "," + condition() + "]}," + condition() +
               "]}";
      case 3:
      case 4:
        return R"({"$and":[)" + condition() + "," + condition() + "," + condition() + "]}";
      default:
        return condition();
    }
  }

  void check(const State& state) {
    const std::string text = query();
    INFO("query " << text);
    auto query = Query::parse(json(text), *operators_);
    REQUIRE(query);
    std::vector<Uuid> expected;
    for (const auto& resource : state.ordered_resources) {
      if (query->matches(*resource_view(state, *resource))) expected.push_back(resource->id.uuid);
    }
    ResourceSearch search(state, *query, &engine_->scans());
    const bool pauses = one_of(2) == 0;
    while (!search.run([&] { return pauses; })) {
    }
    const FoundResources& found = *search.found();
    REQUIRE(found.size() == expected.size());
    const std::size_t count = one_of(expected.size() + 2);
    const std::vector<Uuid> first(
        expected.begin(),
        expected.begin() + static_cast<std::ptrdiff_t>(std::min(count, expected.size())));
    REQUIRE(found.first(count) == first);
    REQUIRE(found.ids() == expected);
    std::vector<Uuid> taken;
    for (const auto& resource : search.take()) taken.push_back(resource->id.uuid);
    REQUIRE(taken == expected);
  }

  std::mt19937 random_;
  const std::size_t column_bytes_;
  std::size_t column_bytes_seen_ = 0;
  const std::shared_ptr<OperatorSet> operators_ = std::make_shared<OperatorSet>();
  MemoryStorage storage_;
  ManualClock clock_;
  std::unique_ptr<Engine> engine_;
};

std::vector<unsigned> seeds() {
  if (const char* seed = std::getenv("STORM_SEED"))
    return {static_cast<unsigned>(std::strtoul(seed, nullptr, 10))};
  return {21, 22, std::random_device()()};
}

}  // namespace

TEST_CASE("searches: find what a plain evaluation finds, from columns and without", "[engine]") {
  for (const unsigned seed : seeds()) {
    INFO("seed " << seed << " (STORM_SEED=" << seed << " runs it again)");
    Searches searches(seed);
    searches.run(40);
    CHECK(searches.column_bytes() > kResources * 9);
  }
}

TEST_CASE("searches: columns keep within their bytes, and what they find stays right", "[engine]") {
  constexpr std::size_t kTwoColumns = 100'000;
  for (const unsigned seed : seeds()) {
    INFO("seed " << seed << " (STORM_SEED=" << seed << " runs it again)");
    Searches searches(seed, kTwoColumns);
    searches.run(15);
    CHECK(searches.column_bytes() <= 2 * kTwoColumns);
    Searches none(seed, 1000);
    none.run(5);
    CHECK(none.column_bytes() == 0);
  }
}
