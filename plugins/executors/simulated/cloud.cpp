#include "cloud.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace simulated {
namespace {

constexpr std::size_t kManagersMax = 3;
constexpr std::size_t kMovedFromNodeMax = 16;  // tasks that leave a node when it goes down
constexpr std::uint32_t kSlotsMax = 10'000;    // of a service, when it is scaled up
constexpr std::uint32_t kTags = 3;
constexpr int kAttemptsMax = 16;  // to find something that can happen

constexpr Product kProducts[] = {
    {"hello-world",
     "library/hello-world",
     "hello-world",
     {"latest", "linux", "nanoserver"},
     0,
     false},
    {"webapp", "coolstuff/webapp", "coolstuff/webapp", {"1.4.0", "1.4.1", "1.5.0"}, 8080, true},
    {"database", "library/postgres", "postgres", {"9.6", "9.6.24", "10.23"}, 5432, false},
    {"proxy", "library/nginx", "nginx", {"1.25", "1.26", "1.27"}, 80, true},
    {"cache", "library/redis", "redis", {"7.0", "7.2", "7.4"}, 6379, false},
    {"queue", "library/rabbitmq", "rabbitmq", {"3.12", "3.13", "4.0"}, 5672, true},
    {"search", "coolstuff/search", "coolstuff/search", {"2.0.0", "2.0.1", "2.1.0"}, 9200, true},
    {"metrics",
     "prom/prometheus",
     "prom/prometheus",
     {"v2.53.0", "v2.54.1", "v3.0.0"},
     9090,
     false},
};
constexpr Index kProductCount = static_cast<Index>(std::size(kProducts));

}  // namespace

Cloud::Cloud(const Settings& settings, std::int64_t now_ns)
    : random_(settings.seed), now_ns_(now_ns) {
  const std::size_t services = std::size_t{settings.clusters} * settings.services;
  nodes_.reserve(std::size_t{settings.clusters} * settings.nodes);
  services_.reserve(services);
  tasks_.reserve(services * settings.replicas);
  for (Index cluster = 0; cluster < settings.clusters; ++cluster) grow_cluster(settings, cluster);
}

void Cloud::grow_cluster(const Settings& settings, Index cluster) {
  clusters_.push_back({random_.swarm_id(), now_ns_, {}});
  for (Index number = 0; number < settings.nodes; ++number) {
    Node node;
    node.id = random_.swarm_id();
    node.manager = number < (settings.nodes < kManagersMax ? 1 : kManagersMax);
    node.leader = number == 0;
    node.hostname = (node.manager ? "manager-" : "worker-") + std::to_string(number + 1);
    if (settings.clusters > 1) node.hostname += ".swarm-" + std::to_string(cluster + 1);
    node.cluster = cluster;
    node.version = ++version_;
    node.created_ns = node.updated_ns = now_ns_;
    clusters_[cluster].nodes.push_back(static_cast<Index>(nodes_.size()));
    nodes_.push_back(std::move(node));
  }
  for (Index number = 0; number < settings.services; ++number) {
    grow_service(cluster, number, settings.replicas);
  }
}

void Cloud::grow_service(Index cluster, Index number, std::uint32_t replicas) {
  const auto index = static_cast<Index>(services_.size());
  Service service;
  service.product = &kProducts[number % kProductCount];
  service.id = random_.swarm_id();
  service.name = service.product->name;
  if (number >= kProductCount) service.name += "-" + std::to_string(number / kProductCount + 1);
  service.digest = random_.hex(64);
  service.cluster = cluster;
  service.version = ++version_;
  service.created_ns = service.updated_ns = now_ns_;
  service.slots.resize(replicas);
  services_.push_back(std::move(service));
  Change unseen;
  for (std::uint32_t slot = 0; slot < replicas; ++slot) run_task(add_task(index, slot), unseen);
  pending_.clear();
}

Change Cloud::step(std::int64_t now_ns) {
  now_ns_ = now_ns;
  Change change;
  for (int attempt = 0; change.empty() && attempt < kAttemptsMax; ++attempt) {
    // What has begun goes on more often than something new begins.
    if (!pending_.empty() && random_.below(4) != 0) {
      const Pending next = pending_.front();
      pending_.pop_front();
      carry_out(next, change);
    } else {
      begin_incident(change);
    }
  }
  return change;
}

void Cloud::begin_incident(Change& change) {
  const std::uint32_t dice = random_.below(100);
  if (services_.empty() || dice < 5) {
    take_node_down(change);
  } else if (dice < 60) {
    fail_task(change);
  } else if (dice < 80) {
    begin_update(change);
  } else {
    scale(change);
  }
}

void Cloud::fail_task(Change& change) {
  const Index service = random_.below(services_.size());
  const std::uint32_t slot = random_.below(services_[service].slots.size());
  Task& task = tasks_[services_[service].slots[slot].task];
  if (task.state != TaskState::Running) return;
  task.state = TaskState::Failed;
  task.version = ++version_;
  task.updated_ns = now_ns_;
  change.tasks.push_back(services_[service].slots[slot].task);
  pending_.push_back({Pending::Kind::ReplaceTask, service, slot});
}

