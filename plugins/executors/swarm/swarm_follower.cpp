#include "plugins/executors/swarm/swarm_follower.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

namespace storm::swarm {
namespace {

constexpr std::int64_t kNever = INT64_MAX;

// In one batch each object is mentioned once: the last word counts, and a removal is the last.
void compact(Changes& changes) {
  if (changes.upserts.size() < 2 && changes.removals.empty()) return;
  std::unordered_set<std::string> seen(changes.removals.begin(), changes.removals.end());
  std::vector<sdk::Resource> kept;
  for (auto each = changes.upserts.rbegin(); each != changes.upserts.rend(); ++each) {
    if (seen.insert(each->uid).second) kept.push_back(std::move(*each));
  }
  std::ranges::reverse(kept);
  changes.upserts = std::move(kept);
}

}  // namespace

SwarmFollower::SwarmFollower(const SwarmConfig& config, const sdk::Host& host,
                             const sdk::Call& call, const sdk::Feed& feed,
                             std::atomic<std::uint64_t>& epoch)
    : config_(config),
      host_(host),
      call_(call),
      feed_(feed),
      epoch_(epoch),
      client_(config, host),
      reader_(client_, known_, host, [this](Changes&& changes) { publish(std::move(changes)); }),
      directory_(config.control_socket) {}

void SwarmFollower::run() {
  host_.report(STORM_SOURCE_CONNECTING, "connecting to " + config_.host);
  connect();
  while (!stopped_ && !call_.cancelled()) step();
}

// ---- the loop ----

std::int64_t SwarmFollower::next_due_ns() const {
  std::int64_t due = reader_.next_due_ns();
  if (phase_ == Phase::Resting) due = std::min(due, connect_due_ns_);
  if (stream_ && stream_->state() == ControlStream::State::Opening) {
    due = std::min(due, stream_deadline_ns_);
  }
  if (phase_ == Phase::Following) {
    if (!info_under_way_) due = std::min(due, info_due_ns_);
    if (tier_ == 1 && !nodes_under_way_) due = std::min(due, nodes_due_ns_);
    if (!listing_) due = std::min(due, list_due_ns_);
    if (!listing_ && relist_ && fresh_ && failures_ == 0) due = std::min(due, relist_due_ns_);
    if (tier_ > 1 && !stream_) due = std::min(due, push_due_ns_);
    for (const auto& [id, candidate] : candidates_) {
      due = std::min(due, candidate.seen_ns + kRepairGrace);
    }
  }
  return due;
}

void SwarmFollower::step() {
  // Without a descriptor for it, cancellation is looked for this often.
  constexpr std::int64_t kWaitMax = 200 * kMillisecond;
  std::vector<pollfd> fds;
  if (call_.cancel_fd() >= 0) fds.push_back({call_.cancel_fd(), POLLIN, 0});
  std::size_t directory_at = SIZE_MAX;
  if (directory_.fd() >= 0) {
    directory_at = fds.size();
    fds.push_back({directory_.fd(), POLLIN, 0});
  }
  std::size_t stream_at = SIZE_MAX;
  if (stream_ && stream_->state() != ControlStream::State::Failed) {
    stream_at = fds.size();
    fds.push_back({stream_->fd(), stream_->wanted_events(), 0});
  }
  const ControlStream* const polled = stream_.get();
  std::int64_t wait = std::max<std::int64_t>(next_due_ns() - host_.mono_ns(), 0);
  wait = std::min(wait, call_.cancel_fd() >= 0 ? kSecond : kWaitMax);
  client_.wait(fds, std::chrono::milliseconds((wait + kMillisecond - 1) / kMillisecond));
  if (stopped_) return;

  if (stream_at != SIZE_MAX && stream_.get() == polled && fds[stream_at].revents != 0) {
    stream_->advance();
  }
  advance_stream();
  if (directory_at != SIZE_MAX && fds[directory_at].revents != 0 && directory_.drain()) {
    if (phase_ == Phase::Resting) connect_due_ns_ = last_connect_ns_ + kBackoffMin;
    push_backoff_ns_ = kPushRetryMin;
    if (phase_ == Phase::Following && tier_ > 1) push_due_ns_ = 0;
  }
  run_timers();
  reader_.flush();
}

void SwarmFollower::run_timers() {
  const std::int64_t now = host_.mono_ns();
  if (phase_ == Phase::Resting && now >= connect_due_ns_) connect();
  if (stream_ && stream_->state() == ControlStream::State::Opening && now >= stream_deadline_ns_) {
    push_refused(config_.control_socket + ": no answer within " +
                 std::to_string(kPushOpenDeadline / kMillisecond) + " ms");
  }
  if (phase_ == Phase::Following) run_following_timers(now);
}

void SwarmFollower::run_following_timers(std::int64_t now) {
  if (reader_.take_needs_listing()) relist_ = true;
  if (!info_under_way_ && now >= info_due_ns_) check_info();
  if (tier_ == 1 && !nodes_under_way_ && now >= nodes_due_ns_) check_nodes();
  if (!listing_ && now >= list_due_ns_) {
    start_listing(tier_ == 1 ? Purpose::Repair : Purpose::Poll);
  }
  if (!listing_ && relist_ && fresh_ && failures_ == 0 && now >= relist_due_ns_) {
    relist_ = false;
    start_listing(Purpose::Repair);
  }
  if (tier_ > 1 && !stream_ && now >= push_due_ns_) try_push_again();
  count_repairs(now);
}

// ---- connecting ----

bool SwarmFollower::push_possible() const {
  return config_.push != PushMode::Off &&
         (!config_.unix_socket.empty() || config_.control_socket_given);
}

void SwarmFollower::connect() {
  phase_ = Phase::AskingInfo;
  last_connect_ns_ = host_.mono_ns();
  client_.get("/info", [this](HttpAnswer&& answer) { on_info_of_connect(std::move(answer)); });
}

void SwarmFollower::on_info_of_connect(HttpAnswer&& answer) {
  if (!answer.ok()) return lost(answer.fault());
  const std::optional<SwarmInfo> info = read_info(answer.body);
  if (!info) return lost("/info is not what Docker answers");
  if (!info->is_manager || !info->cluster) {
    return lost("this daemon is not a manager of a swarm (its state is \"" + info->state + "\"" +
                (info->error.empty() ? "" : ": " + docker_message(info->error)) + ")");
  }
  if (info->cluster_id != known_.cluster_id()) known_.begin_cluster(info->cluster_id);
  node_id_ = info->node_id;
  Changes changes;  // published with the listing
  known_.put_cluster(*info, changes);
  if (push_possible()) {
    phase_ = Phase::OpeningPush;
    return open_stream(*info);
  }
  push_fault_ = config_.push == PushMode::Off
                    ? "switched off (push: off)"
                    : "the manager's own socket cannot be reached over TCP";
  if (config_.push == PushMode::Required) return lost("push is required: " + push_fault_);
  open_events();
}

void SwarmFollower::open_stream(const SwarmInfo& info) {
  stream_deadline_ns_ = host_.mono_ns() + kPushOpenDeadline;
  stream_ = std::make_unique<ControlStream>(
      ControlTarget{config_.control_socket, info.trust_root, info.node_id});
  advance_stream();
}

// The stream did not come to stand.
void SwarmFollower::push_refused(std::string why) {
  stream_.reset();
  push_due_ns_ = host_.mono_ns() + push_backoff_ns_;
  push_backoff_ns_ = std::min(2 * push_backoff_ns_, kPushRetryMax);
  const bool news = push_fault_ != why;
  push_fault_ = std::move(why);
  if (phase_ == Phase::OpeningPush) {
    if (config_.push == PushMode::Required) return lost("push is required: " + push_fault_);
    return open_events();
  }
  if (news) report();
}

void SwarmFollower::open_events() {
  phase_ = Phase::OpeningEvents;
  const auto no_events = [this](std::string why) {
    events_fault_ = std::move(why);
    tier_ = 3;
    start_listing(Purpose::Sync);
  };
  if (!config_.events) return no_events("switched off (events: false)");
  const std::string filters = R"({"type":{"service":true,"node":true,"container":true}})";
  DockerClient::Follower follower;
  follower.on_open = [this] {
    events_fault_.clear();
    tier_ = 2;
    start_listing(Purpose::Sync);
  };
  follower.on_line = [this](std::string_view line) { take_line(line); };
  follower.on_end = [this, no_events](const std::string& why) {
    if (phase_ == Phase::OpeningEvents) return no_events("/events: " + why);
    lost("/events: " + why);
  };
  client_.follow("/events?filters=" + url_encoded(filters), std::move(follower));
}

// Everything is kept and marked stale; the next connection lists it anew.
void SwarmFollower::lost(const std::string& why) {
  client_.forget_all();
  reader_.clear();
  stream_.reset();
  listing_.reset();
  waiting_.clear();
  candidates_.clear();
  info_under_way_ = nodes_under_way_ = relist_ = false;
  failures_ = 0;
  relist_due_ns_ = 0;
  relist_backoff_ns_ = kRelistMin;
  tier_ = 0;
  phase_ = Phase::Resting;
  connect_due_ns_ = host_.mono_ns() + backoff_ns_;
  backoff_ns_ = std::min(2 * backoff_ns_, kBackoffMax);
  publish_stale();
  report_lost(why);
}

// In tier 2 or 3: the socket may have come into being.
void SwarmFollower::try_push_again() {
  push_due_ns_ = host_.mono_ns() + kPushRetryMax;
  if (!push_possible()) return;
  client_.get("/info", [this](HttpAnswer&& answer) {
    const std::optional<SwarmInfo> info =
        answer.ok() ? read_info(answer.body) : std::optional<SwarmInfo>();
    if (!info || !info->is_manager || phase_ != Phase::Following || stream_) return;
    open_stream(*info);
  });
}

// The stream stands.
void SwarmFollower::adopt_push() {
  client_.stop_following();
  push_fault_.clear();
  push_backoff_ns_ = kPushRetryMin;
  tier_ = 1;
  start_listing(Purpose::Sync);
}

// ---- the Watch stream ----

void SwarmFollower::advance_stream() {
  if (!stream_) return;
  const bool stands = stream_->state() == ControlStream::State::Watching;
  if (stands && tier_ != 1 && (phase_ == Phase::OpeningPush || phase_ == Phase::Following)) {
    adopt_push();
  }
  std::vector<WatchEvent> events = stream_->take_events();
  if (tier_ == 1 && !events.empty()) take_events(std::move(events));
  if (stream_ && stream_->state() == ControlStream::State::Failed) {
    const std::string why = stream_->failure();
    if (tier_ == 1) return lost(why);
    push_refused(why);
  }
}

void SwarmFollower::take_events(std::vector<WatchEvent>&& events) {
  host_.count("push_events_total", static_cast<double>(events.size()));
  Changes changes;
  for (const WatchEvent& event : events) {
    if (phase_ == Phase::Listing) {
      // A map by id: it cannot outgrow the swarm by much. A removal is the last word.
      if (waiting_.size() >= kWaitingMax) return lost("more events than can be kept");
      WatchEvent& last = waiting_[event.id];
      const bool was_removed = last.removed;
      if (last.id.empty() || event.removed || event.version > last.version) last = event;
      last.removed = last.removed || was_removed;
    } else {
      take_event(event, changes);
    }
  }
  publish(std::move(changes));
  reader_.flush();
}

void SwarmFollower::take_event(const WatchEvent& event, Changes& changes) {
  if (const auto candidate = candidates_.find(event.id); candidate != candidates_.end()) {
    if (event.removed || event.version >= candidate->second.version) candidates_.erase(candidate);
  }
  switch (known_.judge(event)) {
    case EventVerdict::Drop:
      break;
    case EventVerdict::Read:
      reader_.want(event);
      break;
    case EventVerdict::Remove:
      reader_.forget(event.id);
      known_.remove(event.id, changes);
      break;
  }
}

// The events that came while the first listing was under way.
void SwarmFollower::take_waiting() {
  Changes changes;
  for (const auto& [id, event] : std::exchange(waiting_, {})) take_event(event, changes);
  publish(std::move(changes));
}

// ---- /events ----

void SwarmFollower::take_line(std::string_view line) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object()) return;
  const auto text = [](const nlohmann::json& object, const char* key) {
    const auto found = object.is_object() ? object.find(key) : object.end();
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const std::string type = text(json, "Type");
  const nlohmann::json actor = json.value("Actor", nlohmann::json::object());
  const std::string id = text(actor, "ID");
  host_.count("docker_events_total");
  if (phase_ != Phase::Following) return;
  if (type == "service" && !id.empty()) {
    if (text(json, "Action") == "remove") {
      const std::vector<std::string> tasks = known_.tasks_of(id);
      Changes changes;
      known_.remove(id, changes);
      publish(std::move(changes));
      for (const std::string& task : tasks) {
        WatchEvent event;
        event.id = task;
        reader_.want(event);
      }
    } else {
      WatchEvent event;
      event.kind = ObjectKind::Service;
      event.id = id;
      reader_.want(event);
      reader_.want_tasks_of(id);
    }
  } else if (type == "container") {
    const std::string service =
        text(actor.value("Attributes", nlohmann::json::object()), "com.docker.swarm.service.id");
    if (!service.empty()) reader_.want_tasks_of(service);
  } else if (type == "node") {
    WatchEvent event;
    event.kind = ObjectKind::Node;
    event.id = id;
    reader_.want(event);
  }
}

