#include <spdlog/logger.h>
#include <spdlog/sinks/null_sink.h>

#include <cstring>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "catch.hpp"
#include "core/document/json.hpp"
#include "core/plugin_host/discovery_reader.hpp"
#include "core/plugin_host/host_services.hpp"
#include "core/plugin_host/plugin_call.hpp"
#include "core/plugin_host/plugin_loader.hpp"
#include "core/plugin_host/plugin_scan.hpp"
#include "storm/cpp/text.hpp"
#include "storm/executor.h"

namespace storm {
namespace {

// Runs the plugin on a clock that leaps over every sleep, until so many batches were published.
class Life {
 public:
  explicit Life(const std::string& config, std::size_t batches) : batches_max_(batches) {
    static LibraryRegistry libraries;
    const std::vector<std::filesystem::path> folders = {STORM_PLUGINS};
    const auto plugin =
        load_plugin(scan_plugins(folders).find("executor", "simulated").value(), libraries).value();
    HostServices::Options options;
    options.instance = "demo";
    options.needs = plugin->manifest.needs;
    options.clock = clock_;
    options.log =
        std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::null_sink_mt>());
    HostServices services(std::move(options));
    inner_ = services.raw();
    storm_host host = *inner_;
    host.ctx = inner_->ctx;
    host.service = &Life::service;
    current_ = this;

    PluginCall call(*clock_, STORM_T_CTL);
    call_ = &call;
    storm_inst* instance = nullptr;
    REQUIRE(plugin->descriptor->create(&host, call.raw(), sdk::str(config), &instance) == STORM_OK);
    const auto& table = *static_cast<const storm_executor_v1*>(plugin->table);
    const storm_feed feed = {sizeof(storm_feed), 0, this, &Life::publish};
    CHECK(table.sync(instance, call.raw(), sdk::str(""), &feed) == STORM_OK);
    listed_ = batches_.size();
    if (listed_ < batches_max_) {
      CHECK(table.watch(instance, call.raw(), sdk::str(""), sdk::str(""), &feed) == STORM_OK);
    }
    plugin->descriptor->destroy(instance);
  }

  const std::vector<DiscoveryBatch>& batches() const { return batches_; }
  std::size_t listed() const { return listed_; }
  std::int64_t elapsed() const { return clock_->mono_now() - begin_; }

 private:
  static const void* service(const storm_host* host, const char* id) {
    if (std::strcmp(id, "storm.host.calls/1") != 0) return current_->inner_->service(host, id);
    static const storm_calls_v1 calls = {
        sizeof(storm_calls_v1),
        0,
        [](const storm_host*, const storm_call*) -> storm_rc {
          return current_->call_->cancelled() ? STORM_YES : STORM_OK;
        },
        nullptr,
        [](const storm_host*, const storm_call*, std::int64_t ns) -> storm_rc {
          if (current_->call_->cancelled()) return STORM_E_CANCELLED;
          current_->clock_->advance(ns);
          return STORM_OK;
        },
        nullptr,
        nullptr};
    return &calls;
  }
  static storm_rc publish(const storm_feed* feed, const storm_call*, const storm_batch* raw) {
    Life& life = *static_cast<Life*>(feed->ctx);
    auto batch = read_batch(*raw);
    if (!batch) return STORM_E_INVALID;
    life.batches_.push_back(std::move(*batch));
    if (life.batches_.size() >= life.batches_max_) life.call_->cancel();
    return STORM_OK;
  }

