#include "agent/rest_sink.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>

#include <algorithm>
#include <iterator>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/clock.hpp"
#include "core/document/json.hpp"
#include "core/model/discovery_json.hpp"

namespace storm::agent {
namespace {

constexpr int kNotFound = 404;
constexpr int kTaken = -1;
constexpr std::uint64_t kNoEpoch = 0;  // of no listing

// What is told, in the words of the log.
constexpr const char* kRegistration = "the registration";
constexpr const char* kHeartbeat = "the heartbeat";
constexpr const char* kDiscoveries = "what was discovered";
constexpr const char* kSource = "how the source is doing";

// The stormd, or what stands before it, may take the same later: it could not be reached, takes no
// such token now, or is behind.
bool may_pass(int status) {
  return status == 0 || status == 401 || status == 403 || status == 408 || status == 429 ||
         status >= 500;
}

// Cuts a batch into parts that are each small enough for one request. What begins the batch is in
// the first, what ends it in the last.
class Parts {
 public:
  Parts(DiscoveryBatch batch, spdlog::logger& log) : batch_(std::move(batch)), log_(log) {
    begin();
    parts_.front().sync_begin = batch_.sync_begin;
    parts_.front().stale = batch_.stale;
    for (DiscoveredResource& resource : batch_.upserts) add(std::move(resource));
    for (std::string& uid : batch_.removals) remove(std::move(uid));
    parts_.back().sync_end = batch_.sync_end;
  }

  std::vector<DiscoveryBatch> take() { return std::move(parts_); }

 private:
  void begin() {
    DiscoveryBatch& part = parts_.emplace_back();
    part.scope = batch_.scope;
    part.epoch = batch_.epoch;
    bytes_ = 0;
  }

  void make_room(std::size_t bytes, bool full) {
    if (full || (bytes_ > 0 && bytes_ + bytes > kBytesPerRequest)) begin();
    bytes_ += bytes;
  }

  void add(DiscoveredResource resource) {
    std::size_t bytes = to_json(resource).size();
    if (bytes > kResourceSentMax && resource.snapshot) {
      log_.warn("{}: its snapshot of {} bytes is larger than what can be sent, and is left out",
                resource.uid, resource.snapshot.size());
      resource.snapshot = nullptr;
      bytes = to_json(resource).size();
    }
    make_room(bytes, parts_.back().upserts.size() == kUpsertsPerRequest);
    parts_.back().upserts.push_back(std::move(resource));
  }

  void remove(std::string uid) {
    std::string shown;
    append_json_string(shown, uid);
    make_room(shown.size(), parts_.back().removals.size() == kBatchResourcesMax);
    parts_.back().removals.push_back(std::move(uid));
  }

