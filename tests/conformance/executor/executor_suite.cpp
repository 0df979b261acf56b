// What every executor must do, whatever it talks to. Runs on the plugin that EXECUTOR_NAME names,
// by its C tables, as the host does.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <spdlog/logger.h>
#include <spdlog/sinks/null_sink.h>

#include "catch.hpp"
#include "core/document/json.hpp"
#include "core/plugin_host/discovery_reader.hpp"
#include "core/plugin_host/executor_adapter.hpp"
#include "core/plugin_host/host_services.hpp"
#include "core/plugin_host/plugin_call.hpp"
#include "core/plugin_host/plugin_loader.hpp"
#include "core/plugin_host/plugin_scan.hpp"
#include "slowness.hpp"
#include "storm/cpp/host.hpp"
#include "storm/executor.h"

#ifdef EXECUTOR_OF_ENVIRONMENT
// A plugin that is built elsewhere, whose listings move, as the examples are: tests/sdk_user runs
// it.
#define EXECUTOR_NAME named("STORM_EXECUTOR_NAME")
#define EXECUTOR_FOLDER named("STORM_EXECUTOR_FOLDER")
#define EXECUTOR_CONFIG named("STORM_EXECUTOR_CONFIG")
#define EXECUTOR_BAD_CONFIG named("STORM_EXECUTOR_BAD_CONFIG")
#define EXECUTOR_BAD_KEY named("STORM_EXECUTOR_BAD_KEY")
#define EXECUTOR_LISTS 1
#endif

namespace storm {
namespace {

#ifdef EXECUTOR_OF_ENVIRONMENT
constexpr bool kMoves = true;
std::string named(const char* variable) {
  const char* const value = std::getenv(variable);
  if (value == nullptr) throw std::runtime_error(std::string(variable) + " is not set");
  return value;
}
#else
constexpr bool kMoves = false;
#endif

const auto kReturnMax = std::chrono::seconds(2) * slowness();  // of a cancelled call
const auto kHungAfter = std::chrono::seconds(20) * slowness();
[[maybe_unused]] const auto kListingMax = std::chrono::seconds(20) * slowness();

std::shared_ptr<const LoadedPlugin> plugin() {
  static LibraryRegistry libraries;
  const std::vector<std::filesystem::path> folders = {EXECUTOR_FOLDER};
  const auto manifest = scan_plugins(folders).find("executor", EXECUTOR_NAME);
  REQUIRE(manifest);
  const auto loaded = load_plugin(*manifest, libraries);
  REQUIRE(loaded);
  return *loaded;
}

std::unique_ptr<HostServices> services(const std::string& name, std::vector<std::string> needs,
                                       const std::string& config) {
  HostServices::Options options;
  options.instance = name;
  options.host_version = "0.0.0";
  options.needs = std::move(needs);
  options.config = parse_json(config).value();
  options.clock = std::make_shared<SystemClock>();
  options.log = std::make_shared<spdlog::logger>("conformance",
                                                 std::make_shared<spdlog::sinks::null_sink_mt>());
  return std::make_unique<HostServices>(std::move(options));
}

// Keeps what is published, refusing what breaks the rules.
class KeepingFeed {
 public:
  KeepingFeed() : raw_{sizeof(storm_feed), 0, this, &KeepingFeed::publish} {}
  const storm_feed* raw() const { return &raw_; }
  void answer(storm_rc code) { answer_ = code; }
  // False when no listing was completed in time.
  bool wait_for_listing(std::chrono::seconds timeout) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(
        lock, timeout, [this] { return std::ranges::any_of(batches_, &DiscoveryBatch::sync_end); });
  }
  void wait_for_anything(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, timeout, [this] { return !batches_.empty(); });
  }
  std::vector<DiscoveryBatch> batches() const {
    const std::lock_guard lock(mutex_);
    return batches_;
  }
  std::string violation() const {
    const std::lock_guard lock(mutex_);
    return violation_;
  }

 private:
  static storm_rc publish(const storm_feed* feed, const storm_call*, const storm_batch* batch) {
    return static_cast<KeepingFeed*>(feed->ctx)->take(*batch);
  }
  storm_rc take(const storm_batch& raw) {
    Result<DiscoveryBatch> batch = read_batch(raw);
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
    if (!batch) {
      violation_ = batch.error().message;
      return STORM_E_INVALID;
    }
    batches_.push_back(std::move(*batch));
    return answer_;
  }

