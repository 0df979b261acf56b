// Three nodes: tasks elsewhere, a leader that dies, a manager that is cut off, promotion, demotion.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "catch.hpp"
#include "tests/swarm/differences.hpp"
#include "tests/swarm/plugin_driver.hpp"
#include "tests/swarm/test_bed.hpp"

using namespace storm::testing;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

bool all_stale(const Model& model) {
  return std::ranges::all_of(model, [](const auto& each) { return each.second.stale; });
}

std::vector<const SeenResource*> running_tasks(const Model& model) {
  std::vector<const SeenResource*> out;
  for (const auto& [uid, resource] : model) {
    if (resource.type == "swarm-task" && resource.status == STORM_STATUS_RUNNING) {
      out.push_back(&resource);
    }
  }
  return out;
}

double since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

}  // namespace

TEST_CASE("nodes: tasks on other nodes, drain, and a leader that dies", "[swarm]") {
  const TestBed bed("3");
  PluginDriver driver(bed.config());
  REQUIRE(driver.wait_for_tier(1, 10s));
  bed.docker("service create -d --stop-grace-period 1s --name web --replicas 3 busybox:1");
  REQUIRE(driver.wait_for(20s, [](const Model& m) { return running_tasks(m).size() == 3; }));

  // A drained node: its tasks move, and their `host` with them.
  bed.docker("node update --availability drain node1");
  const std::string node1 = bed.docker("node inspect --format '{{.ID}}' node1");
  REQUIRE(driver.wait_for(20s, [&](const Model& m) {
    const auto tasks = running_tasks(m);
    return tasks.size() == 3 && std::ranges::none_of(tasks, [&](const SeenResource* task) {
             return task->host == node1;
           });
  }));

  // A container on a worker dies: nothing of this daemon's own events tells.
  const std::string container = bed.run("node 2 ps -q").substr(0, 12);
  const auto kill_begin = Clock::now();
  bed.run("node 2 kill " + container);
  REQUIRE(driver.wait_for(5s, [&](const Model& m) {
    return std::ranges::any_of(m, [&](const auto& each) {
      return each.second.status == STORM_STATUS_ERROR && each.second.names.size() == 4 &&
             each.second.names[1].starts_with(container);
    });
  }));
  std::printf("a container killed on a worker is known as failed after %.0f ms\n",
              1000 * since(kill_begin));

  // The plugin moves to node 2, one manager of three; the leader dies.
  bed.docker("node promote node2 node3");
  PluginDriver follower(bed.config(2));
  REQUIRE(follower.wait_for_tier(1, 10s));
  REQUIRE(follower.wait_for_sync(5s));
  CHECK(settle(bed, follower, 15s, 2) == "");
  const std::size_t published_before = follower.publications().size();
  const std::size_t known_before = follower.model().size();
  const auto death = Clock::now();
  bed.run("stop-node 1");
  REQUIRE(follower.wait_for(10s, all_stale));
  const double stale_after = since(death);
  CHECK(follower.model().size() >= known_before);
  REQUIRE(follower.wait_for_sync(40s));
  const double fresh_after = since(death);
  // The silence of a leader removes nothing, nor does the listing that ends it.
  const std::vector<Publication> published = follower.publications();
  CHECK(std::count_if(published.begin() + static_cast<std::ptrdiff_t>(published_before),
                      published.end(), [](const Publication& each) {
                        return each.what == Publication::What::Removal ||
                               each.what == Publication::What::Pruned;
                      }) == 0);
  std::printf("leader killed: stale after %.1f s, fresh again after %.1f s\n", stale_after,
              fresh_after);
  CHECK(settle(bed, follower, 30s, 2) == "");
  // The dead node goes down; its tasks are replaced.
  CHECK(follower.wait_for(40s, [&](const Model& m) {
    const auto node = m.find(node1);
    return node != m.end() && node->second.status == STORM_STATUS_STOPPED;
  }));
  bed.run("start-node 1");
  CHECK(settle(bed, follower, 30s, 2) == "");
  CHECK(follower.metric("push_repairs_total") == 0);

  // A manager without its network: silence is no proof.
  std::printf(
      "%s", bed.docker("node ls --format '{{.Hostname}} {{.Status}} {{.ManagerStatus}}'").c_str());
  bed.run("cut 2");
  const auto cut = Clock::now();
  // A leader steps down when it has heard nobody for its election time; until then it answers.
  REQUIRE(follower.wait_for(45s, all_stale));
  std::printf("cut off: stale after %.1f s\n", since(cut));
  bed.run("node 3 service scale -d web=5");
  bed.run("heal 2");
  const auto healed = Clock::now();
  REQUIRE(follower.wait_for_sync(60s));
  CHECK(settle(bed, follower, 40s, 3) == "");
  std::printf("healed: equal to what the others say after %.1f s\n", since(healed));
  CHECK(follower.violations() == std::vector<std::string>{});
  CHECK(driver.violations() == std::vector<std::string>{});
}

TEST_CASE("nodes: a worker that is promoted, a manager that is demoted", "[swarm]") {
  const TestBed bed("3");
  bed.docker("node promote node2");
  bed.docker("service create -d --name web --replicas 2 busybox:1");
  PluginDriver manager(bed.config(2));
  REQUIRE(manager.wait_for_tier(1, 15s));
  REQUIRE(manager.wait_for_sync(10s));
  CHECK(settle(bed, manager, 10s, 1) == "");

  PluginDriver worker(bed.config(3));
  REQUIRE(worker.wait_for_tier(0, 5s));
  CHECK(worker.model().empty());
  CHECK(worker.status_summary().find("not a manager") != std::string::npos);
  bed.docker("node promote node3");
  const auto promoted = Clock::now();
  REQUIRE(worker.wait_for_tier(1, 15s));
  std::printf("promoted: push after %.1f s\n", since(promoted));
  REQUIRE(worker.wait_for_sync(5s));
  CHECK(settle(bed, worker, 10s, 1) == "");

  const std::size_t known = manager.model().size();
  bed.docker("node demote node2");
  const auto demoted = Clock::now();
  REQUIRE(manager.wait_for_tier(0, 15s));
  CHECK(manager.wait_for(10s, all_stale));
  std::printf("demoted: lost after %.1f s\n", since(demoted));
  CHECK(manager.model().size() == known);
  CHECK(manager.violations() == std::vector<std::string>{});
  CHECK(worker.violations() == std::vector<std::string>{});
}
