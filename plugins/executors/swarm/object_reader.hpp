// Turns "this object changed" into the object: asks Docker for what is pending, several at once
// when many are, again when an answer is older than the news. Owned by one watch call, used on its
// thread only.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "plugins/executors/swarm/docker_client.hpp"
#include "plugins/executors/swarm/known_objects.hpp"

namespace storm::swarm {

class ObjectReader {
 public:
  static constexpr std::size_t kPendingMax = 100'000;  // more: forget them and list everything
  static constexpr std::size_t kReadsMax = 4;          // requests at a time
  static constexpr std::size_t kSingleReadsMax = 3;    // tasks that are asked for one by one
  static constexpr std::size_t kReadBatchMax = 100;    // tasks in one request
  static constexpr int kAttemptsMax = 5;
  static constexpr std::int64_t kRetryNs = 20'000'000;
  static constexpr std::int64_t kNever = INT64_MAX;

  using OnChanges = std::function<void(Changes&&)>;
  ObjectReader(DockerClient& client, KnownObjects& known, const sdk::Host& host,
               OnChanges on_changes);

  // News of an object that has to be read.
  void want(const WatchEvent& event);
  void want_service(const std::string& id);
  // It is gone: there is nothing to read.
  void forget(const std::string& id);
  // The tasks of a service, now and again at `repeats` from now: a container's event comes before
  // the task's state.
  void want_tasks_of(const std::string& service_id);
  void read_nodes(std::function<void(const HttpAnswer&)> done);

  // Sends what is due.
  void flush();
  std::int64_t next_due_ns() const;
  void clear();
  std::size_t pending() const { return pending_.size(); }
  bool is_pending(const std::string& id) const { return pending_.contains(id); }
  // Whether something was given up or lost, so that only a full listing helps. Resets it.
  bool take_needs_listing() { return std::exchange(needs_listing_, false); }

 private:
  struct Pending {
    WatchEvent event;  // the last one
    int attempts = 0;
    std::int64_t due_ns = 0;
    bool under_way = false;
  };
  struct Asked {
    std::string id;
    std::uint64_t version;  // what was wanted when it was asked for
  };

  bool slot_free() const { return under_way_ < kReadsMax; }
  void flush_services(std::int64_t now);
  void flush_tasks(std::int64_t now);
  void flush_repeats(std::int64_t now);
  void read_service(const std::string& id, std::uint64_t version);
  void read_task(const Asked& asked);
  void read_tasks(std::vector<Asked> asked);
  void read_tasks_of(const std::string& service_id);
  void take_task(SwarmObject task, std::int64_t asked_ns, Changes& changes);
  void take_tasks(const HttpAnswer& answer, std::unordered_map<std::string, std::uint64_t>& found,
                  Changes& changes);
  void settle(const Asked& asked, std::uint64_t answered);
  void unanswered(const std::vector<Asked>& asked, Changes& changes);
  void release_held(const std::string& service_id, Changes& changes);

  // Constant after construction.
  DockerClient& client_;
  KnownObjects& known_;
  const sdk::Host& host_;
  OnChanges on_changes_;

  std::unordered_map<std::string, Pending> pending_;
  // Tasks whose service is still being read: they are published with its name or not yet.
  struct Held {
    SwarmObject task;
    std::int64_t asked_ns;
  };
  std::unordered_map<std::string, std::vector<Held>> held_;
  std::unordered_map<std::string, std::vector<std::int64_t>> repeats_;  // by service, last is next
  std::size_t under_way_ = 0;
  bool nodes_under_way_ = false;
  bool needs_listing_ = false;
};

}  // namespace storm::swarm