// ---- listings and checks ----

void SwarmFollower::start_listing(Purpose purpose) {
  if (purpose == Purpose::Sync && phase_ != Phase::Following) phase_ = Phase::Listing;
  const std::int64_t now = host_.mono_ns();
  // The answers to an earlier listing find another one under way and are dropped.
  listing_ = Listing{purpose, now, 3, {}, {}, {}, {}};
  list_due_ns_ = now + (tier_ == 1 ? kRepairPeriod : kPollPeriod);
  const auto ask = [this, now](const char* path, std::string Listing::*body) {
    client_.get_list(path, [this, now, body](HttpAnswer&& answer) {
      if (listing_ && listing_->asked_ns == now) on_list(body, std::move(answer));
    });
  };
  ask("/services", &Listing::services);
  ask("/nodes", &Listing::nodes);
  ask("/tasks", &Listing::tasks);
}

void SwarmFollower::on_list(std::string Listing::*body, HttpAnswer&& answer) {
  if (!answer.ok() && listing_->fault.empty()) listing_->fault = answer.fault();
  (*listing_).*body = std::move(answer.body);
  if (--listing_->left == 0) end_listing();
}

void SwarmFollower::end_listing() {
  Listing listing = std::move(*listing_);
  listing_.reset();
  if (!listing.fault.empty()) return listing_failed(listing);
  if (phase_ == Phase::Listing && known_.is_ahead_of({{ObjectKind::Service, listing.services},
                                                      {ObjectKind::Node, listing.nodes},
                                                      {ObjectKind::Task, listing.tasks}})) {
    known_.forget_versions();
  }
  Changes changes;
  // Services first: the names of the tasks need them.
  if (!known_.put_listing(ObjectKind::Service, listing.services, listing.asked_ns, changes) ||
      !known_.put_listing(ObjectKind::Node, listing.nodes, listing.asked_ns, changes) ||
      !known_.put_listing(ObjectKind::Task, listing.tasks, listing.asked_ns, changes)) {
    listing.fault = "a list is not what Docker answers";
    return listing_failed(listing);
  }
  failures_ = 0;
  relist_backoff_ns_ = kRelistMin;
  if (listing.purpose != Purpose::Sync) {
    if (tier_ == 1) note_repairs(changes);
    return publish(std::move(changes));
  }
  const bool first = phase_ == Phase::Listing;
  publish_all();
  phase_ = Phase::Following;
  const std::int64_t now = host_.mono_ns();
  if (first) {
    known_.end_first_listing();
    info_due_ns_ = now + kInfoPeriod;
    nodes_due_ns_ = now + kNodesPeriod;
    backoff_ns_ = kBackoffMin;
  }
  report();
  take_waiting();
}

