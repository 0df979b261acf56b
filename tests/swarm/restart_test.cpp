// A daemon that is killed, restarted, made anew: what is known is kept, marked stale, and equal to
// the daemon's own lists soon after it answers again.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <set>
#include <thread>

#include "catch.hpp"
#include "tests/swarm/differences.hpp"
#include "tests/swarm/plugin_driver.hpp"
#include "tests/swarm/test_bed.hpp"

using namespace storm::testing;
using namespace std::chrono_literals;

namespace {

// Creates, scales and removes services until it goes away; a daemon that is down is no error.
class Load {
 public:
  explicit Load(const TestBed& bed) : thread_([this, &bed] { run(bed); }) {}
  ~Load() {
    stop_ = true;
    thread_.join();
  }

 private:
  void run(const TestBed& bed) {
    for (int i = 0; !stop_; ++i) {
      const std::string name = "load" + std::to_string(i % 3);
      try {
        bed.docker("service create -d --stop-grace-period 1s --name " + name +
                   " --replicas 3 busybox:1");
        bed.docker("service scale -d " + name + "=" + std::to_string(1 + i % 5));
        if (i % 2 == 0) bed.docker("service rm load" + std::to_string((i + 1) % 3));
      } catch (const std::exception&) {
        try {
          bed.docker("service rm " + name);
        } catch (const std::exception&) {
          std::this_thread::sleep_for(50ms);
        }
      }
    }
  }
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace

TEST_CASE("restart: killed under load, it loses nothing and brings nothing back", "[swarm]") {
  const TestBed bed;
  PluginDriver driver(bed.config());
  REQUIRE(driver.wait_for_tier(1, 10s));
  // A log that a manager tells again when it starts: many objects that are gone.
  bed.docker(
      "service create -d --name gone --constraint node.labels.none==1 --replicas 50 busybox:1");
  REQUIRE(driver.wait_for(10s, [](const Model& model) { return model.size() > 50; }));
  bed.docker("service rm gone");
  REQUIRE(driver.wait_for(10s, [](const Model& model) { return model.size() == 2; }));
  // What nobody touches, so that there is always something to keep.
  bed.docker("service create -d --name stays --constraint node.labels.none==1 busybox:1");
  const auto stays = [](const Model& model) {
    return std::ranges::count_if(model, [](const auto& each) {
             const std::vector<std::string>& names = each.second.names;
             return std::ranges::count(names, "stays") + std::ranges::count(names, "stays.1") > 0;
           }) == 2;
  };
  REQUIRE(driver.wait_for(10s, stays));
  constexpr int kRestarts = 3;
  for (int round = 0; round < kRestarts; ++round) {
    {
      const Load load(bed);
      std::this_thread::sleep_for(1500ms + 111ms * round);
      bed.run("stop-node 1");
      CHECK(driver.wait_for(5s, [](const Model& model) {
        return std::ranges::all_of(model, [](const auto& each) { return each.second.stale; });
      }));
      CHECK(stays(driver.model()));
      bed.run("start-node 1");
      REQUIRE(driver.wait_for_tier(1, 10s));
      REQUIRE(driver.wait_for_sync(10s));
    }
    CHECK(settle(bed, driver, 15s) == "");
  }
  std::set<std::string> removed;
  std::size_t returned = 0;
  for (const Publication& each : driver.publications()) {
    const bool gone =
        each.what == Publication::What::Removal || each.what == Publication::What::Pruned;
    if (gone) removed.insert(each.resource.uid);
    if (each.what == Publication::What::Upsert && removed.contains(each.resource.uid)) ++returned;
  }
  std::printf(
      "%d restarts under load: %zu objects removed, %zu of them published again, repairs %g\n",
      kRestarts, removed.size(), returned, driver.metric("push_repairs_total"));
  CHECK(returned == 0);
  CHECK(driver.metric("push_repairs_total") == 0);
  CHECK(driver.violations() == std::vector<std::string>{});
}

TEST_CASE("restart: a rotated root certificate does not end push", "[swarm]") {
  const TestBed bed;
  PluginDriver driver(bed.config());
  REQUIRE(driver.wait_for_tier(1, 10s));
  bed.docker("swarm ca --rotate --quiet");
  bed.run("stop-node 1");
  REQUIRE(driver.wait_for_tier(0, 10s));
  bed.run("start-node 1");
  CHECK(driver.wait_for_tier(1, 20s));
  CHECK(settle(bed, driver, 10s) == "");
}

TEST_CASE("restart: leaving a swarm proves nothing, another swarm replaces it", "[swarm]") {
  const TestBed bed;
  bed.docker("service create -d --name web busybox:1");
  PluginDriver driver(bed.config());
  REQUIRE(driver.wait_for_tier(1, 10s));
  REQUIRE(driver.wait_for(10s, [](const Model& model) { return model.size() == 4; }));
  const Model before = driver.model();
  bed.docker("swarm leave --force");
  REQUIRE(driver.wait_for_tier(0, 10s));
  CHECK(driver.model().size() == before.size());
  for (const auto& [uid, resource] : driver.model()) CHECK(resource.stale);
  bed.docker("swarm init --advertise-addr " + bed.run("address"));
  CHECK(driver.wait_for_tier(1, 10s));
  CHECK(settle(bed, driver, 10s) == "");
  CHECK(driver.wait_for(5s, [&](const Model& model) {
    return std::ranges::none_of(before,
                                [&](const auto& each) { return model.contains(each.first); });
  }));
  CHECK(driver.violations() == std::vector<std::string>{});
}

TEST_CASE("restart: a swarm put back from a copy is followed, though its versions go back",
          "[swarm]") {
  namespace fs = std::filesystem;
  const TestBed bed;
  PluginDriver driver(bed.config());
  REQUIRE(driver.wait_for_tier(1, 10s));
  bed.docker("service create -d --name kept --constraint node.labels.none==1 busybox:1");
  REQUIRE(driver.wait_for(10s, [](const Model& model) { return model.size() == 4; }));
  CHECK(settle(bed, driver, 10s) == "");
  const Model copied = driver.model();

  const fs::path swarm = fs::path(bed.socket()).parent_path() / "data" / "swarm";
  const fs::path copy = swarm.string() + ".copy";
  bed.run("stop-node 1 TERM");
  fs::copy(swarm, copy, fs::copy_options::recursive);
  bed.run("start-node 1");
  REQUIRE(driver.wait_for_sync(20s));
  for (int replicas = 2; replicas < 6; ++replicas)
    bed.docker("service scale -d kept=" + std::to_string(replicas));
  bed.docker("service create -d --name later --constraint node.labels.none==1 busybox:1");
  REQUIRE(driver.wait_for(10s, [](const Model& model) { return model.size() == 10; }));

  bed.run("stop-node 1 TERM");
  fs::remove_all(swarm);
  fs::rename(copy, swarm);
  bed.run("start-node 1");
  bed.docker("swarm init --force-new-cluster --advertise-addr " + bed.run("address"));
  REQUIRE(driver.wait_for_tier(1, 20s));
  REQUIRE(driver.wait_for_sync(20s));
  CHECK(settle(bed, driver, 20s) == "");
  const Model restored = driver.model();
  CHECK(restored.size() == copied.size());
  for (const auto& [uid, resource] : copied) CHECK(restored.contains(uid));
  // And what happens from now on, in versions that were there before.
  bed.docker("service scale -d kept=3");
  CHECK(
      driver.wait_for(10s, [&](const Model& model) { return model.size() == copied.size() + 2; }));
  CHECK(settle(bed, driver, 10s) == "");
  CHECK(driver.violations() == std::vector<std::string>{});
}