  const storm_feed raw_;
  std::atomic<storm_rc> answer_ = STORM_OK;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<DiscoveryBatch> batches_;  // Guarded by mutex_.
  std::string violation_;                // Guarded by mutex_.
};

// An instance, by its tables.
class Instance {
 public:
  explicit Instance(const std::string& name = "conformance",
                    const std::string& config = EXECUTOR_CONFIG)
      : Instance(name, config, plugin()->manifest.needs) {}
  Instance(const std::string& name, const std::string& config, std::vector<std::string> needs)
      : plugin_(plugin()), services_(services(name, std::move(needs), config)) {
    PluginCall creating(clock_, STORM_T_CTL, 5 * kNanosecondsPerSecond);
    code_ =
        plugin_->descriptor->create(services_->raw(), creating.raw(), sdk::str(config), &instance_);
    fault_ = creating.fault();
    if (code_ < 0) return;
    PluginCall starting(clock_, STORM_T_CTL, 5 * kNanosecondsPerSecond);
    code_ = plugin_->descriptor->start(instance_, starting.raw(), storm_str{nullptr, 0});
    fault_ = starting.fault();
  }
  ~Instance() {
    if (!instance_) return;
    PluginCall call(clock_, STORM_T_CTL, 5 * kNanosecondsPerSecond);
    const sdk::StringOut state;
    CHECK(plugin_->descriptor->quiesce(instance_, call.raw(), state.raw()) >= 0);
    plugin_->descriptor->destroy(instance_);
  }
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  bool started() const { return code_ >= 0; }
  storm_rc code() const { return code_; }
  const std::optional<PluginFault>& fault() const { return fault_; }
  const storm_executor_v1& table() const {
    return *static_cast<const storm_executor_v1*>(plugin_->table);
  }
  storm_inst* raw() const { return instance_; }
  const Clock& clock() const { return clock_; }

  std::string describe() {
    PluginCall call(clock_, STORM_T_WORK, 5 * kNanosecondsPerSecond);
    sdk::StringOut out;
    REQUIRE(table().describe(instance_, call.raw(), out.raw()) >= 0);
    return out.take();
  }
  std::string first_scope() { return read_description(describe()).value().scopes.front(); }

 private:
  const std::shared_ptr<const LoadedPlugin> plugin_;
  const SystemClock clock_;
  const std::unique_ptr<HostServices> services_;
  storm_inst* instance_ = nullptr;
  storm_rc code_ = STORM_OK;
  std::optional<PluginFault> fault_;
};