  DiscoveryBatch batch_;
  spdlog::logger& log_;
  std::vector<DiscoveryBatch> parts_;
  std::size_t bytes_ = 0;  // of the last part, as JSON
};

}  // namespace

RestSink::RestSink(cli::ClientOptions server, Registration registration,
                   std::shared_ptr<spdlog::logger> log)
    : registration_(std::move(registration)),
      log_(std::move(log)),
      teller_(server),
      beater_(std::move(server)) {}

Taken RestSink::publish(DiscoveryBatch batch, const std::function<bool()>& stop) {
  std::unique_lock turn(telling_);
  const auto wait = [&] {
    if (!stop()) std::this_thread::sleep_for(kRetryEvery);
    return !stop();
  };
  const std::string scope = batch.scope;
  if (!number(batch)) return Taken::Relist;
  while (!beat(teller_)) {
    if (!wait()) return Taken::Stopped;
  }
  for (const DiscoveryBatch& part : Parts(std::move(batch), *log_).take()) {
    const std::string json = to_json(part);
    for (;;) {
      if (stop()) return Taken::Stopped;
      if (!counts(scope)) return Taken::Relist;
      const int status = send(json);
      if (status == kTaken) break;
      if (!may_pass(status)) {
        drop(scope);
        turn.unlock();  // the other scopes need not wait for this one
        return status == kNotFound || wait() ? Taken::Relist : Taken::Stopped;
      }
      // It may have arrived, and may arrive twice.
      do {
        if (!wait()) return Taken::Stopped;
      } while (!beat(teller_));
    }
  }
  return counts(scope) ? Taken::Yes : Taken::Relist;
}

// Plugins choose their epochs as they like; a stormd hears of ours, which follow each other. False:
// the scope has to begin a listing first.
bool RestSink::number(DiscoveryBatch& batch) {
  const std::lock_guard lock(mutex_);
  Scope& scope = scopes_[batch.scope];
  if (batch.sync_begin) {
    scope.generation = generation_;
    scope.given = batch.epoch;
    ++scope.epoch;
  }
  if (scope.generation != generation_) return false;
  batch.epoch = batch.epoch == scope.given ? scope.epoch : kNoEpoch;
  return true;
}

bool RestSink::counts(const std::string& scope) {
  const std::lock_guard lock(mutex_);
  return scopes_[scope].generation == generation_;
}

void RestSink::drop(const std::string& scope) {
  const std::lock_guard lock(mutex_);
  scopes_[scope].generation = 0;
}

void RestSink::report(SourceReport report) {
  const std::lock_guard lock(mutex_);
  report_ = std::move(report);
  has_news_ = true;
}

bool RestSink::beat() {
  const std::lock_guard turn(beating_);
  if (!beat(beater_)) return false;
  std::optional<SourceReport> news;
  std::string agent;
  {
    const std::lock_guard lock(mutex_);
    news.swap(report_);
    agent = agent_;
    has_news_ = false;
  }
  if (!news) return true;
  Value body = Value::object();
  body.add("state", std::string(name_of(news->state)));
  body.add("summary", news->summary);
  if (!news->detail.is_null()) body.add("detail", news->detail);
  const cli::Answer answer =
      beater_.post_repeatable(cli::path_to("agents", agent) + "/source", to_json(body));
  if (answer.ok()) {
    heard(kSource);
    return true;
  }
  lost(answer, kSource);
  const std::lock_guard lock(mutex_);
  if (!report_) report_ = std::move(news);
  has_news_ = true;
  return false;
}

bool RestSink::take_relist() {
  const std::lock_guard lock(mutex_);
  return std::exchange(relist_, false);
}

// All that was said may be unknown, or known to nobody.
void RestSink::forget(bool agent) {
  const std::lock_guard lock(mutex_);
  ++generation_;
  relist_ = true;
  if (agent) agent_.clear();
}

// Warns once for as long as the answer stays the same.
void RestSink::lost(const cli::Answer& answer, const char* what) {
  bool is_news = false;
  {
    const std::lock_guard lock(mutex_);
    if (answer.status == 0) {
      is_news = std::exchange(reachable_, false);
    } else {
      is_news = std::exchange(refused_[what], answer.status) != answer.status;
    }
  }
  if (is_news) log_->warn("{} was not taken: {}", what, answer.error->message);
  if (answer.status == kNotFound) forget(true);
}

void RestSink::heard(const char* what) {
  const std::lock_guard lock(mutex_);
  refused_.erase(what);
}

bool RestSink::ensure_agent(cli::Client& client) {
  {
    const std::lock_guard lock(mutex_);
    if (!agent_.empty()) return true;
  }
  cli::Answer answer = client.get(cli::path_to("agents", registration_.name));
  if (answer.status == kNotFound) {
    Value body = Value::object();
    body.add("type", registration_.type);
    body.add("name", registration_.name);
    body.add("options", registration_.options);
    answer = client.post(cli::path_to("agents"), body);
  }
  const Value* id = answer.ok() ? answer.body.find("id") : nullptr;
  if (!id || !id->is_string()) {
    if (answer.error) lost(answer, kRegistration);
    return false;
  }
  heard(kRegistration);
  const std::lock_guard lock(mutex_);
  agent_ = id->as_string();
  return true;
}

bool RestSink::beat(cli::Client& client) {
  const SystemClock clock;
  std::string agent;
  bool due = false;
  const auto look = [&] {
    const std::lock_guard lock(mutex_);
    agent = agent_;
    due = agent_.empty() || !reachable_ || relist_ || clock.mono_now() - heard_ >= kBeatEvery / 2;
  };
  look();
  if (!due) return true;
  if (!ensure_agent(client)) return false;
  look();
  const cli::Answer answer =
      client.post_repeatable(cli::path_to("agents", agent) + "/heartbeat", "{}");
  if (!answer.ok()) {
    lost(answer, kHeartbeat);
    return false;
  }
  heard(kHeartbeat);
  const auto found = answer.headers.find("storm-life");
  const std::string life = found == answer.headers.end() ? std::string() : found->second;
  bool anew = false;
  bool back = false;
  {
    const std::lock_guard lock(mutex_);
    back = !std::exchange(reachable_, true);
    const MonoTime now = clock.mono_now();
    // It was told that we are gone, or was gone itself.
    anew = (!life_.empty() && life_ != life) || (heard_ != 0 && now - heard_ > kAgentTimeout);
    life_ = life;
    heard_ = now;
  }
  if (back) log_->info("{} answers again", client.options().address.shown);
  if (anew) forget(false);
  return true;
}

// kTaken, or the status of the refusal, which is 0 when there was no answer.
int RestSink::send(const std::string& json) {
  std::string agent;
  {
    const std::lock_guard lock(mutex_);
    agent = agent_;
  }
  const cli::Answer answer =
      teller_.post_repeatable(cli::path_to("agents", agent) + "/discoveries", json);
  if (answer.ok()) {
    heard(kDiscoveries);
    return kTaken;
  }
  lost(answer, kDiscoveries);
  return answer.status;
}

}  // namespace storm::agent
