#include "core/plugin_host/thread_class.hpp"

#include <cstdlib>
#include <fstream>
#include <thread>

#include "catch.hpp"
#include "core/plugin_host/host_services.hpp"
#include "core/plugin_host/plugin_call.hpp"
#include "core/plugin_host/secret_reference.hpp"
#include "plugin_fixture.hpp"
#include "storm/cpp/plugin.hpp"

namespace storm {
namespace {

class FakeModel final : public ModelReader {
 public:
  Result<void> find(const ModelQuery& query, const std::function<bool()>& give_up,
                    const std::function<bool(std::string_view)>& write) override {
    asked = query;
    if (give_up()) return Error{Errc::TimedOut, "the query took too long"};
    if (query.group == "nobody") return Error{Errc::NotFound, "there is no group 'nobody'"};
    if (!write(R"({"revision":1,)") || !write(R"("items":[]})")) {
      return Error{Errc::Cancelled, "nobody takes the answer"};
    }
    return {};
  }
  ModelQuery asked;
};

struct Services {
  explicit Services(Value config = Value::object()) {
    HostServices::Options options;
    options.instance = "prod";
    options.needs = test::manifest_of("x").needs;
    options.config = std::move(config);
    options.clock = environment.clock;
    options.log = environment.value.log;
    options.model = model;
    value = std::make_unique<HostServices>(std::move(options));
  }
  double violations() const {
    for (const InstanceMetric& metric : value->metrics()) {
      if (metric.name == kViolationsMetric) return metric.value;
    }
    return 0;
  }
  std::size_t logged(const std::string& text) {
    value->log().flush();
    const std::string log = environment.written.str();
    std::size_t count = 0;
    for (std::size_t at = 0; (at = log.find(text, at)) != std::string::npos; ++at) ++count;
    return count;
  }
  template <typename Table>
  const Table& table(const char* id) const {
    return *static_cast<const Table*>(value->raw()->service(value->raw(), id));
  }

