// The make-believe cloud: what there is, and what happens to it step by step. It knows nothing of
// the host; time is given to it. Not thread-safe.
#pragma once
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "random.hpp"
#include "settings.hpp"

namespace simulated {

using Index = std::uint32_t;
inline constexpr Index kNone = UINT32_MAX;

// A line of the shop window: what services run.
struct Product {
  const char* name;          // of the service
  const char* image;         // canonical, without tag
  const char* docker_image;  // as Docker writes it
  const char* tags[3];       // that rolling updates go through
  std::uint16_t port;        // published; 0: none
  bool has_health_check;
};

struct Cluster {
  std::string id;
  std::int64_t created_ns = 0;
  std::vector<Index> nodes;
};

struct Node {
  std::string id;
  std::string hostname;
  Index cluster = 0;
  bool manager = false;
  bool leader = false;
  bool down = false;
  std::uint64_t version = 0;
  std::int64_t created_ns = 0;
  std::int64_t updated_ns = 0;
};

struct Slot {
  Index task = kNone;   // that should run
  Index older = kNone;  // its predecessor, kept for a while as Swarm does
};

struct Service {
  std::string id;
  std::string name;
  std::string digest;  // of the image: 64 hexadecimal digits
  const Product* product = nullptr;
  Index cluster = 0;
  std::uint32_t tag = 0;
  std::uint32_t updates_left = 0;  // slots that a rolling update has still to replace
  bool updated_before = false;
  std::uint64_t version = 0;
  std::int64_t created_ns = 0;
  std::int64_t updated_ns = 0;
  std::vector<Slot> slots;
};

enum class TaskState : std::uint8_t { Starting, Running, Shutdown, Failed };

struct Task {
  std::string id;         // empty: this place is free
  std::string container;  // empty until it runs
  Index service = 0;
  Index node = 0;
  std::uint32_t slot = 0;  // from 0
  std::uint32_t tag = 0;
  TaskState state = TaskState::Starting;
  bool wanted = true;
  std::uint64_t version = 0;
  std::int64_t created_ns = 0;
  std::int64_t updated_ns = 0;
};

// What a step changed: indices of what is to be shown anew, ids of what is gone.
struct Change {
  std::vector<Index> nodes;
  std::vector<Index> services;
  std::vector<Index> tasks;
  std::vector<std::string> removed;
  bool empty() const {
    return nodes.empty() && services.empty() && tasks.empty() && removed.empty();
  }
};

class Cloud {
 public:
  // Everything runs already when it is made.
  Cloud(const Settings& settings, std::int64_t now_ns);

  // The next thing that happens.
  Change step(std::int64_t now_ns);

  const std::vector<Cluster>& clusters() const { return clusters_; }
  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<Service>& services() const { return services_; }
  const std::vector<Task>& tasks() const { return tasks_; }  // with free places

 private:
  // Something that is bound to happen in a later step.
  struct Pending {
    enum class Kind : std::uint8_t { RunTask, ReplaceTask, NodeBack } kind;
    Index index = 0;  // of a task, a service or a node
    std::uint32_t slot = 0;
  };

  void grow_cluster(const Settings& settings, Index cluster);
  void grow_service(Index cluster, Index number, std::uint32_t replicas);

  void begin_incident(Change& change);
  void fail_task(Change& change);
  void begin_update(Change& change);
  void scale(Change& change);
  void take_node_down(Change& change);

  void carry_out(const Pending& pending, Change& change);
  void run_task(Index task, Change& change);
  void replace_task(Index service, std::uint32_t slot, Change& change);
  void forget_task(Index task, Change& change);
  Index add_task(Index service, std::uint32_t slot);
  Index pick_node(Index cluster);
  void touch(Service& service, Index index, Change& change);

  Random random_;
  std::int64_t now_ns_;
  std::uint64_t version_ = 10;  // Swarm's one counter of changes
  std::vector<Cluster> clusters_;
  std::vector<Node> nodes_;
  std::vector<Service> services_;
  std::vector<Task> tasks_;
  std::vector<Index> free_tasks_;
  std::deque<Pending> pending_;
};

}  // namespace simulated
