// A real swarm of one node, followed by push: what is published, how soon, and how completely.
#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "catch.hpp"
#include "tests/swarm/differences.hpp"
#include "tests/swarm/plugin_driver.hpp"
#include "tests/swarm/test_bed.hpp"

using namespace storm::testing;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

const SeenResource* find_named(const Model& model, const std::string& type,
                               const std::string& name) {
  for (const auto& [uid, resource] : model) {
    if (resource.type == type && std::ranges::count(resource.names, name) > 0) return &resource;
  }
  return nullptr;
}

std::size_t running_tasks(const Model& model, const std::string& service) {
  const SeenResource* parent = find_named(model, "swarm-service", service);
  if (parent == nullptr) return 0;
  return static_cast<std::size_t>(std::ranges::count_if(model, [&](const auto& each) {
    return each.second.parent == parent->uid && each.second.status == STORM_STATUS_RUNNING;
  }));
}

double milliseconds(std::int64_t ns) { return static_cast<double>(ns) / 1e6; }

void print_quantiles(const char* what, std::vector<std::int64_t> values) {
  if (values.empty()) return;
  std::ranges::sort(values);
  const auto at = [&](double part) {
    return milliseconds(
        values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))]);
  };
  std::printf("%-52s n %5zu   p50 %7.2f   p90 %7.2f   p99 %7.2f   max %7.2f ms\n", what,
              values.size(), at(0.5), at(0.9), at(0.99), at(1.0));
}

}  // namespace

TEST_CASE("push: objects are published as Docker describes them", "[swarm]") {
  const TestBed bed;
  bed.run("image coolstuff/webapp:1.4");
  bed.docker("service create -d --name web --replicas 2 coolstuff/webapp:1.4");
  bed.docker("service create -d --name everywhere --mode global busybox:1");
  bed.docker("service create -d --name nowhere --constraint node.labels.none==1 busybox:1");
  PluginDriver driver(bed.config());
  REQUIRE(driver.created() == STORM_OK);
  REQUIRE(driver.wait_for_tier(1, 10s));
  REQUIRE(driver.wait_for(20s, [](const Model& model) {
    return running_tasks(model, "web") == 2 && running_tasks(model, "everywhere") == 1;
  }));
  const std::string left = settle(bed, driver, 10s);
  CHECK(left == "");
  const Model model = driver.model();
  std::printf("snapshots against Docker's own answers: %zu objects, %s\n", model.size(),
              left.empty() ? "0 differences" : "DIFFERENT");

  const json info = json::parse(bed.get("/info"));
  const std::string cluster_id = info["Swarm"]["Cluster"]["ID"];
  const std::string node_id = info["Swarm"]["NodeID"];
  REQUIRE(model.contains(cluster_id));
  const SeenResource& cluster = model.at(cluster_id);
  CHECK(cluster.names == std::vector<std::string>{cluster_id});
  CHECK(cluster.status == STORM_STATUS_RUNNING);
  CHECK(cluster.health == STORM_HEALTH_UNKNOWN);
  CHECK_FALSE(json::parse(cluster.snapshot).contains("SystemTime"));
  const SeenResource& node = model.at(node_id);
  CHECK(node.names == std::vector<std::string>{node_id, "node1"});
  CHECK(node.parent == cluster_id);
  CHECK(node.status == STORM_STATUS_RUNNING);
  CHECK(node.health == STORM_HEALTH_HEALTHY);

  const SeenResource* web = find_named(model, "swarm-service", "web");
  REQUIRE(web != nullptr);
  CHECK(web->names == std::vector<std::string>{web->uid, "web"});
  CHECK(web->status == STORM_STATUS_RUNNING);
  CHECK(web->image == "coolstuff/webapp:1.4");
  CHECK(web->parent == cluster_id);
  const SeenResource* task = find_named(model, "swarm-task", "web.1");
  REQUIRE(task != nullptr);
  const json snapshot = json::parse(task->snapshot);
  const std::string container = snapshot["Status"]["ContainerStatus"]["ContainerID"];
  CHECK(task->names ==
        std::vector<std::string>{task->uid, container, "web.1", "web.1." + task->uid});
  CHECK(task->parent == web->uid);
  CHECK(task->cluster == cluster_id);
  CHECK(task->host == node_id);
  CHECK(task->revision == snapshot["Version"]["Index"]);
  CHECK(find_named(model, "swarm-task", "everywhere." + node_id) != nullptr);
  const SeenResource* pending = find_named(model, "swarm-task", "nowhere.1");
  REQUIRE(pending != nullptr);
  CHECK(pending->names ==
        std::vector<std::string>{pending->uid, "nowhere.1", "nowhere.1." + pending->uid});
  CHECK(pending->status == STORM_STATUS_STARTING);
  CHECK(pending->host.empty());
  CHECK(driver.violations() == std::vector<std::string>{});
  CHECK(driver.tier() == 1);
  for (const std::string& line : driver.log()) {
    CAPTURE(line);
    CHECK(line.find("no push") == std::string::npos);
    CHECK(line.find("not pushed") == std::string::npos);
  }
}