  test::Environment environment;
  std::shared_ptr<FakeModel> model = std::make_shared<FakeModel>();
  std::unique_ptr<HostServices> value;
};

TEST_CASE("threads: a call gives its thread a class for as long as it runs", "[plugin_host]") {
  ManualClock clock;
  PluginCall work(clock, STORM_T_WORK);
  CHECK(thread_class() == STORM_T_NONE);
  REQUIRE(work.run("x", "y", [&] {
    CHECK(thread_class() == STORM_T_WORK);
    const ThreadClassScope inner(STORM_T_PURE);
    CHECK(thread_class() == STORM_T_PURE);
    std::thread([] { CHECK(thread_class() == STORM_T_NONE); }).join();
    return STORM_OK;
  }));
  CHECK_FALSE(work.run("x", "y", []() -> storm_rc { throw 7; }));
  CHECK(thread_class() == STORM_T_NONE);
}

TEST_CASE("threads: what may wait is refused in a function that must not, and reported once",
          "[plugin_host]") {
  Services services;
  const storm_host* const host = services.value->raw();
  PluginCall call(*services.environment.clock, STORM_T_WORK);
  const auto& calls = services.table<storm_calls_v1>(STORM_HOST_CALLS_V1);
  const double before = services.violations();
  {
    const ThreadClassScope pure(STORM_T_PURE);
    CHECK(calls.cancelled(host, call.raw()) == STORM_OK);
    CHECK(services.violations() == before);
    CHECK(calls.sleep(host, call.raw(), 1) == STORM_E_DENIED);
    CHECK(calls.sleep(host, call.raw(), 1) == STORM_E_DENIED);
    sdk::StringOut out;
    const auto& query = services.table<storm_query_v1>(STORM_HOST_QUERY_V1);
    storm_query asked{};
    asked.size = sizeof asked;
    CHECK(query.find(host, call.raw(), &asked, out.raw()) == STORM_E_DENIED);
    const auto& config = services.table<storm_config_v1>(STORM_HOST_CONFIG_V1);
    CHECK(config.secret(host, call.raw(), sdk::str("env:HOME"), out.raw()) == STORM_E_DENIED);
  }
  CHECK(services.violations() == before + 4);
  CHECK(services.logged("calls.sleep, which may wait, in a function that must not") == 1);
}

TEST_CASE("threads: one that is not announced is served, counted, and reported once",
          "[plugin_host]") {
  Services services;
  const storm_host* const host = services.value->raw();
  const auto& log = services.table<storm_log_v1>(STORM_HOST_LOG_V1);
  std::thread([&] {
    for (int i = 0; i < 3; ++i) log.write(host, STORM_LOG_WARN, {}, sdk::str("hello"));
  }).join();
  CHECK(services.logged("hello") == 3);
  CHECK(services.logged("on a thread that it did not announce") == 1);
  CHECK(services.violations() >= 3);
}

TEST_CASE("threads: one that announces itself is in order until it leaves", "[plugin_host]") {
  Services services;
  const storm_host* const host = services.value->raw();
  const auto& threads = services.table<storm_threads_v1>(STORM_HOST_THREADS_V1);
  const auto& clock = services.table<storm_clock_v1>(STORM_HOST_CLOCK_V1);
  const double before = services.violations();
  std::thread([&] {
    CHECK(threads.current_class(host) == STORM_T_NONE);
    CHECK(threads.enter(host, sdk::str("poller of the cloud")) == STORM_OK);
    CHECK(threads.enter(host, sdk::str("again")) == STORM_E_EXISTS);
    CHECK(threads.current_class(host) == STORM_T_OWN);
    clock.mono_ns(host);
    services.value->check_threads_left();
    CHECK(services.violations() == before + 1);
    threads.leave(host);
    CHECK(threads.current_class(host) == STORM_T_NONE);
    services.value->check_threads_left();
    CHECK(services.violations() == before + 1);
  }).join();
  CHECK(services.logged("left 1 of its threads running in quiesce") == 1);
  const ThreadClassScope work(STORM_T_WORK);
  CHECK(threads.enter(host, sdk::str("not mine")) == STORM_E_INVALID);
}

TEST_CASE("threads: the glue announces the threads that it makes", "[plugin_host]") {
  Services services;
  const ThreadClassScope work(STORM_T_WORK);
  const sdk::Host host(services.value->raw());
  std::thread thread = host.thread("mine", [&host] { CHECK(host.current_class() == STORM_T_OWN); });
  thread.join();
  services.value->check_threads_left();
  CHECK(services.violations() == 0);
}

TEST_CASE("services: after destroy nothing happens, and that is reported once", "[plugin_host]") {
  Services services(Value(Value::Object{{"a", 1}}));
  const storm_host* const host = services.value->raw();
  PluginCall call(*services.environment.clock, STORM_T_WORK);
  const auto& log = services.table<storm_log_v1>(STORM_HOST_LOG_V1);
  const auto& calls = services.table<storm_calls_v1>(STORM_HOST_CALLS_V1);
  const auto& clock = services.table<storm_clock_v1>(STORM_HOST_CLOCK_V1);
  const auto& config = services.table<storm_config_v1>(STORM_HOST_CONFIG_V1);
  const auto& status = services.table<storm_status_v1>(STORM_HOST_STATUS_V1);
  const auto& threads = services.table<storm_threads_v1>(STORM_HOST_THREADS_V1);
  services.environment.clock->advance(5);
  services.value->end();
  sdk::StringOut out;
  log.write(host, STORM_LOG_ERROR, {}, sdk::str("from the beyond"));
  CHECK(calls.cancelled(host, call.raw()) == STORM_YES);
  CHECK(calls.cancel_fd(host, call.raw()) == -1);
  CHECK(calls.sleep(host, call.raw(), 1) == STORM_E_DENIED);
  CHECK(clock.mono_ns(host) == 0);
  CHECK(config.get(host, call.raw(), sdk::str("/a"), out.raw()) == STORM_E_DENIED);
  status.report(host, STORM_SOURCE_LIVE, sdk::str("alive"), {});
  CHECK(threads.enter(host, sdk::str("late")) == STORM_E_DENIED);
  CHECK(host->service(host, STORM_HOST_LOG_V1) == nullptr);
  CHECK(services.value->status().source == STORM_SOURCE_CONNECTING);
  CHECK(services.logged("from the beyond") == 0);
  CHECK(services.logged("after it was destroyed") == 1);
}

TEST_CASE("instance: a plugin that uses its host after destroy does no harm", "[plugin_host]") {
  test::Environment environment;
  const storm_host* host = nullptr;
  {
    const auto started = PluginInstance::start(test::manifest_of("misbehaving", "misbehaving"),
                                               "prod", Value("good"), environment.value);
    REQUIRE(started);
    host = (*started)->services().raw();
    REQUIRE((*started)->stop());
  }
  CHECK(host->service(host, STORM_HOST_LOG_V1) == nullptr);
  CHECK(environment.written.str().find("after it was destroyed") != std::string::npos);
}

TEST_CASE("services: the query service hands on what the model answers", "[plugin_host]") {
  Services services;
  const ThreadClassScope work(STORM_T_WORK);
  const sdk::Host host(services.value->raw());
  PluginCall raw(*services.environment.clock, STORM_T_WORK, 1'000);
  const sdk::Call call(host, raw.raw());
  CHECK(call.find({"web", R"({"type":"swarm-task"})", 10, "resource-1"}) ==
        R"({"revision":1,"items":[]})");
  CHECK(services.model->asked.group == "web");
  CHECK(services.model->asked.filter_json == R"({"type":"swarm-task"})");
  CHECK(services.model->asked.limit == 10);
  CHECK(services.model->asked.after == "resource-1");
  CHECK_NOTHROW(call.find({}));
  CHECK(services.model->asked.limit == kModelItemsDefault);
  const auto code_of = [&](const sdk::Search& search) {
    try {
      call.find(search);
      return STORM_OK;
    } catch (const sdk::Fault& fault) {
      return static_cast<decltype(STORM_OK)>(fault.code());
    }
  };
  CHECK(code_of({"nobody"}) == STORM_E_NOT_FOUND);
  CHECK(raw.fault()->message == "there is no group 'nobody'");
  CHECK(code_of({{}, {}, 10'001}) == STORM_E_INVALID);
  CHECK(code_of({{}, std::string(kModelFilterBytesMax + 1, ' ')}) == STORM_E_INVALID);
  services.environment.clock->advance(2'000);
  CHECK(code_of({}) == STORM_E_DEADLINE);
  raw.cancel();
  CHECK(code_of({}) == STORM_E_CANCELLED);
}

TEST_CASE("services: a host without a model has no query service", "[plugin_host]") {
  test::Environment environment;
  HostServices::Options options;
  options.needs = {STORM_HOST_QUERY_V1};
  options.clock = environment.clock;
  options.log = environment.value.log;
  HostServices services(std::move(options));
  CHECK(services.raw()->service(services.raw(), STORM_HOST_QUERY_V1) == nullptr);
}

TEST_CASE("secrets: a reference of the configuration is resolved, another one is not",
          "[plugin_host]") {
  const test::TempFolder folder;
  const std::string file = "file:" + folder.write("token", "s3cret\n").string();
  const std::string missing = "file:" + (folder.path() / "missing").string();
  const std::string large = "file:" + folder.write("large", std::string(70'000, 'x')).string();
  ::setenv("STORM_TEST_SECRET", "hidden", 1);
  Services services(Value(Value::Object{
      {"token", file},
      {"more", Value(Value::Array{"env:STORM_TEST_SECRET", "env:STORM_TEST_NONE", missing, large,
                                  "vault:x", "file:" + folder.path().string()})}}));
  const ThreadClassScope work(STORM_T_WORK);
  const sdk::Host host(services.value->raw());
  PluginCall raw(*services.environment.clock, STORM_T_WORK);
  const sdk::Call call(host, raw.raw());
  CHECK(call.secret(file) == "s3cret");
  CHECK(call.secret("env:STORM_TEST_SECRET") == "hidden");
  const auto code_of = [&](const std::string& reference) -> storm_rc {
    try {
      call.secret(reference);
      return STORM_OK;
    } catch (const sdk::Fault& fault) {
      return fault.code();
    }
  };
  CHECK(code_of("env:HOME") == STORM_E_DENIED);
  CHECK(code_of("file:/etc/passwd") == STORM_E_DENIED);
  CHECK(code_of("env:STORM_TEST_NONE") == STORM_E_NOT_FOUND);
  CHECK(code_of(missing) == STORM_E_NOT_FOUND);
  CHECK(code_of("file:" + folder.path().string()) == STORM_E_NOT_FOUND);
  CHECK(code_of(large) == STORM_E_QUOTA);
  CHECK(code_of("vault:x") == STORM_E_INVALID);
  ::unsetenv("STORM_TEST_SECRET");
  CHECK(services.logged("s3cret") == 0);
  CHECK(services.logged("hidden") == 0);
}

}  // namespace
}  // namespace storm
