// A thousand tasks at once, and quiet ones at rest.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <thread>

#include "catch.hpp"
#include "tests/swarm/differences.hpp"
#include "tests/swarm/plugin_driver.hpp"
#include "tests/swarm/test_bed.hpp"

using namespace storm::testing;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

constexpr int kRounds = 10;
constexpr int kRoundsToWarmUp = 3;
// For a burst; mostly 20 to 50, by how its changes fall into the plugin's looks.
constexpr double kRequestsMax = 100;
constexpr double kRequestsPerSecond = 3;  // for what has no events, asked at all times

std::size_t tasks(const Model& model) {
  return static_cast<std::size_t>(std::ranges::count_if(
      model, [](const auto& each) { return each.second.type == "swarm-task"; }));
}

// Processor time of this whole process, in seconds.
double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// One number of a process's /proc files.
double processor_seconds_of(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::stringstream text;
  text << file.rdbuf();
  std::istringstream fields(text.str().substr(text.str().rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

long resident_kilobytes(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/status");
  std::string word;
  while (file >> word) {
    if (word == "VmRSS:") {
      long kilobytes = 0;
      file >> kilobytes;
      return kilobytes;
    }
  }
  return 0;
}

}  // namespace

TEST_CASE("burst: a thousand tasks come and go with few requests", "[swarm]") {
  const TestBed bed;
  PluginDriver driver(bed.config());
  REQUIRE(driver.wait_for_tier(1, 10s));
  // Tasks that find no node stay pending: the manager's work alone.
  bed.docker(
      "service create -d --name many --constraint node.labels.none==1 --replicas 10 busybox:1");
  REQUIRE(driver.wait_for(10s, [](const Model& m) { return tasks(m) == 10; }));
  const std::string daemon = bed.run("pid 1");
  long first_kilobytes = 0;
  long last_kilobytes = 0;
  for (int round = 0; round < kRounds; ++round) {
    const std::size_t before = driver.publications().size();
    const double requests = driver.metric("http_requests_total");
    const auto begin = Clock::now();
    bed.docker("service scale -d many=1010");
    REQUIRE(driver.wait_for(20s, [](const Model& m) { return tasks(m) == 1010; }));
    CHECK(settle(bed, driver, 10s) == "");  // the last of their states
    const double asked = driver.metric("http_requests_total") - requests;
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    CHECK(asked <= kRequestsMax + kRequestsPerSecond * seconds);
    const std::vector<Publication> all = driver.publications();
    std::int64_t created = INT64_MAX;
    std::int64_t last = 0;
    std::size_t upserts = 0;
    for (std::size_t i = before; i < all.size(); ++i) {
      if (all[i].what != Publication::What::Upsert || all[i].resource.type != "swarm-task")
        continue;
      created = std::min(created, all[i].resource.observed_ns);
      last = std::max(last, all[i].wall_ns);
      ++upserts;
    }
    std::printf(
        "1,000 tasks: %zu updates, %g requests, the last known %.0f ms after the first was "
        "written\n",
        upserts, asked, static_cast<double>(last - created) / 1e6);
    if (round == kRounds - 1) break;
    bed.docker("service scale -d many=10");
    // However long a busy manager takes to remove them: if it was not the manager, it is told here.
    const bool removed = driver.wait_for(120s, [](const Model& m) { return tasks(m) == 10; });
    INFO("what differs from the manager's own lists: " << settle(bed, driver, 1s));
    REQUIRE(removed);
    last_kilobytes = resident_kilobytes(daemon);
    if (round < kRoundsToWarmUp) first_kilobytes = std::max(first_kilobytes, last_kilobytes);
    std::printf("dockerd: %ld kB resident\n", last_kilobytes);
  }
  // A round's messages that nobody took are 20,000 kB.
  CHECK(last_kilobytes < first_kilobytes + 60'000);
  CHECK(driver.metric("push_repairs_total") == 0);
  std::printf("events %g, requests %g in all\n", driver.metric("push_events_total"),
              driver.metric("http_requests_total"));

  // At rest, with a thousand tasks.
  std::this_thread::sleep_for(1s);
  const double ours = processor_seconds();
  const double theirs = processor_seconds_of(daemon);
  const auto begin = Clock::now();
  std::this_thread::sleep_for(6s);
  const double wall = std::chrono::duration<double>(Clock::now() - begin).count();
  std::printf("at rest with 1,010 tasks: plugin %.2f %% of a core, dockerd %.2f %%\n",
              100 * (processor_seconds() - ours) / wall,
              100 * (processor_seconds_of(daemon) - theirs) / wall);
  CHECK(driver.violations() == std::vector<std::string>{});
}