TEST_CASE("push: every change is known within milliseconds and a drain before its stop",
          "[swarm]") {
  const TestBed bed;
  PluginDriver driver(bed.config(1, R"("push":"required")"));
  REQUIRE(driver.wait_for_tier(1, 10s));
  REQUIRE(driver.wait_for_sync(10s));
  const std::int64_t begin = wall_now();
  std::vector<std::int64_t> drain_leads;
  constexpr int kRounds = 6;
  for (int round = 0; round < kRounds; ++round) {
    const std::string name = "round" + std::to_string(round);
    bed.docker("service create -d --stop-grace-period 1s --name " + name + " busybox:1");
    REQUIRE(driver.wait_for(20s, [&](const Model& m) { return running_tasks(m, name) == 1; }));
    bed.docker("service scale -d " + name + "=2");
    REQUIRE(driver.wait_for(20s, [&](const Model& m) { return running_tasks(m, name) == 2; }));
    bed.docker("kill " + bed.docker("ps -q").substr(0, 12));
    REQUIRE(driver.wait_for(20s, [&](const Model& m) {
      return std::ranges::any_of(m, [](const auto& each) {
        return each.second.type == "swarm-task" && each.second.status == STORM_STATUS_ERROR;
      });
    }));
    std::this_thread::sleep_for(std::chrono::milliseconds(37 * round % 200));  // any moment will do
    bed.docker("service rm " + name);
    REQUIRE(driver.wait_for(30s, [&](const Model& m) {
      return std::ranges::none_of(
          m, [](const auto& each) { return each.second.type == "swarm-task"; });
    }));
  }
  const std::int64_t end = wall_now();

  // The container's own stop signal, from the daemon's history.
  std::map<std::string, std::int64_t> killed;  // by task
  const std::string history = bed.docker("events --since " + std::to_string(begin / 1'000'000'000) +
                                         " --until " + std::to_string(end / 1'000'000'000 + 1) +
                                         " --filter event=kill --format '{{json .}}'");
  for (std::size_t at = 0; at < history.size();) {
    const std::size_t line_end = std::min(history.find('\n', at), history.size());
    const json event = json::parse(history.substr(at, line_end - at));
    at = line_end + 1;
    const json& attributes = event["Actor"]["Attributes"];
    if (attributes.value("signal", "") != "15") continue;  // ours was a 9
    killed.emplace(attributes["com.docker.swarm.task.id"], event["timeNano"]);
  }

  std::vector<std::int64_t> delays;
  std::set<std::pair<std::string, std::uint64_t>> seen;  // a version counts when it is first seen
  for (const Publication& each : driver.publications()) {
    if (each.what != Publication::What::Upsert || each.wall_ns < begin) continue;
    const SeenResource& resource = each.resource;
    if (resource.type != "swarm-task" && resource.type != "swarm-service") continue;
    if (!seen.emplace(resource.uid, resource.revision).second) continue;
    delays.push_back(each.wall_ns - resource.observed_ns);
    const auto kill = killed.find(resource.uid);
    if (kill != killed.end() && json::parse(resource.snapshot)["DesiredState"] == "remove") {
      drain_leads.push_back(kill->second - each.wall_ns);
      killed.erase(kill);
    }
  }
  print_quantiles("manager's time stamp -> published", delays);
  print_quantiles("drain known before the container's stop signal", drain_leads);
  std::printf("events %g, requests %g, repairs %g\n", driver.metric("push_events_total"),
              driver.metric("http_requests_total"), driver.metric("push_repairs_total"));
  REQUIRE(delays.size() > 100);
  // Generous: exact figures are for a benchmark on a machine at rest.
  std::ranges::sort(delays);
  CHECK(milliseconds(delays[delays.size() / 2]) < 200);
  REQUIRE(drain_leads.size() >= static_cast<std::size_t>(kRounds));
  CHECK(std::ranges::min(drain_leads) > 0);
  CHECK(driver.metric("push_repairs_total") == 0);
  CHECK(settle(bed, driver, 10s) == "");
  CHECK(driver.violations() == std::vector<std::string>{});
}