void Cloud::begin_update(Change& change) {
  const Index index = random_.below(services_.size());
  Service& service = services_[index];
  if (service.updates_left > 0) return;
  service.tag = (service.tag + 1) % kTags;
  service.digest = random_.hex(64);
  service.updates_left = static_cast<std::uint32_t>(service.slots.size());
  service.updated_before = true;
  touch(service, index, change);
  for (std::uint32_t slot = 0; slot < service.slots.size(); ++slot) {
    pending_.push_back({Pending::Kind::ReplaceTask, index, slot});
  }
}

void Cloud::scale(Change& change) {
  const Index index = random_.below(services_.size());
  Service& service = services_[index];
  const bool up = service.slots.size() == 1 || random_.below(2) == 0;
  if (service.updates_left > 0 || (up && service.slots.size() >= kSlotsMax)) return;
  if (up) {
    const auto slot = static_cast<std::uint32_t>(service.slots.size());
    service.slots.emplace_back();
    change.tasks.push_back(add_task(index, slot));
  } else {
    const Slot gone = service.slots.back();
    service.slots.pop_back();
    forget_task(gone.older, change);
    forget_task(gone.task, change);
  }
  touch(service, index, change);
}

void Cloud::take_node_down(Change& change) {
  const Index index = random_.below(nodes_.size());
  Node& node = nodes_[index];
  if (node.down || node.leader) return;
  node.down = true;
  node.version = ++version_;
  node.updated_ns = now_ns_;
  change.nodes.push_back(index);
  std::size_t moved = 0;
  for (const Task& task : tasks_) {
    if (moved == kMovedFromNodeMax) break;
    if (task.id.empty() || task.node != index || !task.wanted) continue;
    pending_.push_back({Pending::Kind::ReplaceTask, task.service, task.slot});
    ++moved;
  }
  pending_.push_back({Pending::Kind::NodeBack, index, 0});
}

void Cloud::carry_out(const Pending& pending, Change& change) {
  switch (pending.kind) {
    case Pending::Kind::RunTask:
      run_task(pending.index, change);
      return;
    case Pending::Kind::ReplaceTask:
      replace_task(pending.index, pending.slot, change);
      return;
    case Pending::Kind::NodeBack: {
      Node& node = nodes_[pending.index];
      node.down = false;
      node.version = ++version_;
      node.updated_ns = now_ns_;
      change.nodes.push_back(pending.index);
      return;
    }
  }
}

void Cloud::run_task(Index index, Change& change) {
  Task& task = tasks_[index];
  if (task.id.empty() || task.state != TaskState::Starting) return;  // Gone or replaced meanwhile.
  task.state = TaskState::Running;
  task.container = random_.hex(64);
  task.version = ++version_;
  task.updated_ns = now_ns_;
  change.tasks.push_back(index);
}

void Cloud::replace_task(Index service_index, std::uint32_t slot_index, Change& change) {
  Service& service = services_[service_index];
  if (slot_index >= service.slots.size()) return;  // Scaled down meanwhile.
  const Slot before = service.slots[slot_index];
  forget_task(before.older, change);
  Task& old = tasks_[before.task];
  old.wanted = false;
  if (old.state != TaskState::Failed) old.state = TaskState::Shutdown;
  old.version = ++version_;
  old.updated_ns = now_ns_;
  change.tasks.push_back(before.task);
  change.tasks.push_back(add_task(service_index, slot_index));
  service.slots[slot_index].older = before.task;
  if (service.updates_left > 0 && --service.updates_left == 0) {
    touch(service, service_index, change);
  }
}

void Cloud::forget_task(Index index, Change& change) {
  if (index == kNone) return;
  change.removed.push_back(std::move(tasks_[index].id));
  tasks_[index] = Task{};
  free_tasks_.push_back(index);
}

// The new task of a slot: starting, on a node that is up, with its run to come.
Index Cloud::add_task(Index service_index, std::uint32_t slot) {
  Index index = static_cast<Index>(tasks_.size());
  if (free_tasks_.empty()) {
    tasks_.emplace_back();
  } else {
    index = free_tasks_.back();
    free_tasks_.pop_back();
  }
  Service& service = services_[service_index];
  Task& task = tasks_[index];
  task = Task{};
  task.id = random_.swarm_id();
  task.service = service_index;
  task.node = pick_node(service.cluster);
  task.slot = slot;
  task.tag = service.tag;
  task.version = ++version_;
  task.created_ns = task.updated_ns = now_ns_;
  service.slots[slot].task = index;
  pending_.push_back({Pending::Kind::RunTask, index, 0});
  return index;
}

// The leader is always up, so there is one.
Index Cloud::pick_node(Index cluster) {
  const std::vector<Index>& nodes = clusters_[cluster].nodes;
  const std::uint32_t first = random_.below(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Index node = nodes[(first + i) % nodes.size()];
    if (!nodes_[node].down) return node;
  }
  return nodes.front();
}

void Cloud::touch(Service& service, Index index, Change& change) {
  service.version = ++version_;
  service.updated_ns = now_ns_;
  change.services.push_back(index);
}

}  // namespace simulated