void SwarmFollower::listing_failed(const Listing& listing) {
  if (phase_ == Phase::Listing) return lost(listing.fault);
  if (tier_ > 1 && ++failures_ >= kFailuresMax) return lost(listing.fault);
  if (listing.purpose != Purpose::Repair) return;
  relist_ = true;
  relist_due_ns_ = host_.mono_ns() + relist_backoff_ns_;
  relist_backoff_ns_ = std::min(2 * relist_backoff_ns_, kRelistMax);
}

// In tier 1 a listing should find nothing that the stream did not tell.
void SwarmFollower::note_repairs(const Changes& changes) {
  const std::int64_t now = host_.mono_ns();
  for (const sdk::Resource& resource : changes.upserts) {
    const bool has_events = resource.type == "swarm-task" || resource.type == "swarm-service";
    if (has_events && !reader_.is_pending(resource.uid)) {
      candidates_[resource.uid] = {resource.revision, now};
    }
  }
  for (const std::string& id : changes.removals) candidates_[id] = {UINT64_MAX, now};
}

void SwarmFollower::count_repairs(std::int64_t now) {
  std::size_t count = 0;
  std::string example;
  for (auto each = candidates_.begin(); each != candidates_.end();) {
    if (now < each->second.seen_ns + kRepairGrace) {
      ++each;
      continue;
    }
    if (count++ == 0) example = each->first;
    each = candidates_.erase(each);
  }
  if (count == 0) return;
  host_.count("push_repairs_total", static_cast<double>(count));
  host_.warn("a listing found changes that were not pushed: " + std::to_string(count) +
             ", one of them of " + example);
}

