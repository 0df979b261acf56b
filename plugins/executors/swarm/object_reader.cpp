#include "plugins/executors/swarm/object_reader.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "plugins/executors/swarm/json_slices.hpp"

namespace storm::swarm {
namespace {

constexpr std::uint64_t kNotFound = 0;  // an object's version is higher
constexpr std::int64_t kMillisecond = 1'000'000;

}  // namespace

ObjectReader::ObjectReader(DockerClient& client, KnownObjects& known, const sdk::Host& host,
                           OnChanges on_changes)
    : client_(client), known_(known), host_(host), on_changes_(std::move(on_changes)) {}

void ObjectReader::want(const WatchEvent& event) {
  const auto found = pending_.find(event.id);
  if (found != pending_.end()) {
    if (event.version > found->second.event.version) found->second.event = event;
    return;
  }
  if (pending_.size() >= kPendingMax) {
    pending_.clear();
    held_.clear();
    needs_listing_ = true;
    return;
  }
  Pending pending;
  pending.event = event;
  pending_.emplace(event.id, std::move(pending));
}

void ObjectReader::forget(const std::string& id) {
  const auto found = pending_.find(id);
  // Of a service that tasks are held for, the answer is awaited all the same: it releases them.
  const bool awaited = held_.contains(id);
  if (found != pending_.end() && !found->second.under_way && !awaited) pending_.erase(found);
  for (auto& [service, tasks] : held_) {
    std::erase_if(tasks, [&](const Held& each) { return each.task.resource.uid == id; });
  }
}

void ObjectReader::want_service(const std::string& id) {
  WatchEvent event;
  event.kind = ObjectKind::Service;
  event.id = id;
  want(event);
}

void ObjectReader::want_tasks_of(const std::string& service_id) {
  if (repeats_.size() >= kPendingMax) {
    needs_listing_ = true;
    return;
  }
  const std::int64_t now = host_.mono_ns();
  repeats_[service_id] = {now + 1000 * kMillisecond, now + 300 * kMillisecond,
                          now + 100 * kMillisecond, now};
}

void ObjectReader::clear() {
  pending_.clear();
  held_.clear();
  repeats_.clear();
  under_way_ = 0;  // the client forgot them as well
  nodes_under_way_ = false;
  needs_listing_ = false;
}

std::int64_t ObjectReader::next_due_ns() const {
  std::int64_t due = kNever;
  if (!slot_free()) return due;
  for (const auto& [id, pending] : pending_) {
    if (!pending.under_way) due = std::min(due, pending.due_ns);
  }
  for (const auto& [id, times] : repeats_) due = std::min(due, times.back());
  return due;
}

void ObjectReader::flush() {
  const std::int64_t now = host_.mono_ns();
  if (!pending_.empty() && slot_free()) {
    flush_services(now);
    flush_tasks(now);
  }
  if (!repeats_.empty() && slot_free()) flush_repeats(now);
}

void ObjectReader::flush_services(std::int64_t now) {
  for (auto& [id, pending] : pending_) {
    if (!slot_free()) return;
    if (pending.under_way || pending.due_ns > now) continue;
    if (pending.event.kind == ObjectKind::Service) {
      pending.under_way = true;
      read_service(id, pending.event.version);
    }
  }
}

void ObjectReader::flush_tasks(std::int64_t now) {
  std::vector<Asked> due;
  bool node_due = false;
  for (auto& [id, pending] : pending_) {
    if (pending.under_way || pending.due_ns > now) continue;
    if (pending.event.kind == ObjectKind::Node) node_due = true;
    if (pending.event.kind == ObjectKind::Task) due.push_back({id, pending.event.version});
  }
  if (node_due && !nodes_under_way_) read_nodes(nullptr);
  std::size_t next = 0;
  while (next < due.size() && slot_free()) {
    if (due.size() - next <= kSingleReadsMax && due.size() <= kSingleReadsMax) {
      pending_[due[next].id].under_way = true;
      read_task(due[next++]);
      continue;
    }
    const std::size_t end = std::min(next + kReadBatchMax, due.size());
    std::vector<Asked> batch(due.begin() + static_cast<std::ptrdiff_t>(next),
                             due.begin() + static_cast<std::ptrdiff_t>(end));
    for (const Asked& asked : batch) pending_[asked.id].under_way = true;
    read_tasks(std::move(batch));
    next = end;
  }
}

void ObjectReader::flush_repeats(std::int64_t now) {
  std::vector<std::string> due;
  for (const auto& [id, times] : repeats_) {
    if (times.back() <= now) due.push_back(id);
  }
  for (const std::string& id : due) {
    if (!slot_free()) return;
    std::vector<std::int64_t>& times = repeats_[id];
    times.pop_back();
    if (times.empty()) repeats_.erase(id);
    read_tasks_of(id);
  }
}

void ObjectReader::read_service(const std::string& id, std::uint64_t version) {
  ++under_way_;
  client_.get("/services/" + url_encoded(id), [this, id, version](HttpAnswer&& answer) {
    --under_way_;
    Changes changes;
    if (answer.ok()) {
      std::optional<SwarmObject> service = swarm::read_service(trim(answer.body));
      const std::uint64_t answered = service ? service->version : kNotFound;
      if (service) known_.put(std::move(*service), answer.asked_ns, changes);
      settle({id, version}, answered);
    } else if (answer.status == 404) {
      settle({id, version}, kNotFound);  // its removal follows
    } else {
      unanswered({{id, version}}, changes);
    }
    release_held(id, changes);
    on_changes_(std::move(changes));
  });
}

void ObjectReader::read_task(const Asked& asked) {
  ++under_way_;
  client_.get("/tasks/" + url_encoded(asked.id), [this, asked](HttpAnswer&& answer) {
    --under_way_;
    Changes changes;
    if (answer.ok()) {
      std::optional<SwarmObject> task = swarm::read_task(trim(answer.body));
      const std::uint64_t answered = task ? task->version : kNotFound;
      if (task) take_task(std::move(*task), answer.asked_ns, changes);
      settle(asked, answered);
    } else if (answer.status == 404) {
      settle(asked, kNotFound);
    } else {
      unanswered({asked}, changes);
    }
    on_changes_(std::move(changes));
  });
}

// Takes the tasks of a list; `found` tells their versions.
void ObjectReader::take_tasks(const HttpAnswer& answer,
                              std::unordered_map<std::string, std::uint64_t>& found,
                              Changes& changes) {
  const auto slices = slice_objects(answer.body);
  if (!slices) return;
  for (const std::string_view slice : *slices) {
    std::optional<SwarmObject> task = swarm::read_task(slice);
    if (!task) continue;
    found.emplace(task->resource.uid, task->version);
    take_task(std::move(*task), answer.asked_ns, changes);
  }
}

void ObjectReader::read_tasks(std::vector<Asked> asked) {
  nlohmann::json ids = nlohmann::json::object();
  for (const Asked& each : asked) ids[each.id] = true;
  const std::string filters = nlohmann::json{{"id", std::move(ids)}}.dump();
  ++under_way_;
  client_.get_list("/tasks?filters=" + url_encoded(filters),
                   [this, asked = std::move(asked)](HttpAnswer&& answer) {
                     --under_way_;
                     Changes changes;
                     if (answer.ok()) {
                       std::unordered_map<std::string, std::uint64_t> found;
                       take_tasks(answer, found, changes);
                       for (const Asked& each : asked) {
                         const auto version = found.find(each.id);
                         settle(each, version != found.end() ? version->second : kNotFound);
                       }
                     } else {
                       unanswered(asked, changes);
                     }
                     on_changes_(std::move(changes));
                   });
}

// A service that is gone (404) can have tasks for as long as they take to stop: those are asked
// for by their ids.
void ObjectReader::read_tasks_of(const std::string& service_id) {
  const std::string filters = nlohmann::json{{"service", {{service_id, true}}}}.dump();
  ++under_way_;
  client_.get_list("/tasks?filters=" + url_encoded(filters),
                   [this, service_id](HttpAnswer&& answer) {
                     --under_way_;
                     Changes changes;
                     if (answer.ok()) {
                       std::unordered_map<std::string, std::uint64_t> found;
                       take_tasks(answer, found, changes);
                     } else if (answer.status == 404) {
                       for (const std::string& id : known_.tasks_of(service_id)) {
                         WatchEvent event;
                         event.id = id;
                         event.service_id = service_id;
                         want(event);
                       }
                     }
                     on_changes_(std::move(changes));
                   });
}

void ObjectReader::read_nodes(std::function<void(const HttpAnswer&)> done) {
  std::vector<Asked> asked;
  for (auto& [id, pending] : pending_) {
    if (pending.event.kind != ObjectKind::Node || pending.under_way) continue;
    pending.under_way = true;
    asked.push_back({id, pending.event.version});
  }
  nodes_under_way_ = true;
  client_.get("/nodes", [this, asked = std::move(asked), done](HttpAnswer&& answer) {
    nodes_under_way_ = false;
    Changes changes;
    if (answer.ok()) {
      known_.put_listing(ObjectKind::Node, answer.body, answer.asked_ns, changes);
      for (const Asked& each : asked) settle(each, known_.version_of(each.id));
    } else {
      unanswered(asked, changes);
    }
    on_changes_(std::move(changes));
    if (done) done(answer);
  });
}

void ObjectReader::take_task(SwarmObject task, std::int64_t asked_ns, Changes& changes) {
  const std::string service_id = task.service_id;
  if (known_.knows_service_of(task) || known_.knows(task.resource.uid)) {
    known_.put(std::move(task), asked_ns, changes);
    return;
  }
  held_[service_id].push_back({std::move(task), asked_ns});
  want_service(service_id);
}

void ObjectReader::release_held(const std::string& service_id, Changes& changes) {
  const auto found = held_.find(service_id);
  if (found == held_.end()) return;
  for (Held& held : found->second) known_.put(std::move(held.task), held.asked_ns, changes);
  held_.erase(found);
}

// `answered`: the version that Docker has, kNotFound when it has no such object.
void ObjectReader::settle(const Asked& asked, std::uint64_t answered) {
  const auto found = pending_.find(asked.id);
  if (found == pending_.end()) return;
  Pending& pending = found->second;
  pending.under_way = false;
  const bool newer_news = pending.event.version > asked.version;
  if (answered != kNotFound && answered >= pending.event.version) {
    pending_.erase(found);
  } else if (newer_news) {
    pending.due_ns = 0;
  } else if (answered == kNotFound) {
    pending_.erase(found);
  } else if (++pending.attempts > kAttemptsMax) {
    pending_.erase(found);
    needs_listing_ = true;
  } else {
    pending.due_ns = host_.mono_ns() + kRetryNs;  // a follower is some milliseconds behind
  }
}

void ObjectReader::unanswered(const std::vector<Asked>& asked, Changes& changes) {
  for (const Asked& each : asked) {
    const auto found = pending_.find(each.id);
    if (found == pending_.end()) continue;
    if (found->second.event.kind == ObjectKind::Task) known_.patch(found->second.event, changes);
    pending_.erase(found);
    needs_listing_ = true;
  }
}

}  // namespace storm::swarm
