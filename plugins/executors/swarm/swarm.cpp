// The Docker Swarm executor: clusters, nodes, services and tasks of one swarm, seen through one of
// its managers.
#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <string>

#include "plugins/executors/swarm/swarm_config.hpp"
#include "plugins/executors/swarm/swarm_follower.hpp"
#include "storm/cpp/executor.hpp"

namespace storm::swarm {
namespace {

// A peer that goes away must never end the host's process: every write here asks for no signal, and
// this covers what libraries write.
class SigpipeBlock {
 public:
  SigpipeBlock() {
    sigemptyset(&sigpipe_);
    sigaddset(&sigpipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
  }
  ~SigpipeBlock() {
    if (sigismember(&before_, SIGPIPE) == 1) return;
    const timespec now{};
    while (sigtimedwait(&sigpipe_, nullptr, &now) > 0) continue;
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  SigpipeBlock(const SigpipeBlock&) = delete;
  SigpipeBlock& operator=(const SigpipeBlock&) = delete;

 private:
  sigset_t sigpipe_;
  sigset_t before_;
};

class SwarmExecutor final : public sdk::Executor {
 public:
  SwarmExecutor(sdk::Host host, std::string_view config_json)
      : host_(host), config_(parse_swarm_config(config_json)), epoch_(first_epoch(host)) {}

  std::string describe(const sdk::Call&) override {
    return R"({"agent_type":"swarm","options":{"procedureRunner":false,"autoLabeling":false},)"
           R"("types":["swarm-cluster","swarm-node","swarm-service","swarm-task"]})";
  }

  void watch(const sdk::Call& call, std::string_view /*scope*/, std::string_view /*bookmark*/,
             const sdk::Feed& feed) override {
    const SigpipeBlock no_sigpipe;
    SwarmFollower follower(config_, host_, call, feed, epoch_);
    follower.run();
  }

 private:
  // Higher than any that an earlier instance used.
  static std::uint64_t first_epoch(const sdk::Host& host) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(host.wall_ns(), 0));
  }

  const sdk::Host host_;
  const SwarmConfig config_;
  std::atomic<std::uint64_t> epoch_;  // of the last listing
};

}  // namespace
}  // namespace storm::swarm

STORM_EXECUTOR_PLUGIN(swarm, storm::swarm::SwarmExecutor, storm::swarm::kConfigSchema)