void SwarmFollower::check_info() {
  info_under_way_ = true;
  info_due_ns_ = host_.mono_ns() + kInfoPeriod;
  client_.get("/info", [this](HttpAnswer&& answer) {
    info_under_way_ = false;
    if (!answer.ok()) return;  // the other checks tell what that means
    const std::optional<SwarmInfo> info = read_info(answer.body);
    if (!info) return;
    if (!info->is_manager) {
      return lost("this daemon is not a manager of a swarm any more (its state is \"" +
                  info->state + "\")");
    }
    if (info->cluster_id != known_.cluster_id() || info->node_id != node_id_) {
      return lost("this daemon has joined another swarm");
    }
    Changes changes;
    known_.put_cluster(*info, changes);
    publish(std::move(changes));
  });
  const std::uint64_t requests = client_.requests();
  host_.count("http_requests_total", static_cast<double>(requests - requests_counted_));
  requests_counted_ = requests;
}

void SwarmFollower::check_nodes() {
  nodes_under_way_ = true;
  nodes_due_ns_ = host_.mono_ns() + kNodesPeriod;
  reader_.read_nodes([this](const HttpAnswer& answer) { on_nodes_checked(answer); });
}

void SwarmFollower::on_nodes_checked(const HttpAnswer& answer) {
  nodes_under_way_ = false;
  if (answer.ok()) {
    failures_ = 0;
    if (!fresh_ && !listing_) start_listing(Purpose::Sync);
    return;
  }
  nodes_due_ns_ = host_.mono_ns() + kNodesRetry;
  if (++failures_ >= kFailuresMax && fresh_) doubt(answer.fault());
}

