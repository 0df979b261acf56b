#include "core/plugin_host/host_services.hpp"

#include <poll.h>

#include <thread>

#include "catch.hpp"
#include "core/plugin_host/plugin_call.hpp"
#include "core/plugin_host/thread_class.hpp"
#include "plugin_fixture.hpp"
#include "storm/cpp/plugin.hpp"

namespace storm {
namespace {

struct Services {
  explicit Services(std::vector<std::string> needs = test::manifest_of("x").needs,
                    Value config = Value::object()) {
    HostServices::Options options;
    options.instance = "prod";
    options.host_version = "1.2.3";
    options.needs = std::move(needs);
    options.config = std::move(config);
    options.clock = environment.clock;
    options.log = environment.value.log;
    value = std::make_unique<HostServices>(std::move(options));
  }
  const ThreadClassScope call{STORM_T_WORK};  // as in a call of the plugin
  test::Environment environment;
  std::unique_ptr<HostServices> value;
};

TEST_CASE("services: only what the manifest asks for is granted", "[plugin_host]") {
  Services services({"storm.host.log/1"});
  const storm_host* host = services.value->raw();
  CHECK(host->service(host, "storm.host.log/1") != nullptr);
  CHECK(host->service(host, "storm.host.clock/1") == nullptr);
  CHECK(host->service(host, "storm.host.log/2") == nullptr);
  CHECK(host->service(host, nullptr) == nullptr);
}

TEST_CASE("services: a log line carries the instance's name and stays one line", "[plugin_host]") {
  Services services;
  const sdk::Host host(services.value->raw());
  CHECK(host.instance() == "prod");
  CHECK_FALSE(host.logs(STORM_LOG_DEBUG));
  host.log(STORM_LOG_WARN, "two\nlines\x1b[31m", "net");
  services.value->log().flush();
  const std::string written = services.environment.written.str();
  CHECK(written.find("[prod]") != std::string::npos);
  CHECK(written.find("net: two lines [31m\n") != std::string::npos);
}

TEST_CASE("services: what a plugin says is always valid UTF-8 and bounded", "[plugin_host]") {
  Services services;
  const sdk::Host host(services.value->raw());
  host.report(STORM_SOURCE_LOST, "gr\xc3\xbc\xc3\x9f");
  CHECK(services.value->status().summary == "gr\xc3\xbc\xc3\x9f");
  host.report(STORM_SOURCE_LOST, "bad \xff byte");
  CHECK(services.value->status().summary == "bad ? byte");
  host.report(STORM_SOURCE_LOST, std::string(5000, 'x'));
  CHECK(services.value->status().summary.size() == 4096 + 3);
}

TEST_CASE("services: time is the daemon's", "[plugin_host]") {
  Services services;
  const sdk::Host host(services.value->raw());
  const std::int64_t before = host.mono_ns();
  services.environment.clock->advance(5);
  CHECK(host.mono_ns() == before + 5);
  CHECK(host.wall_ns() == services.environment.clock->wall_now());
}

TEST_CASE("services: the configuration is read by JSON pointer", "[plugin_host]") {
  Value config = Value::object();
  config.set("tls", Value(Value::Object{{"ca", Value("/x")}}));
  Services services(test::manifest_of("x").needs, config);
  const sdk::Host host(services.value->raw());
  PluginCall call(*services.environment.clock, STORM_T_CTL);
  const sdk::Call view(host, call.raw());
  CHECK(view.config("/tls/ca") == "\"/x\"");
  CHECK(view.config("") == R"({"tls":{"ca":"/x"}})");
  CHECK(view.config("/tls/key") == std::nullopt);
}

TEST_CASE("services: status and metrics are kept, metrics within a limit", "[plugin_host]") {
  Services services;
  const sdk::Host host(services.value->raw());
  std::vector<SourceStatus> heard;
  services.value->on_status([&](const SourceStatus& status) { heard.push_back(status); });
  host.report(STORM_SOURCE_DEGRADED, "polls", R"({"tier": 3})");
  host.report(STORM_SOURCE_DEGRADED, "polls", R"({"tier": 3})");
  REQUIRE(heard.size() == 1);
  CHECK(heard[0].summary == "polls");
  CHECK(services.value->status().detail_json == R"({"tier": 3})");

  host.count("repairs_total");
  host.count("repairs_total", 2);
  host.gauge("lag_seconds", 4);
  host.gauge("lag_seconds", 3);
  host.gauge("Not A Name", 3);
  auto metrics = services.value->metrics();
  REQUIRE(metrics.size() == 2);
  CHECK(metrics[0].name == "lag_seconds");
  CHECK(metrics[0].value == 3);
  CHECK(metrics[1].counter);
  CHECK(metrics[1].value == 3);
  for (char a = 'a'; a <= 'z'; ++a) {
    for (char b = 'a'; b <= 'z'; ++b) host.count(std::string{a, b});
  }
  CHECK(services.value->metrics().size() == kMetricsPerInstanceMax);
}

TEST_CASE("call: cancelling wakes sleep and the descriptor", "[plugin_host]") {
  Services services;
  const sdk::Host host(services.value->raw());
  PluginCall call(*services.environment.clock, STORM_T_WATCH);
  const sdk::Call view(host, call.raw());
  CHECK(view.sleep(std::chrono::milliseconds(1)));
  CHECK_FALSE(view.cancelled());
  pollfd waiting{view.cancel_fd(), POLLIN, 0};
  CHECK(::poll(&waiting, 1, 0) == 0);
  std::thread other([&] { call.cancel(); });
  CHECK_FALSE(view.sleep(std::chrono::seconds(60)));
  CHECK(::poll(&waiting, 1, 10'000) == 1);
  CHECK(view.cancelled());
  other.join();

  PluginCall late(*services.environment.clock, STORM_T_WATCH);
  late.cancel();
  pollfd cancelled{sdk::Call(host, late.raw()).cancel_fd(), POLLIN, 0};
  CHECK(::poll(&cancelled, 1, 0) == 1);
}

TEST_CASE("call: past its deadline it counts as cancelled", "[plugin_host]") {
  Services services;
  const sdk::Host host(services.value->raw());
  PluginCall call(*services.environment.clock, STORM_T_CTL, 10);
  const sdk::Call view(host, call.raw());
  CHECK_FALSE(view.cancelled());
  services.environment.clock->advance(10);
  CHECK(view.cancelled());
  CHECK_FALSE(view.sleep(std::chrono::nanoseconds(1)));
}

TEST_CASE("call: a fault becomes an error with the instance's name", "[plugin_host]") {
  Services services;
  const sdk::Host host(services.value->raw());
  PluginCall call(*services.environment.clock, STORM_T_CTL);
  const sdk::Call view(host, call.raw());
  const auto result = call.run("prod", "start", [&] {
    return sdk::detail::guarded(
        view, [] { throw sdk::Fault(STORM_E_QUOTA, "the disk is full").provider_code("ENOSPC"); });
  });
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Errc::NoSpace);
  CHECK(result.error().message == "prod: the disk is full (ENOSPC)");

  PluginCall surprised(*services.environment.clock, STORM_T_CTL);
  const sdk::Call other(host, surprised.raw());
  const auto unexpected = surprised.run("prod", "start", [&] {
    return sdk::detail::guarded(other, [] { throw std::out_of_range("no index 3"); });
  });
  CHECK(unexpected.error().message == "prod: unexpected: no index 3");
}

}  // namespace
}  // namespace storm
