// The ways to a swarm beside push: remote and TLS, /events, polling; and sockets that are not what
// they should be.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>

#include "catch.hpp"
#include "tests/swarm/differences.hpp"
#include "tests/swarm/plugin_driver.hpp"
#include "tests/swarm/test_bed.hpp"

using namespace storm::testing;
using namespace std::chrono_literals;

namespace {

std::size_t tasks_of_status(const Model& model, std::int32_t status) {
  return static_cast<std::size_t>(std::ranges::count_if(model, [&](const auto& each) {
    return each.second.type == "swarm-task" && each.second.status == status;
  }));
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Listens on a Unix socket and answers every connection with the same bytes, or not at all.
class FalseSocket {
 public:
  FalseSocket(std::string path, std::string answer)
      : path_(std::move(path)), answer_(std::move(answer)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
    unlink(path_.c_str());
    fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(listen(fd_, 8) == 0);
    if (!answer_.empty()) thread_ = std::thread([this] { serve(); });
  }
  ~FalseSocket() {
    shutdown(fd_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    close(fd_);
    unlink(path_.c_str());
  }

 private:
  void serve() {
    while (true) {
      const int peer = accept(fd_, nullptr, nullptr);
      if (peer < 0) return;
      (void)send(peer, answer_.data(), answer_.size(), MSG_NOSIGNAL);
      char drop[4096];
      while (recv(peer, drop, sizeof drop, 0) > 0) continue;
      close(peer);
    }
  }
  std::string path_;
  std::string answer_;
  int fd_ = -1;
  std::thread thread_;
};

}  // namespace

TEST_CASE("tiers: a control socket that is none leads to events, soon and with one line",
          "[swarm]") {
  const TestBed bed;
  bed.docker("service create -d --name web busybox:1");
  const std::string path = "/tmp/storm-false-" + std::to_string(getpid()) + ".sock";
  const std::string config =
      R"({"host":"unix://)" + bed.socket() + R"(","control_socket":")" + path + R"("})";
  const auto check = [&](const char* what) {
    CAPTURE(what);
    const auto begin = std::chrono::steady_clock::now();
    PluginDriver driver(config);
    REQUIRE(driver.wait_for_tier(2, 5s));
    const auto took = std::chrono::steady_clock::now() - begin;
    CHECK(took < 10s);
    REQUIRE(driver.wait_for_log(5s, "no push: " + path));
    CHECK(contains(driver.status_detail(), path));
    CHECK(settle(bed, driver, 5s) == "");
    std::printf(
        "%-28s tier 2 after %4lld ms: %s\n", what,
        static_cast<long long>(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()),
        driver.log()[0].c_str());
  };
  check("no socket");
  {
    const FalseSocket plain(path, "HTTP/1.1 200 OK\r\n\r\n");
    check("plain text");
  }
  {
    const FalseSocket noise(path, std::string(100'000, '\x7f'));
    check("garbage");
  }
  {
    const FalseSocket silent(path, "");
    check("accepts and says nothing");
  }
  {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    close(fd);
    check("a dead file");
    unlink(path.c_str());
  }
}

TEST_CASE("tiers: the socket of another daemon is refused", "[swarm]") {
  const TestBed bed;
  const TestBed other;
  PluginDriver driver(R"({"host":"unix://)" + bed.socket() + R"(","control_socket":")" +
                      other.control() + R"("})");
  REQUIRE(driver.wait_for_tier(2, 5s));
  REQUIRE(driver.wait_for_log(5s, "does not belong to this swarm"));

  // Two swarms at once, each by its own instance, know nothing of one another.
  PluginDriver second(other.config());
  REQUIRE(second.wait_for_tier(1, 5s));
  REQUIRE(second.wait_for_sync(5s));
  REQUIRE(driver.wait_for_sync(5s));
  for (const auto& [uid, resource] : second.model()) CHECK_FALSE(driver.model().contains(uid));
}

TEST_CASE("tiers: push that is required and not to be had leaves the source lost", "[swarm]") {
  const TestBed bed;
  PluginDriver driver(R"({"push":"required","host":"unix://)" + bed.socket() +
                      R"(","control_socket":"/nonexistent/control.sock"})");
  REQUIRE(driver.wait_for_log(5s, "push is required"));
  CHECK(driver.tier() == 0);
  CHECK(contains(driver.status_summary(), "push is required"));
  CHECK(driver.model().empty());
}

TEST_CASE("tiers: events and polling see what push sees", "[swarm]") {
  const TestBed bed;
  PluginDriver events(bed.config(1, R"("push":"off")"));
  PluginDriver poll(bed.config(1, R"("push":"off","events":false)"));
  REQUIRE(events.wait_for_tier(2, 5s));
  REQUIRE(poll.wait_for_tier(3, 5s));
  bed.docker("service create -d --stop-grace-period 1s --name web --replicas 3 busybox:1");
  const auto three_run = [](const Model& m) {
    return tasks_of_status(m, STORM_STATUS_RUNNING) == 3;
  };
  CHECK(events.wait_for(20s, three_run));
  CHECK(poll.wait_for(20s, three_run));
  bed.docker("service scale -d web=1");
  const auto one_left = [](const Model& m) {
    return tasks_of_status(m, STORM_STATUS_RUNNING) == 1 && m.size() == 4;
  };
  CHECK(events.wait_for(20s, one_left));
  CHECK(poll.wait_for(20s, one_left));
  CHECK(settle(bed, events, 5s) == "");
  CHECK(settle(bed, poll, 5s) == "");
  bed.docker("service rm web");
  const auto nothing_left = [](const Model& m) { return m.size() == 2; };
  CHECK(events.wait_for(20s, nothing_left));
  CHECK(poll.wait_for(20s, nothing_left));

  const auto print = [](const char* what, const PluginDriver& driver) {
    std::vector<std::int64_t> delays;
    for (const Publication& each : driver.publications()) {
      if (each.what == Publication::What::Upsert && each.resource.type == "swarm-task") {
        delays.push_back(each.wall_ns - each.resource.observed_ns);
      }
    }
    std::ranges::sort(delays);
    REQUIRE_FALSE(delays.empty());
    std::printf("%-8s manager's time stamp -> published: n %zu, p50 %.1f ms, max %.1f ms\n", what,
                delays.size(), static_cast<double>(delays[delays.size() / 2]) / 1e6,
                static_cast<double>(delays.back()) / 1e6);
  };
  print("events", events);
  print("poll", poll);
  CHECK(events.violations() == std::vector<std::string>{});
  CHECK(poll.violations() == std::vector<std::string>{});
}

TEST_CASE("tiers: TCP with client certificates; a wrong CA is one clear line", "[swarm]") {
  const TestBed bed("--tls 2376");
  const std::string certs = bed.run("certs");
  const std::string host = "tcp://" + bed.run("address") + ":2376";
  const auto config = [&](const std::string& ca, const std::string& cert,
                          const std::string& more = "") {
    return R"({"host":")" + host + R"(","tls":{"ca":")" + certs + "/" + ca + R"(","cert":")" +
           certs + "/" + cert + R"(.pem","key":")" + certs + R"(/key.pem"})" + more + "}";
  };
  {
    PluginDriver driver(config("ca.pem", "cert"));
    REQUIRE(driver.wait_for_tier(2, 5s));
    CHECK(settle(bed, driver, 5s) == "");
    CHECK(contains(driver.status_detail(), "over TCP"));
  }
  {
    // The manager's socket is on this machine all the same, and proves that it is the same daemon.
    PluginDriver driver(config("ca.pem", "cert", R"(,"control_socket":")" + bed.control() + '"'));
    REQUIRE(driver.wait_for_tier(1, 5s));
    REQUIRE(driver.wait_for_sync(5s));
    CHECK(settle(bed, driver, 5s) == "");
  }
  const auto check_refused = [&](const std::string& json, const std::string& why) {
    CAPTURE(why);
    PluginDriver driver(json);
    CHECK(driver.wait_for_log(3s, why));
    CHECK(driver.tier() == 0);
    CHECK(driver.model().empty());
    for (const std::string& line : driver.log()) {
      CHECK_FALSE(contains(line, "\n"));
      CHECK(contains(line, host));
      std::printf("%s\n", line.c_str());
    }
  };
  check_refused(config("other-ca.pem", "cert"), "certificate");
  check_refused(config("missing.pem", "cert"), "missing.pem");
  check_refused(config("ca.pem", "missing"), "certificate");
  check_refused(R"({"host":")" + host + R"("})", "HTTPS");
}

TEST_CASE("tiers: open TCP", "[swarm]") {
  const TestBed bed("--tcp 2375");
  PluginDriver driver(R"({"host":"tcp://)" + bed.run("address") + R"(:2375"})");
  REQUIRE(driver.wait_for_tier(2, 5s));
  CHECK(settle(bed, driver, 5s) == "");
}

TEST_CASE("tiers: a configuration that is wrong makes no instance", "[swarm]") {
  const PluginDriver driver(R"({"push":"maybe"})");
  CHECK(driver.created() == STORM_E_INVALID);
  CHECK(driver.fault() == "push: \"maybe\" is not valid; allowed: auto, off, required");
}