// The stream stands, but nobody can say that it is up to date: no leader answers.
void SwarmFollower::doubt(const std::string& why) {
  publish_stale();
  report_lost("no leader answers: " + why);
}

// ---- the host ----

void SwarmFollower::publish_batch(sdk::Batch& batch) {
  if (!stopped_ && !feed_.publish(call_, batch)) stopped_ = true;
  batch.clear();
}

void SwarmFollower::publish(Changes&& changes) {
  if (changes.empty() || stopped_ || !published_ || phase_ == Phase::Listing) return;
  compact(changes);
  sdk::Batch batch;
  for (sdk::Resource& resource : changes.upserts) {
    resource.stale = resource.stale || !fresh_;
    batch.upsert(std::move(resource));
    if (batch.size() >= kBatchResources || batch.snapshot_bytes() >= kBatchBytes) {
      publish_batch(batch);
    }
  }
  for (std::string& id : changes.removals) {
    batch.remove(std::move(id));
    if (batch.size() >= kBatchResources) publish_batch(batch);
  }
  if (!batch.empty()) publish_batch(batch);
}

// A full listing of what is known; it ends staleness.
void SwarmFollower::publish_all() {
  sdk::Batch batch;
  batch.begin_sync(++epoch_);
  for (const sdk::Resource* resource : known_.all()) {
    batch.upsert(*resource);
    if (batch.size() >= kBatchResources || batch.snapshot_bytes() >= kBatchBytes) {
      publish_batch(batch);
    }
  }
  batch.end_sync();
  publish_batch(batch);
  fresh_ = published_ = true;
}

void SwarmFollower::publish_stale() {
  if (!fresh_) return;
  fresh_ = false;
  host_.count("stale_total");
  sdk::Batch batch;
  batch.mark_stale();
  publish_batch(batch);
}

const char* SwarmFollower::tier_name() const {
  constexpr std::array<const char*, 4> kNames = {"none", "push", "events", "poll"};
  return kNames[static_cast<std::size_t>(tier_)];
}

void SwarmFollower::report() {
  std::string why;
  if (tier_ > 1) why = "no push: " + push_fault_;
  if (tier_ > 2) why += "; no events: " + events_fault_;
  const nlohmann::json detail = {
      {"tier", tier_},        {"tier_name", tier_name()},       {"why_not_better", why},
      {"host", config_.host}, {"cluster", known_.cluster_id()}, {"node", node_id_}};
  std::string summary = "tier " + std::to_string(tier_) + ", " + tier_name();
  if (!why.empty()) summary += " (" + why + ")";
  const bool as_wished = tier_ == 1 || (tier_ == 2 && config_.push == PushMode::Off);
  host_.report(as_wished ? STORM_SOURCE_LIVE : STORM_SOURCE_DEGRADED, summary,
               detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  host_.gauge("tier", tier_);
  lost_fault_.clear();
}

// The host logs each report: one for each new reason.
void SwarmFollower::report_lost(const std::string& why) {
  if (why == lost_fault_) return;
  lost_fault_ = why;
  const std::string summary = config_.host + ": " + why;
  const nlohmann::json detail = {{"tier", 0},
                                 {"tier_name", tier_name()},
                                 {"why_not_better", why},
                                 {"host", config_.host},
                                 {"cluster", known_.cluster_id()},
                                 {"node", node_id_}};
  host_.report(STORM_SOURCE_LOST, summary,
               detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  host_.gauge("tier", tier_);
}

}  // namespace storm::swarm