// A watch on a thread of its own. One that never returns ends the whole program: a thread cannot be
// ended from outside.
class Watch {
 public:
  Watch(Instance& instance, const storm_feed* feed)
      : call_(instance.clock(), STORM_T_WATCH), scope_(instance.first_scope()) {
    thread_ = std::thread([this, &instance, feed] {
      const storm_rc code = instance.table().watch(instance.raw(), call_.raw(), sdk::str(scope_),
                                                   storm_str{nullptr, 0}, feed);
      const std::lock_guard lock(mutex_);
      code_ = code;
      changed_.notify_all();
    });
  }
  ~Watch() { stop(); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // How long it took to come back.
  std::chrono::steady_clock::duration stop() {
    const auto before = std::chrono::steady_clock::now();
    call_.cancel();
    if (!thread_.joinable()) return {};
    {
      std::unique_lock lock(mutex_);
      if (!changed_.wait_for(lock, kHungAfter, [this] { return code_.has_value(); })) {
        std::fputs("watch did not return after it was cancelled\n", stderr);
        std::_Exit(1);
      }
    }
    const auto took = std::chrono::steady_clock::now() - before;
    thread_.join();
    return took;
  }
  // Requires: stopped.
  storm_rc code() const { return code_.value(); }
  std::optional<PluginFault> fault() const { return call_.fault(); }

 private:
  PluginCall call_;
  const std::string scope_;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<storm_rc> code_;  // Guarded by mutex_.
};

// A failure without a reason helps nobody.
void check_told(storm_rc code, const std::optional<PluginFault>& fault) {
  if (code >= 0) return;
  REQUIRE(fault);
  CHECK(fault->code == code);
  CHECK_FALSE(fault->message.empty());
}

TEST_CASE("executor: its entry has no state and knows other hosts", "[conformance]") {
  const auto loaded = plugin();
  const auto symbol = loaded->library->own_symbol(loaded->manifest.entry);
  REQUIRE(symbol);
  const auto entry = reinterpret_cast<storm_entry_fn>(*symbol);
  CHECK(entry(STORM_ABI_MAJOR, STORM_ABI_MINOR) == loaded->descriptor);
  CHECK(entry(STORM_ABI_MAJOR, STORM_ABI_MINOR + 1) == loaded->descriptor);
  CHECK(entry(STORM_ABI_MAJOR + 1, 0) == nullptr);
  CHECK(loaded->descriptor->iface("storm.executor/1") == loaded->table);
  CHECK(loaded->descriptor->iface("storm.executor/1x") == nullptr);
  CHECK(loaded->descriptor->iface("") == nullptr);
}

TEST_CASE("executor: it describes itself in valid JSON", "[conformance]") {
  Instance instance;
  REQUIRE(instance.started());
  const std::string text = instance.describe();
  const auto description = read_description(text);
  REQUIRE(description);
  CHECK_FALSE(description->agent_type.empty());
  CHECK(instance.describe() == text);
}

TEST_CASE("executor: the schema of its configuration is valid JSON", "[conformance]") {
  const storm_str schema = plugin()->descriptor->config_schema_json;
  CHECK((schema.n == 0 || check_json(sdk::view(schema))));
}

TEST_CASE("executor: a result that nobody takes is no crash", "[conformance]") {
  Instance instance;
  REQUIRE(instance.started());
  const storm_out full = {sizeof(storm_out), 0, nullptr,
                          [](const storm_out*, storm_str) -> storm_rc { return STORM_E_QUOTA; }};
  PluginCall call(instance.clock(), STORM_T_WORK);
  CHECK(instance.table().describe(instance.raw(), call.raw(), &full) < 0);
}

TEST_CASE("executor: two instances live side by side", "[conformance]") {
  Instance first("first");
  Instance second("second");
  REQUIRE(first.started());
  REQUIRE(second.started());
  CHECK(first.raw() != second.raw());
  CHECK(first.describe() == second.describe());
}

TEST_CASE("executor: a configuration that is wrong is refused by the name of its key",
          "[conformance]") {
  const Instance instance("wrong", EXECUTOR_BAD_CONFIG);
  REQUIRE_FALSE(instance.started());
  CHECK(instance.code() == STORM_E_INVALID);
  check_told(instance.code(), instance.fault());
  CHECK(instance.fault()->message.find(EXECUTOR_BAD_KEY) != std::string::npos);
}

TEST_CASE("executor: a configuration with an unknown key is refused by that key", "[conformance]") {
  const Instance instance("wrong", R"({"no_such_setting": 1})");
  REQUIRE_FALSE(instance.started());
  check_told(instance.code(), instance.fault());
  CHECK(instance.fault()->message.find("no_such_setting") != std::string::npos);
}

TEST_CASE("executor: a configuration that is no map is refused", "[conformance]") {
  const std::string config = GENERATE("[]", "7", "\"text\"");
  const Instance instance("wrong", config);
  REQUIRE_FALSE(instance.started());
  check_told(instance.code(), instance.fault());
}

TEST_CASE("executor: without any service it fails in order or works", "[conformance]") {
  Instance instance("bare", EXECUTOR_CONFIG, {});
  check_told(instance.code(), instance.fault());
  if (!instance.started()) return;
  KeepingFeed feed;
  Watch watch(instance, feed.raw());
  CHECK(watch.stop() < kReturnMax);
  check_told(watch.code(), watch.fault());
}

TEST_CASE("executor: watch returns soon after it is cancelled", "[conformance]") {
  Instance instance;
  REQUIRE(instance.started());
  for (int round = 0; round < 3; ++round) {
    KeepingFeed feed;
    Watch watch(instance, feed.raw());
    feed.wait_for_anything(std::chrono::milliseconds(round * 100));
    CHECK(watch.stop() < kReturnMax);
    check_told(watch.code(), watch.fault());
    CHECK(feed.violation().empty());
  }
}

TEST_CASE("executor: a call that is cancelled before it begins returns at once", "[conformance]") {
  Instance instance;
  REQUIRE(instance.started());
  KeepingFeed feed;
  feed.answer(STORM_E_CANCELLED);
  PluginCall call(instance.clock(), STORM_T_WATCH);
  call.cancel();
  const std::string scope = instance.first_scope();
  const auto before = std::chrono::steady_clock::now();
  const storm_rc code = instance.table().watch(instance.raw(), call.raw(), sdk::str(scope),
                                               storm_str{nullptr, 0}, feed.raw());
  CHECK(std::chrono::steady_clock::now() - before < kReturnMax);
  check_told(code, call.fault());
}

#if EXECUTOR_LISTS
// One full listing, by sync if the plugin has it, else by the beginning of a watch.
std::vector<DiscoveryBatch> list(Instance& instance) {
  KeepingFeed feed;
  if (instance.table().sync) {
    PluginCall call(instance.clock(), STORM_T_WORK);
    const std::string scope = instance.first_scope();
    const storm_rc code =
        instance.table().sync(instance.raw(), call.raw(), sdk::str(scope), feed.raw());
    check_told(code, call.fault());
    CHECK(code >= 0);
  } else {
    Watch watch(instance, feed.raw());
    CHECK(feed.wait_for_listing(kListingMax));
  }
  CHECK(feed.violation().empty());
  return feed.batches();
}

std::map<std::string, DiscoveredResource> contents(const std::vector<DiscoveryBatch>& batches) {
  std::map<std::string, DiscoveredResource> all;
  for (const DiscoveryBatch& batch : batches) {
    for (const DiscoveredResource& resource : batch.upserts) all[resource.uid] = resource;
  }
  return all;
}

TEST_CASE("executor: a listing has a beginning, an end and one epoch", "[conformance]") {
  Instance instance;
  REQUIRE(instance.started());
  const auto batches = list(instance);
  REQUIRE_FALSE(batches.empty());
  CHECK(batches.front().sync_begin);
  CHECK(std::ranges::count_if(batches, &DiscoveryBatch::sync_begin) == 1);
  CHECK(std::ranges::count_if(batches, &DiscoveryBatch::sync_end) == 1);
  const auto end = std::ranges::find_if(batches, &DiscoveryBatch::sync_end);
  for (auto batch = batches.begin(); batch != end; ++batch) {
    CHECK(batch->epoch == batches.front().epoch);
  }
}

TEST_CASE("executor: listing twice says the same, in a later epoch", "[conformance]") {
  Instance instance;
  REQUIRE(instance.started());
  const auto first = list(instance);
  const auto second = list(instance);
  CHECK(second.front().epoch > first.front().epoch);
  const auto before = contents(first);
  const auto after = contents(second);
  REQUIRE(before.size() == after.size());
  std::size_t different = 0;
  for (const auto& [uid, resource] : before) {
    const auto same = after.find(uid);
    REQUIRE(same != after.end());
    if (resource.names != same->second.names ||
        (!kMoves && !(resource.snapshot == same->second.snapshot)) ||
        resource.status != same->second.status) {
      ++different;
    }
  }
  CHECK(different == 0);
}

TEST_CASE("executor: what it lists is complete in itself", "[conformance]") {
  Instance instance;
  REQUIRE(instance.started());
  const auto description = read_description(instance.describe()).value();
  const auto all = contents(list(instance));
  CHECK_FALSE(all.empty());
  for (const auto& [uid, resource] : all) {
    INFO(resource.type << " " << uid);
    REQUIRE((resource.parent_uid.empty() || all.contains(resource.parent_uid)));
    REQUIRE((resource.cluster_uid.empty() || all.contains(resource.cluster_uid)));
    REQUIRE((resource.host_uid.empty() || all.contains(resource.host_uid)));
    REQUIRE(
        (description.types.empty() || std::ranges::count(description.types, resource.type) == 1));
    REQUIRE(resource.snapshot);
    REQUIRE(std::ranges::count(resource.names, uid) == 1);
  }
}

TEST_CASE("executor: a superseded listing ends", "[conformance]") {
  Instance instance;
  REQUIRE(instance.started());
  KeepingFeed feed;
  feed.answer(STORM_E_FENCED);
  Watch watch(instance, feed.raw());
  feed.wait_for_anything(std::chrono::milliseconds(500));
  CHECK(watch.stop() < kReturnMax);
  CHECK(feed.batches().size() <= 1);
}
#endif

}  // namespace
}  // namespace storm
