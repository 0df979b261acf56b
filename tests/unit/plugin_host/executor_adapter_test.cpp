#include "core/plugin_host/executor_adapter.hpp"

#include <chrono>

#include "catch.hpp"
#include "plugin_fixture.hpp"

namespace storm {
namespace {

using Batches = std::vector<DiscoveryBatch>;
using Reports = std::vector<SourceReport>;

struct Running {
  explicit Running(const std::string& habit) {
    auto started = PluginInstance::start(test::manifest_of("misbehaving", "misbehaving"), "prod",
                                         Value(habit), environment.value);
    REQUIRE(started);
    auto created = ExecutorAdapter::create(*started);
    REQUIRE(created);
    adapter = std::move(*created);
  }
  void run() { adapter->run(sink); }

  test::Environment environment;
  std::shared_ptr<test::KeepingSink> sink = std::make_shared<test::KeepingSink>();
  std::unique_ptr<ExecutorAdapter> adapter;
};

// What the operator reads when a plugin publishes a batch that breaks a rule.
std::string refused_batch(const std::string& habit) {
  Running running(habit);
  running.run();
  REQUIRE(running.sink->wait_until(
      [](const Batches&, const Reports& reports) { return !reports.empty(); }));
  CHECK(running.adapter->stop());
  for (const DiscoveryBatch& batch : running.sink->batches()) CHECK(batch.upserts.empty());
  const std::string message = running.sink->reports().front().summary;
  const std::string before = "prod: published a batch that breaks the rules: ";
  return message.starts_with(before) ? message.substr(before.size()) : message;
}

std::string description_refusal(const std::string& habit) {
  test::Environment environment;
  auto started = PluginInstance::start(test::manifest_of("misbehaving", "misbehaving"), "prod",
                                       Value(habit), environment.value);
  REQUIRE(started);
  const auto adapter = ExecutorAdapter::create(*started);
  CHECK((*started)->stop());
  return adapter ? "accepted" : adapter.error().message;
}

TEST_CASE("executor: batches that break a rule are refused whole, with the rule", "[plugin_host]") {
  const auto [habit, message] = GENERATE(table<std::string, std::string>({
      {"batch_size", "batch: size is 8, at least 80 is needed"},
      {"batch_flags", "batch: flags 0x40 are not known, known are 0x7"},
      {"batch_scope", "batch: scope is \"elsewhere\", this call is for \"\""},
      {"stride", "batch: upserts has elements of 16 bytes, at least 176 are needed"},
      {"null_list", "batch: upserts is NULL but has 1 elements"},
      {"too_many", "batch: it has 10001 resources, at most 10000 are allowed"},
      {"resource_size", "upserts[0]: size is 40, at least 176 is needed"},
      {"resource_flags", "upserts[0]: flags 0x10 are not known, known are 0x1"},
      {"no_uid", "upserts[0]: uid has 0 bytes, 1 to 512 are allowed"},
      {"long_uid", "upserts[0]: uid has 513 bytes, 1 to 512 are allowed"},
      {"null_text", "upserts[0] (uid \"one\"): type is NULL but has 3 bytes"},
      {"not_utf8", "upserts[0] (uid \"one\"): image is not valid UTF-8"},
      {"long_type", "upserts[0] (uid \"one\"): type has 513 bytes, 1 to 512 are allowed"},
      {"blank_image", "upserts[0] (uid \"one\"): image is blank"},
      {"revision",
       "upserts[0] (uid \"one\"): revision is 9223372036854775808, 0 to 9223372036854775807 are "
       "allowed"},
      {"large_snapshot",
       "upserts[0] (uid \"one\"): snapshot_json has 16777217 bytes, at most 16777216 are allowed"},
      {"many_names", "upserts[0] (uid \"one\"): 65 names, at most 64 are allowed"},
      {"status", "upserts[0] (uid \"one\"): status is 11, 0 to 10 are allowed"},
      {"health", "upserts[0] (uid \"one\"): health is -1, 0 to 2 are allowed"},
      {"huge", "upserts[3] (uid \"four\"): the batch is larger than 64 MiB"},
      {"removal", "removals[0]: uid has 0 bytes, 1 to 512 are allowed"},
  }));
  CHECK(refused_batch(habit) == message);
}

TEST_CASE("executor: a snapshot that is no JSON is refused with its place", "[plugin_host]") {
  CHECK(
      refused_batch("snapshot")
          .starts_with("upserts[0] (uid \"one\"): snapshot_json: invalid JSON at line 1, column "));
  CHECK(refused_batch("deep_snapshot").find("nested deeper than 100 levels") != std::string::npos);
}

TEST_CASE("executor: a description that is none is refused", "[plugin_host]") {
  CHECK(description_refusal("describe_garbage").starts_with("prod: invalid JSON at line 1"));
  CHECK(description_refusal("describe_nothing") == "prod: its description has no agent_type");
  CHECK(description_refusal("describe_blank") ==
        "prod: agent_type in its description has 1 bytes or is blank, 1 to 512 are allowed");
  CHECK(description_refusal("describe_long") ==
        "prod: agent_type in its description has 513 bytes or is blank, 1 to 512 are allowed");
}

TEST_CASE("executor: a table without describe or watch is refused", "[plugin_host]") {
  const std::string variant = GENERATE("no_describe", "no_watch");
  test::Environment environment;
  auto started = PluginInstance::start(test::manifest_of("misbehaving_" + variant, "misbehaving"),
                                       "prod", Value("good"), environment.value);
  REQUIRE(started);
  const auto adapter = ExecutorAdapter::create(*started);
  REQUIRE_FALSE(adapter);
  CHECK(adapter.error().code == Errc::PluginFault);
  CHECK(adapter.error().message == "prod: its executor table has no describe or watch");
  CHECK((*started)->stop());
}

TEST_CASE("executor: what it lists reaches the sink, and it is live", "[plugin_host]") {
  Running running("good");
  CHECK(running.adapter->description().agent_type == "fixture");
  running.run();
  REQUIRE(running.sink->wait_until(
      [](const Batches&, const Reports& reports) { return !reports.empty(); }));
  CHECK(running.adapter->stop());
  const Batches batches = running.sink->batches();
  REQUIRE(batches.size() == 1);
  CHECK(batches[0].sync_begin);
  CHECK(batches[0].sync_end);
  CHECK(batches[0].upserts.at(0).uid == "one");
  CHECK(running.sink->reports().at(0).state == SourceState::Live);
  CHECK(running.adapter->instance().state() == PluginState::Stopped);
}

TEST_CASE("executor: each scope is watched on its own", "[plugin_host]") {
  Running running("two_scopes");
  running.run();
  REQUIRE(running.sink->wait_until(
      [](const Batches& batches, const Reports&) { return batches.size() == 2; }));
  CHECK(running.adapter->stop());
  const Batches batches = running.sink->batches();
  CHECK(batches[0].scope != batches[1].scope);
}

TEST_CASE("executor: a lost source turns stale, is listed again and is live", "[plugin_host]") {
  Running running("lost_once");
  running.run();
  REQUIRE(running.sink->wait_until([](const Batches& batches, const Reports& reports) {
    return batches.size() >= 3 && !reports.empty() && reports.back().state == SourceState::Live &&
           reports.size() >= 3;
  }));
  CHECK(running.adapter->stop());
  const Batches batches = running.sink->batches();
  CHECK(batches[0].sync_end);
  CHECK(batches[1].stale);
  CHECK(batches[1].upserts.empty());
  CHECK(batches[2].sync_end);
  const Reports reports = running.sink->reports();
  CHECK(reports[1].state == SourceState::Lost);
  CHECK(reports[1].summary == "prod: the cloud is gone");
}

TEST_CASE("executor: an exception out of watch is a failure like others", "[plugin_host]") {
  CHECK(refused_batch("throw_in_watch") ==
        "prod: watch let an exception out of the plugin: lost my footing");
}

TEST_CASE("executor: a quiet source is listed again when it is asked for", "[plugin_host]") {
  Running running("good");
  running.run();
  const auto live = [](const Batches&, const Reports& reports) { return !reports.empty(); };
  REQUIRE(running.sink->wait_until(live));
  running.adapter->relist();
  REQUIRE(running.sink->wait_until(
      [](const Batches& batches, const Reports&) { return batches.size() == 2; }));
  CHECK(running.adapter->stop());
  CHECK(running.sink->batches().at(1).sync_begin);
  CHECK(running.sink->batches().at(1).upserts.size() == 1);
}

TEST_CASE("executor: a source that the model forgot is listed again at once", "[plugin_host]") {
  Running running("good");
  running.sink->answer_once(Taken::Relist);
  const auto before = std::chrono::steady_clock::now();
  running.run();
  REQUIRE(running.sink->wait_until(
      [](const Batches&, const Reports& reports) { return !reports.empty(); }));
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::nanoseconds(kRetryFirst));
  CHECK(running.adapter->stop());
  const Batches batches = running.sink->batches();
  REQUIRE(batches.size() == 2);
  CHECK(batches[1].sync_begin);
  CHECK(batches[1].upserts.size() == 1);
  CHECK(running.sink->reports().at(0).state == SourceState::Live);
}

TEST_CASE("executor: a model that takes no listing is not asked in a tight loop", "[plugin_host]") {
  Running running("good");
  running.sink->answer(Taken::Relist);
  running.run();
  // Twice at once, then the batch that says that it is stale, and a pause.
  REQUIRE(running.sink->wait_until(
      [](const Batches& batches, const Reports&) { return batches.size() >= 3; }));
  CHECK(running.adapter->stop());
  CHECK(running.sink->batches().size() == 3);
  CHECK(running.sink->batches().at(2).stale);
}

TEST_CASE("executor: stopping does not wait for a model that is behind", "[plugin_host]") {
  Running running("good");
  running.sink->block();
  running.run();
  REQUIRE(running.sink->wait_until(
      [](const Batches& batches, const Reports&) { return !batches.empty(); }));
  const auto before = std::chrono::steady_clock::now();
  CHECK(running.adapter->stop());
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(2));
}

