// The executor plugin "jsonl": an inventory of resources in a file of JSON lines.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/executors/jsonl/inventory.hpp"
#include "plugins/executors/jsonl/settings.hpp"
#include "storm/cpp/executor.hpp"

namespace storm::jsonl {
namespace {

class JsonlExecutor final : public sdk::Executor {
 public:
  JsonlExecutor(sdk::Host host, std::string_view config_json)
      : host_(host), settings_(parse_settings(config_json)), epoch_(first_epoch(host)) {}

  // Which types there are is for the file to say, and reading it is not for here.
  std::string describe(const sdk::Call&) override {
    return R"({"agent_type":"jsonl","options":{}})";
  }

  void watch(const sdk::Call& call, std::string_view scope, std::string_view /*bookmark*/,
             const sdk::Feed& feed) override {
    if (!scope.empty()) {
      throw sdk::Fault(STORM_E_NOT_FOUND, "there is no scope '" + std::string(scope) + "'");
    }
    Inventory(settings_, host_, call, feed, epoch_).run();
  }

 private:
  // Higher than any that an earlier instance used.
  static std::uint64_t first_epoch(const sdk::Host& host) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(host.wall_ns(), 0));
  }

  const sdk::Host host_;
  const Settings settings_;
  std::atomic<std::uint64_t> epoch_;  // of the last listing
};

}  // namespace
}  // namespace storm::jsonl

STORM_EXECUTOR_PLUGIN(jsonl, storm::jsonl::JsonlExecutor, storm::jsonl::kConfigSchema)
