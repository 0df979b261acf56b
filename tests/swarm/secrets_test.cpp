// The Watch stream carries registry credentials: nothing of them, of secrets, keys or join tokens
// may be published, logged, or left in memory.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "tests/swarm/plugin_driver.hpp"
#include "tests/swarm/test_bed.hpp"

using namespace storm::testing;
using namespace std::chrono_literals;

namespace {

// How often the reverse of `backwards` is in this process's writable memory. This process never
// holds the right way round itself.
std::size_t found_in_memory(const std::string& backwards) {
  std::ifstream maps("/proc/self/maps");
  std::ifstream memory("/proc/self/mem", std::ios::binary);
  std::size_t found = 0;
  std::string line;
  while (std::getline(maps, line)) {
    unsigned long long begin = 0;
    unsigned long long end = 0;
    char mode[5] = {};
    if (std::sscanf(line.c_str(), "%llx-%llx %4s", &begin, &end, mode) != 3) continue;
    if (mode[0] != 'r' || mode[1] != 'w') continue;
    std::vector<char> bytes(end - begin);
    memory.clear();
    memory.seekg(static_cast<std::streamoff>(begin));
    memory.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    const auto size = static_cast<std::size_t>(std::max<std::streamsize>(memory.gcount(), 0));
    for (std::size_t i = 0; i + backwards.size() <= size; ++i) {
      std::size_t k = 0;
      while (k < backwards.size() && bytes[i + k] == backwards[backwards.size() - 1 - k]) ++k;
      if (k == backwards.size()) ++found;
    }
    std::fill(bytes.begin(), bytes.end(), 0);
  }
  return found;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::string text;
  std::getline(file, text);
  return text;
}

}  // namespace

TEST_CASE("secrets: nothing of the stream's credentials is published, logged or kept", "[swarm]") {
  const TestBed bed;
  PluginDriver driver(bed.config(1, R"("push":"required")"));
  REQUIRE(driver.wait_for_tier(1, 10s));
  REQUIRE(driver.wait_for_sync(5s));
  const std::string folder = bed.socket() + ".d";
  REQUIRE(std::system((STORM_TEST_MAKE_SECRETS " " + bed.socket() + " " + folder).c_str()) == 0);
  const auto three_run = [](const Model& model) {
    return std::ranges::count_if(model, [](const auto& each) {
             return each.second.type == "swarm-task" && each.second.status == STORM_STATUS_RUNNING;
           }) == 3;
  };
  REQUIRE(driver.wait_for(20s, three_run));
  const std::string password = read_file(folder + "/password");
  const std::string auth = read_file(folder + "/auth");
  const std::string secret = read_file(folder + "/secret");
  REQUIRE(password.size() == 32);
  REQUIRE(secret.size() == 32);
  REQUIRE(auth.size() > 80);
  CHECK(driver.metric("push_events_total") > 10);
  CHECK(found_in_memory(password) == 0);
  CHECK(found_in_memory(secret) == 0);
  CHECK(found_in_memory(auth.substr(20, 40)) == 0);

  // The same search finds what is there.
  std::string present = "this-is-here-the-right-way-round";
  present += std::to_string(present.size());
  CHECK(found_in_memory(std::string(present.rbegin(), present.rend())) >= 1);

  std::string everything = driver.status_detail() + driver.status_summary();
  for (const Publication& each : driver.publications()) everything += each.resource.snapshot;
  for (const std::string& line : driver.log()) everything += line;
  for (const char* forbidden : {"PRIVATE KEY", "SWMTKN", "JoinToken"}) {
    CHECK(everything.find(forbidden) == std::string::npos);
  }
  for (const std::string& word : {password, auth, secret}) {
    CHECK(everything.find(std::string(word.rbegin(), word.rend())) == std::string::npos);
  }
}