TEST_CASE("executor: one that hangs in describe is left behind", "[plugin_host]") {
  test::Environment environment;
  auto started = PluginInstance::start(test::manifest_of("misbehaving", "misbehaving"), "prod",
                                       Value("hang_in_describe"), environment.value);
  REQUIRE(started);
  const auto adapter = ExecutorAdapter::create(*started);
  REQUIRE_FALSE(adapter);
  CHECK(adapter.error().code == Errc::TimedOut);
  CHECK(adapter.error().message ==
        "prod: describe did not return within 5 s; the instance is left behind until the process "
        "ends");
  CHECK((*started)->state() == PluginState::Failed);
}

TEST_CASE("executor: one that publishes without end is stopped in time", "[plugin_host]") {
  Running running("flood");
  running.run();
  REQUIRE(running.sink->wait_until(
      [](const Batches& batches, const Reports&) { return batches.size() > 100; }));
  const auto before = std::chrono::steady_clock::now();
  CHECK(running.adapter->stop());
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(2));
}

TEST_CASE("executor: one that hangs in watch is left behind in time", "[plugin_host]") {
  Running running("hang_in_watch");
  running.run();
  REQUIRE(running.sink->wait_until(
      [](const Batches& batches, const Reports&) { return !batches.empty(); }));
  const auto before = std::chrono::steady_clock::now();
  const auto stopped = running.adapter->stop();
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(4));
  REQUIRE_FALSE(stopped);
  CHECK(stopped.error().message ==
        "prod: watch of scope '' did not return within 2 s after it was cancelled; its thread is "
        "left behind until the process ends");
  CHECK(running.adapter->instance().state() == PluginState::Failed);
}

}  // namespace
}  // namespace storm
