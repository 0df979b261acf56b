// The executor plugin "simulated": publishes a make-believe cloud and what happens to it.
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "cloud.hpp"
#include "resources.hpp"
#include "settings.hpp"
#include "storm/cpp/executor.hpp"

namespace simulated {
namespace {

using storm::sdk::Batch;
using storm::sdk::Call;
using storm::sdk::Feed;
using storm::sdk::Host;

constexpr std::size_t kBatchResources = 2'000;  // about 4 MiB of snapshots
constexpr std::string_view kConfigSchema = R"({
  "type": "object", "additionalProperties": false,
  "properties": {
    "seed": {"type": "integer", "minimum": 0},
    "clusters": {"type": "integer", "minimum": 1, "maximum": 100},
    "nodes": {"type": "integer", "minimum": 1, "maximum": 10000},
    "services": {"type": "integer", "minimum": 0, "maximum": 100000},
    "replicas": {"type": "integer", "minimum": 1, "maximum": 10000},
    "tasks": {"type": "integer", "minimum": 1, "maximum": 1000000},
    "churn_per_second": {"type": "number", "minimum": 0.001, "maximum": 10000},
    "static": {"type": "boolean"}
  }
})";

class Simulated final : public storm::sdk::Executor {
 public:
  Simulated(Host host, std::string_view config_json)
      : host_(host), settings_(parse_settings(config_json)) {}

  std::string describe(const Call&) override {
    return R"({"agent_type": "simulated", "options": {}, )"
           R"("types": ["swarm-cluster", "swarm-node", "swarm-service", "swarm-task"]})";
  }

  void sync(const Call& call, std::string_view scope, const Feed& feed) override {
    check(scope);
    const std::lock_guard lock(mutex_);
    Listing listing(call, feed, ++epoch_);
    const Cloud& cloud = this->cloud();
    listing.add_all(cloud, cloud.clusters());
    listing.add_all(cloud, cloud.nodes());
    listing.add_all(cloud, cloud.services());
    for (const Task& task : cloud.tasks()) {
      if (!task.id.empty()) listing.add(resource_of(cloud, task));
    }
    listing.end();
    host_.report(STORM_SOURCE_LIVE, "a simulated cloud of " +
                                        std::to_string(cloud.services().size()) + " services on " +
                                        std::to_string(cloud.nodes().size()) + " nodes");
  }

  void watch(const Call& call, std::string_view scope, std::string_view,
             const Feed& feed) override {
    check(scope);
    if (settings_.is_static) {
      while (call.sleep(std::chrono::hours(1))) {
      }
      return;
    }
    const auto period = static_cast<std::int64_t>(1e9 / settings_.churn_per_second);
    std::int64_t due = host_.mono_ns() + period;
    for (;;) {
      const std::int64_t left = due - host_.mono_ns();
      if (left > 0 ? !call.sleep(std::chrono::nanoseconds(left)) : call.cancelled()) return;
      if (!publish_step(call, feed)) return;
      due += period;
    }
  }

 private:
  // Cuts a full listing into batches.
  class Listing {
   public:
    Listing(const Call& call, const Feed& feed, std::uint64_t epoch) : call_(call), feed_(feed) {
      batch_.begin_sync(epoch);
    }
    void add(storm::sdk::Resource resource) {
      batch_.upsert(std::move(resource));
      if (batch_.size() >= kBatchResources) send();
    }
    template <typename Things>
    void add_all(const Cloud& cloud, const Things& things) {
      for (const auto& thing : things) add(resource_of(cloud, thing));
    }
    void end() {
      batch_.end_sync();
      send();
    }

   private:
    void send() {
      if (!feed_.publish(call_, batch_)) {
        throw storm::sdk::Fault(STORM_E_CANCELLED, "the listing was cut short by the host");
      }
      batch_.clear();
    }
    const Call& call_;
    const Feed& feed_;
    Batch batch_;
  };

  static void check(std::string_view scope) {
    if (!scope.empty()) {
      throw storm::sdk::Fault(STORM_E_NOT_FOUND, "there is no scope '" + std::string(scope) + "'");
    }
  }

  // Grown at the first use: making an instance stays cheap. Requires: mutex_ held.
  Cloud& cloud() {
    if (!cloud_) cloud_ = std::make_unique<Cloud>(settings_, host_.wall_ns());
    return *cloud_;
  }

  bool publish_step(const Call& call, const Feed& feed) {
    const std::lock_guard lock(mutex_);
    const Cloud& cloud = this->cloud();
    Change change = this->cloud().step(host_.wall_ns());
    Batch batch;
    for (const Index node : change.nodes) batch.upsert(resource_of(cloud, cloud.nodes()[node]));
    for (const Index service : change.services) {
      batch.upsert(resource_of(cloud, cloud.services()[service]));
    }
    for (const Index task : change.tasks) {
      if (!cloud.tasks()[task].id.empty()) batch.upsert(resource_of(cloud, cloud.tasks()[task]));
    }
    for (std::string& id : change.removed) batch.remove(std::move(id));
    return batch.empty() || feed.publish(call, batch);
  }

  const Host host_;
  const Settings settings_;
  std::mutex mutex_;              // The model may ask for a listing while a watch runs.
  std::unique_ptr<Cloud> cloud_;  // Guarded by mutex_.
  std::uint64_t epoch_ = 0;       // Guarded by mutex_.
};

}  // namespace
}  // namespace simulated

STORM_EXECUTOR_PLUGIN(simulated, simulated::Simulated, simulated::kConfigSchema)