  inline static Life* current_ = nullptr;
  const std::size_t batches_max_;
  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  const std::int64_t begin_ = clock_->mono_now();
  const storm_host* inner_ = nullptr;
  PluginCall* call_ = nullptr;
  std::vector<DiscoveryBatch> batches_;
  std::size_t listed_ = 0;
};

// FNV-1a over everything that a batch says.
class Digest {
 public:
  void add(std::string_view text) {
    for (const char c : text) {
      hash_ ^= static_cast<unsigned char>(c);
      hash_ *= 0x100000001B3U;
    }
    hash_ ^= 0xFF;
    hash_ *= 0x100000001B3U;
  }
  void add(std::uint64_t number) { add(std::to_string(number)); }
  std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 0xCBF29CE484222325U;
};

std::uint64_t digest_of(const std::vector<DiscoveryBatch>& batches) {
  Digest digest;
  for (const DiscoveryBatch& batch : batches) {
    digest.add(batch.epoch);
    digest.add(std::uint64_t{batch.sync_begin} + 2U * batch.sync_end);
    for (const DiscoveredResource& resource : batch.upserts) {
      digest.add(resource.uid);
      for (const std::string& name : resource.names) digest.add(name);
      digest.add(resource.image);
      digest.add(static_cast<std::uint64_t>(resource.status));
      digest.add(resource.provider_revision);
      digest.add(static_cast<std::uint64_t>(resource.observed_at));
      digest.add(resource.snapshot.text());
    }
    for (const std::string& uid : batch.removals) digest.add(uid);
  }
  return digest.value();
}

TEST_CASE("simulated: the same seed lives the same life, another seed another", "[simulated]") {
  const std::string config = R"({"seed": 7, "services": 12, "churn_per_second": 20})";
  const Life first(config, 600);
  const Life second(config, 600);
  const Life other(R"({"seed": 8, "services": 12, "churn_per_second": 20})", 600);
  CHECK(first.batches().size() == 600);
  CHECK(digest_of(first.batches()) == digest_of(second.batches()));
  CHECK(digest_of(first.batches()) != digest_of(other.batches()));
}

TEST_CASE("simulated: changes keep to the pace that was asked for", "[simulated]") {
  const Life life(R"({"churn_per_second": 4})", 41);
  CHECK(life.elapsed() == 10 * kNanosecondsPerSecond);
}

TEST_CASE("simulated: a static cloud only lists", "[simulated]") {
  const Life life(R"({"static": true, "tasks": 300})", 1);
  REQUIRE(life.batches().size() == 1);
  std::size_t tasks = 0;
  for (const DiscoveredResource& resource : life.batches()[0].upserts) {
    if (resource.type == "swarm-task") ++tasks;
  }
  CHECK(tasks == 300);
}

TEST_CASE("simulated: tasks fail, services are updated, nodes go and come back", "[simulated]") {
  const Life life(R"({"seed": 3, "nodes": 6, "services": 8, "churn_per_second": 100})", 3000);
  std::set<std::string> seen;
  std::map<std::string, DiscoveredResource> model;
  std::size_t removed = 0;
  for (const DiscoveryBatch& batch : life.batches()) {
    for (const DiscoveredResource& resource : batch.upserts) {
      seen.insert(resource.type + " " +
                  std::string(kStatusNames[static_cast<std::size_t>(resource.status)]));
      const auto older = model.find(resource.uid);
      if (older != model.end() && batch.epoch == 0) {
        REQUIRE(resource.provider_revision > older->second.provider_revision);
      }
      model[resource.uid] = resource;
    }
    for (const std::string& uid : batch.removals) {
      REQUIRE(model.erase(uid) == 1);
      ++removed;
    }
  }
  for (const char* state : {"swarm-node running", "swarm-node stopped", "swarm-service updating",
                            "swarm-service running", "swarm-task starting", "swarm-task running",
                            "swarm-task stopped", "swarm-task error"}) {
    INFO(state);
    CHECK(seen.contains(state));
  }
  CHECK(removed > 100);
  for (const auto& [uid, resource] : model) {
    if (resource.type != "swarm-task") continue;
    REQUIRE(model.contains(resource.parent_uid));
    REQUIRE(model.contains(resource.host_uid));
    REQUIRE(resource.names.front() == uid);
  }
}

TEST_CASE("simulated: it looks like a swarm and has what the examples ask for", "[simulated]") {
  const Life life("{}", 1);
  std::map<std::string, DiscoveredResource> by_image;
  for (const DiscoveredResource& resource : life.batches()[0].upserts) {
    if (resource.type == "swarm-task") by_image[resource.image] = resource;
  }
  for (const char* image : {"library/hello-world:latest", "coolstuff/webapp:1.4.0",
                            "library/postgres:9.6", "library/nginx:1.25"}) {
    INFO(image);
    CHECK(by_image.contains(image));
  }
  const DiscoveredResource& task = by_image["library/nginx:1.25"];
  REQUIRE(task.names.size() == 4);
  CHECK(task.names[0] == task.uid);
  CHECK(task.names[1].size() == 64);
  CHECK(task.names[2].starts_with("proxy."));
  CHECK(task.names[3] == task.names[2] + "." + task.uid);
  CHECK(task.health == Health::Healthy);
  CHECK(task.snapshot.size() > 1500);
  CHECK(task.snapshot.size() < 3500);
  const auto snapshot = parse_json(task.snapshot.text());
  REQUIRE(snapshot);
  CHECK(*at_pointer(*snapshot, "/Status/State") == Value("running"));
  CHECK(*at_pointer(*snapshot, "/Spec/ContainerSpec/Image") ==
        Value("nginx:1.25@" + task.image_digest));
}

}  // namespace
}  // namespace storm
