#include "core/runner/isolated_plugin.hpp"

#include <signal.h>

#include <cstdlib>
#include <ctime>
#include <random>
#include <string>

#include "catch.hpp"
#include "runner_fixture.hpp"

namespace storm::runner {
namespace {

using Batches = std::vector<DiscoveryBatch>;
using Reports = std::vector<SourceReport>;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

bool live(const Batches& batches, const Reports& reports) {
  return !batches.empty() && batches.back().sync_end && !reports.empty() &&
         reports.back().state == SourceState::Live;
}

// Deaths that are meant, one after the other.
RestartPolicy::Limits patient() {
  RestartPolicy::Limits limits;
  limits.pause_first = 2 * kNanosecondsPerMillisecond;
  limits.pause_max = 20 * kNanosecondsPerMillisecond;
  limits.deaths_max = 1'000'000;
  return limits;
}

TEST_CASE("isolated: an executor in a process discovers as one in stormd does", "[runner]") {
  test::Watching watching("good");
  REQUIRE(watching.sink->wait_until(live));
  const auto process = watching.instance->code().process();
  REQUIRE(process);
  CHECK(process->generation == 1);
  CHECK(process->pid > 0);
  CHECK(process->pid != ::getpid());
  const Batches batches = watching.sink->batches();
  REQUIRE(batches[0].upserts.size() == 3);
  CHECK(batches[0].upserts[2].uid == "thing-2");
  CHECK(watching.adapter->description().agent_type == "unruly");
  CHECK(watching.adapter->stop());
  CHECK(watching.instance->state() == PluginState::Stopped);
  watching.adapter = nullptr;
  watching.instance = nullptr;
  CHECK(test::children() == 0);
}

// In stormd itself and in a process: what the operator reads is the same.
TEST_CASE("isolated: what breaks the contract is refused in the same words", "[runner]") {
  const std::string habit = GENERATE(
      "batch_size", "batch_flags", "batch_scope", "stride", "null_list", "too_many",
      "resource_size", "resource_flags", "no_uid", "long_uid", "null_text", "not_utf8", "long_type",
      "blank_image", "revision", "large_snapshot", "many_names", "status", "health", "huge",
      "removal", "snapshot", "deep_snapshot", "throw_in_watch", "lost_once", "good");
  const auto trace = [&](bool isolate) {
    test::Isolated isolated;
    Manifest manifest = test::manifest_of("misbehaving", "misbehaving");
    if (isolate) manifest.isolation = {Isolation::Process, {Isolation::Process}};
    auto started = isolated.start(habit, manifest);
    REQUIRE(started);
    auto adapter = ExecutorAdapter::create(*started);
    REQUIRE(adapter);
    const auto sink = std::make_shared<test::KeepingSink>();
    (*adapter)->run(sink);
    REQUIRE(
        sink->wait_until([](const Batches&, const Reports& reports) { return !reports.empty(); }));
    CHECK((*adapter)->stop());
    const SourceReport first = sink->reports().front();
    std::string text = first.summary + "/" + std::to_string(static_cast<int>(first.state));
    const Batches batches = sink->batches();
    if (!batches.empty() && !batches[0].stale) {
      text += "/" + std::to_string(batches[0].upserts.size());
    }
    return text;
  };
  CHECK(trace(false) == trace(true));
}

TEST_CASE("isolated: a crash is told with its signal and its last words, and is over at once",
          "[runner]") {
  const auto [how, words] = GENERATE(table<std::string, std::string>({
      {"segv", "was ended by signal 11 (SIGSEGV)"},
      {"abort", "was ended by signal 6 (SIGABRT)"},
      {"exit", "left with exit code 3"},
  }));
  test::Watching watching(how + "_in_watch", patient());
  REQUIRE(watching.sink->wait_until(
      [&](const Batches& batches, const Reports&) { return batches.size() > 3; }));
  const auto process = watching.instance->code().process();
  CHECK(process->generation > 1);
  CHECK(watching.adapter->stop());
  const Batches batches = watching.sink->batches();
  CHECK(batches[0].sync_end);
  CHECK(batches[1].stale);  // and nothing of it was removed
  CHECK(batches[1].removals.empty());
  CHECK(batches[2].sync_end);
  bool told = false;
  for (const SourceReport& report : watching.sink->reports()) {
    if (report.state != SourceState::Lost) continue;
    INFO(report.summary);
    told = true;
    CHECK(has(report.summary, "prod: its process (pid "));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // theirs are other words
    CHECK(has(report.summary, words));
    CHECK(has(report.summary, "it said last: about to " + how + "_in_watch"));
#endif
  }
  CHECK(told);
}

TEST_CASE("isolated: one that crashed once is back in less than a second", "[runner]") {
  const storm::test::TempFolder folder;
  test::Watching watching("crash_once:" + (folder.path() / "crashed").string());
  REQUIRE(watching.sink->wait_until(
      [](const Batches& batches, const Reports&) { return batches.size() >= 2; }));
  const auto lost = std::chrono::steady_clock::now();
  REQUIRE(watching.sink->wait_until([](const Batches& batches, const Reports& reports) {
    return batches.size() >= 3 && live(batches, reports);
  }));
  const auto took = std::chrono::steady_clock::now() - lost;
  CHECK(took < std::chrono::seconds(1) * slowness());
  CHECK(watching.instance->code().process()->generation == 2);
  CHECK(watching.adapter->stop());
}

TEST_CASE("isolated: one that dies again and again is left in quarantine", "[runner]") {
  RestartPolicy::Limits limits;
  limits.pause_first = 2 * kNanosecondsPerMillisecond;
  limits.deaths_max = 3;
  test::Watching watching("segv_in_watch", limits);
  REQUIRE(test::eventually([&] { return watching.instance->code().process()->quarantined; }));
  const std::uint64_t generation = watching.instance->code().process()->generation;
  CHECK(generation == 3);
  CHECK(watching.instance->code().process()->pid == 0);
  // One who starts the instance anew hears of it.
  const auto again = watching.isolated.start("good");
  REQUIRE_FALSE(again);
  CHECK(has(again.error().message, "prod: it is in quarantine: its process"));
  // Until somebody clears it.
  watching.instance->code().clear_quarantine();
  CHECK(watching.isolated.start("good"));
  CHECK(watching.adapter->stop());
}

TEST_CASE("isolated: what hangs is ended at its deadline, and stormd does not wait for it",
          "[runner]") {
  const std::string function = GENERATE("start", "describe", "create");
  Patience patience;
  patience.load = std::chrono::seconds(30);
  test::Isolated isolated({}, patience);
  const auto before = std::chrono::steady_clock::now();
  auto started = isolated.start("hang_in_" + function);
  std::string said;
  if (started) {
    const auto adapter = ExecutorAdapter::create(*started);
    REQUIRE_FALSE(adapter);
    said = adapter.error().message;
    CHECK((*started)->stop());
  } else {
    said = started.error().message;
  }
  INFO(said);
  CHECK(has(said, function + " did not return by its deadline"));
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(14) * slowness());
  *&started = Error{Errc::Cancelled, "let go"};
  CHECK(test::eventually([] { return test::children() == 0; }));
}

TEST_CASE("isolated: a watch that hangs is ended two seconds after it is cancelled", "[runner]") {
  const std::string how = GENERATE("hang", "stop");
  test::Watching watching(how + "_in_watch");
  REQUIRE(watching.sink->wait_until(
      [](const Batches& batches, const Reports&) { return !batches.empty(); }));
  const auto before = std::chrono::steady_clock::now();
  const auto stopped = watching.adapter->stop();
  const auto took = std::chrono::steady_clock::now() - before;
  CHECK(stopped);
  CHECK(took < std::chrono::milliseconds(3'500) * slowness());
  CHECK(has(watching.isolated.log(), "watch did not return within 2.0 s after it was cancelled"));
  CHECK(test::eventually([] { return test::children() == 0; }));
}

TEST_CASE("isolated: a process that is stopped is ended when it does not answer", "[runner]") {
  Patience patience;
  patience.heartbeat = std::chrono::milliseconds(50);
  patience.heartbeats_missed = 5 * slowness();
  test::Watching watching("stop_in_watch", patient(), patience);
  REQUIRE(test::eventually([&] { return has(watching.isolated.log(), "it did not answer for"); }));
  CHECK(watching.adapter->stop());
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they need memory themselves
TEST_CASE("isolated: one that leaks ends at its own limit", "[runner]") {
  Manifest manifest = test::unruly();
  manifest.limits.memory_bytes = 200ULL << 20U;
  test::Watching watching("leak", patient(), {}, manifest);
  REQUIRE(test::eventually([&] { return has(watching.isolated.log(), "was ended by signal 11"); }));
  CHECK(watching.adapter->stop());
}
#endif

TEST_CASE("isolated: a plugin gets no descriptor of stormd, and few calls of the system",
          "[runner]") {
  {
    test::Watching watching("descriptors");
    REQUIRE(watching.sink->wait_until(
        [](const Batches&, const Reports& reports) { return !reports.empty(); }));
    // Its three, the socket, what it waits for, and what a sanitizer has.
    CHECK(std::atoi(watching.sink->reports().front().summary.c_str()) < 10);
    CHECK(watching.adapter->stop());
  }
  Manifest manifest = test::unruly();
  manifest.sandbox.private_user = true;
  test::Watching watching("attempts", {}, {}, manifest);
  REQUIRE(watching.sink->wait_until(
      [](const Batches&, const Reports& reports) { return !reports.empty(); }));
  const std::string said = watching.sink->reports().front().summary;
  INFO(said);
  CHECK(has(said, "mount=Operation not permitted"));
  CHECK(has(said, "unshare=Operation not permitted"));
  CHECK(has(said, "ptrace=Operation not permitted"));
  if (::geteuid() == 0) CHECK_FALSE(has(said, "uid=0"));
  CHECK(watching.adapter->stop());
}

TEST_CASE("isolated: a flood of lines, metrics or statuses is bounded", "[runner]") {
  const std::string habit = GENERATE("log_flood", "print_flood", "metric_flood", "status_flood");
  test::Watching watching(habit);
  REQUIRE(watching.sink->wait_until(live));
  if (habit == "metric_flood") {
    CHECK(test::eventually([&] {
      const auto metrics = watching.instance->services().metrics();
      return metrics.size() == 1 && metrics[0].value == 100'000;
    }));
  }
  if (habit == "status_flood") {
    CHECK(test::eventually(
        [&] { return watching.instance->services().status().summary == "status 19999"; }));
  }
  CHECK(watching.adapter->stop());
  const std::string log = watching.isolated.log();
  const auto lines = static_cast<std::size_t>(std::count(log.begin(), log.end(), '\n'));
  CHECK(lines < 10'000 * static_cast<std::size_t>(slowness()));
}

TEST_CASE("isolated: one that publishes without end waits for the model, and stops in time",
          "[runner]") {
  test::Watching watching("flood");
  watching.sink->block();
  REQUIRE(watching.sink->wait_until(
      [](const Batches& batches, const Reports&) { return !batches.empty(); }));
  const std::size_t taken = watching.sink->batches().size();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // it may come no further
  CHECK(watching.sink->batches().size() <= taken + 1);
  const auto before = std::chrono::steady_clock::now();
  CHECK(watching.adapter->stop());
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(2) * slowness());
}

TEST_CASE("isolated: one that closes what it prints to costs no time", "[runner]") {
  test::Watching watching("closes_output");
  REQUIRE(watching.sink->wait_until(live));
  const std::clock_t before = std::clock();
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  const double busy = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
  CHECK(busy < 0.25);
  CHECK(watching.adapter->stop());
}

TEST_CASE("isolated: a new configuration reaches the process, and the one after it", "[runner]") {
  test::Watching watching("good", patient());
  REQUIRE(watching.sink->wait_until(live));
  PluginCode& code = watching.instance->code();
  PluginCall call(watching.instance->clock(), STORM_T_CTL);
  const std::string config = R"("crash_once:/nowhere/at/all")";
  CHECK(code.reconfigure(watching.instance->handle(), call.raw(), {config.data(), config.size()}) ==
        STORM_OK);
  CHECK(test::eventually(
      [&] { return watching.instance->services().status().summary == "configured as " + config; }));
  ::kill(watching.pid(), SIGKILL);
  const std::size_t seen = watching.sink->batches().size();
  REQUIRE(watching.sink->wait_until([&](const Batches& batches, const Reports& reports) {
    return batches.size() > seen && live(batches, reports);
  }));
  CHECK(watching.adapter->stop());
}

TEST_CASE("isolated: threads of one watch may publish at the same time", "[runner]") {
  test::Watching watching("many_threads");
  REQUIRE(watching.sink->wait_until(
      [](const Batches&, const Reports& reports) { return !reports.empty(); }));
  CHECK(watching.sink->reports().front().summary == "0 failed");
  CHECK(watching.adapter->stop());
}

TEST_CASE("isolated: a runner that is missing or no program is named", "[runner]") {
  test::Isolated isolated({}, {}, "/nowhere/storm-plugin-runner");
  const auto started = isolated.start("good");
  REQUIRE_FALSE(started);
  CHECK(started.error().message ==
        "/nowhere/storm-plugin-runner: it cannot be started: No such file or directory");
}

TEST_CASE("isolated: a plugin that cannot be mapped says so as in stormd", "[runner]") {
  Manifest manifest = test::unruly();
  manifest.version = "9.9.9";
  test::Isolated isolated;
  const auto started = isolated.start("good", manifest);
  REQUIRE_FALSE(started);
  CHECK(has(started.error().message, "its version is 1.0.0, but the manifest"));
  CHECK(test::children() == 0);
}

// STORM_TEST_KILLS asks for more.
TEST_CASE("isolated: killed at random points it comes back, and nothing is left behind",
          "[runner]") {
  const char* const more = std::getenv("STORM_TEST_KILLS");
  const int rounds = more ? std::atoi(more) : 50;
  constexpr std::uint32_t kSeed = 20261121;
  WARN("seed " << kSeed << ", " << rounds << " kills");
  std::mt19937 random(kSeed);
  test::Watching watching("good", patient());
  REQUIRE(watching.sink->wait_until(live));
  const std::size_t descriptors = test::descriptors();
  const std::size_t threads = test::threads();
  int last = 0;
  for (int round = 0; round < rounds; ++round) {
    CAPTURE(round);
    REQUIRE(test::eventually([&] {
      const int pid = watching.pid();
      return pid > 0 && pid != last;
    }));
    // Somewhere between the start of the process and its watch.
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 30'000));
    last = watching.pid();
    if (last > 0) ::kill(last, SIGKILL);
    CHECK(test::children() <= 2);  // one that is about to be waited for, one that follows it
  }
  const std::size_t seen = watching.sink->batches().size();
  REQUIRE(watching.sink->wait_until([&](const Batches& batches, const Reports& reports) {
    return batches.size() > seen && live(batches, reports);
  }));
  CHECK(test::eventually([&] { return test::children() == 1; }));
  CHECK(test::eventually([&] { return test::descriptors() <= descriptors; }));
  CHECK(test::eventually([&] { return test::threads() <= threads; }));
  CHECK(watching.adapter->stop());
}

}  // namespace
}  // namespace storm::runner
