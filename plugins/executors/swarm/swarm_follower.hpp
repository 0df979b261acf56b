// Follows one swarm for the length of one watch call, by the best way there is:
//   tier 1, push:   SwarmKit's Watch stream says what changed, Docker's API is asked for it;
//   tier 2, events: /events says roughly where something changed, lists are read each second too;
//   tier 3, poll:   the lists each second.
// One thread, one loop, nothing in it waits but DockerClient::wait. When the source is lost or in
// doubt everything is marked stale and kept; only a complete listing, or a removal that the manager
// reported, removes anything.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "plugins/executors/swarm/control_stream.hpp"
#include "plugins/executors/swarm/directory_watch.hpp"
#include "plugins/executors/swarm/docker_client.hpp"
#include "plugins/executors/swarm/known_objects.hpp"
#include "plugins/executors/swarm/object_reader.hpp"
#include "plugins/executors/swarm/swarm_config.hpp"
#include "storm/cpp/batch.hpp"
#include "storm/cpp/host.hpp"

namespace storm::swarm {

class SwarmFollower {
 public:
  static constexpr std::int64_t kMillisecond = 1'000'000;
  static constexpr std::int64_t kSecond = 1'000 * kMillisecond;
  static constexpr std::int64_t kBackoffMin = 50 * kMillisecond;
  static constexpr std::int64_t kBackoffMax = 1 * kSecond;
  // Of the whole way to the stream's first message: a socket that never answers may not hold up
  // the next tier.
  static constexpr std::int64_t kPushOpenDeadline = 1'500 * kMillisecond;
  static constexpr std::int64_t kPushRetryMin = 500 * kMillisecond;  // doubling to the maximum
  static constexpr std::int64_t kPushRetryMax = 30 * kSecond;
  static constexpr std::int64_t kInfoPeriod = 1 * kSecond;
  static constexpr std::int64_t kNodesPeriod = 2 * kSecond;  // also the proof that a leader answers
  static constexpr std::int64_t kNodesRetry = 200 * kMillisecond;
  static constexpr std::int64_t kPollPeriod = 1 * kSecond;
  static constexpr std::int64_t kRepairPeriod = 60 * kSecond;
  static constexpr std::int64_t kRelistMin = 100 * kMillisecond;  // after one that failed
  static constexpr std::int64_t kRelistMax = 10 * kSecond;
  // A listing can be ahead of the stream: what it found counts as a repair if no event follows.
  static constexpr std::int64_t kRepairGrace = 2 * kSecond;
  static constexpr int kFailuresMax = 2;
  static constexpr std::size_t kWaitingMax = 100'000;
  static constexpr std::size_t kBatchResources = 5'000;
  static constexpr std::size_t kBatchBytes = 32U << 20U;

  SwarmFollower(const SwarmConfig& config, const sdk::Host& host, const sdk::Call& call,
                const sdk::Feed& feed, std::atomic<std::uint64_t>& epoch);

  // Returns when the call is cancelled or the feed is superseded.
  void run();

 private:
  enum class Phase {
    Resting,  // until connect_due_ns_
    AskingInfo,
    OpeningPush,
    OpeningEvents,
    Listing,  // the first listing of a connection
    Following,
  };
  enum class Purpose { Sync, Repair, Poll };
  struct Listing {
    Purpose purpose;
    std::int64_t asked_ns;
    int left = 3;
    std::string fault;
    std::string tasks;
    std::string services;
    std::string nodes;
  };
  struct Candidate {
    std::uint64_t version;
    std::int64_t seen_ns;
  };

  // The loop.
  void step();
  std::int64_t next_due_ns() const;
  void run_timers();
  void run_following_timers(std::int64_t now);

  // Connecting.
  void connect();
  void on_info_of_connect(HttpAnswer&& answer);
  void open_stream(const SwarmInfo& info);
  void push_refused(std::string why);
  void open_events();
  void lost(const std::string& why);
  void try_push_again();
  void adopt_push();
  bool push_possible() const;

  // The Watch stream.
  void advance_stream();
  void take_events(std::vector<WatchEvent>&& events);
  void take_event(const WatchEvent& event, Changes& changes);
  void take_waiting();
  // /events
  void take_line(std::string_view line);

  // Listings and checks.
  void start_listing(Purpose purpose);
  void on_list(std::string Listing::*body, HttpAnswer&& answer);
  void end_listing();
  void listing_failed(const Listing& listing);
  void note_repairs(const Changes& changes);
  void count_repairs(std::int64_t now);
  void check_info();
  void check_nodes();
  void on_nodes_checked(const HttpAnswer& answer);
  void doubt(const std::string& why);

  // The host.
  void publish(Changes&& changes);
  void publish_batch(sdk::Batch& batch);
  void publish_all();
  void publish_stale();
  void report();
  void report_lost(const std::string& why);
  const char* tier_name() const;

  // Constant after construction.
  const SwarmConfig& config_;
  const sdk::Host& host_;
  const sdk::Call& call_;
  const sdk::Feed& feed_;
  std::atomic<std::uint64_t>& epoch_;  // of the last listing, over all calls of the instance

  DockerClient client_;
  KnownObjects known_;
  ObjectReader reader_;
  DirectoryWatch directory_;
  std::unique_ptr<ControlStream> stream_;  // followed in tier 1, else on trial
  std::int64_t stream_deadline_ns_ = 0;

  Phase phase_ = Phase::Resting;
  int tier_ = 0;          // 0: not connected
  bool stopped_ = false;  // the host wants no more
  bool fresh_ = false;    // what is published is not stale
  bool published_ = false;
  std::string node_id_;
  std::string push_fault_;    // why not tier 1
  std::string events_fault_;  // why not tier 2
  std::string lost_fault_;    // the last one that was reported
  std::int64_t backoff_ns_ = kBackoffMin;
  std::int64_t push_backoff_ns_ = kPushRetryMin;
  std::int64_t connect_due_ns_ = 0;
  std::int64_t last_connect_ns_ = 0;

  std::optional<Listing> listing_;
  std::unordered_map<std::string, WatchEvent>
      waiting_;  // events that came during the first listing
  std::unordered_map<std::string, Candidate> candidates_;
  int failures_ = 0;  // checks or polls in a row
  bool info_under_way_ = false;
  bool nodes_under_way_ = false;
  bool relist_ = false;
  std::int64_t info_due_ns_ = 0;
  std::int64_t nodes_due_ns_ = 0;
  std::int64_t list_due_ns_ = 0;
  std::int64_t relist_due_ns_ = 0;
  std::int64_t relist_backoff_ns_ = kRelistMin;
  std::int64_t push_due_ns_ = 0;
  std::uint64_t requests_counted_ = 0;
};

}  // namespace storm::swarm
