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

// The parts in which a batch is sent, each small enough for one request. What begins the batch is
// in the first, what ends it in the last.
std::vector<DiscoveryBatch> parts_of(DiscoveryBatch batch, spdlog::logger& log) {
  std::vector<DiscoveryBatch> parts;
  const auto begin_part = [&] {
    DiscoveryBatch& part = parts.emplace_back();
    part.scope = batch.scope;
    part.epoch = batch.epoch;
  };
  begin_part();
  parts.front().sync_begin = batch.sync_begin;
  parts.front().stale = batch.stale;
  std::size_t bytes = 0;
  for (DiscoveredResource& resource : batch.upserts) {
    if (resource.snapshot && resource.snapshot.size() > kSnapshotSentMax) {
      log.warn("{}: its snapshot of {} bytes is larger than what can be sent, and is left out",
               resource.uid, resource.snapshot.size());
      resource.snapshot = nullptr;
    }
    const std::size_t more = resource.snapshot ? resource.snapshot.size() : 0;
    const bool full = parts.back().upserts.size() == kUpsertsPerRequest ||
                      (bytes > 0 && bytes + more > kBytesPerRequest);
    if (full) {
      begin_part();
      bytes = 0;
    }
    bytes += more;
    parts.back().upserts.push_back(std::move(resource));
  }
  parts.back().removals = std::move(batch.removals);
  parts.back().sync_end = batch.sync_end;
  return parts;
}

}  // namespace

RestSink::RestSink(cli::ClientOptions server, Registration registration,
                   std::shared_ptr<spdlog::logger> log)
    : registration_(std::move(registration)),
      log_(std::move(log)),
      teller_(server),
      beater_(std::move(server)) {}

Taken RestSink::publish(DiscoveryBatch batch, const std::function<bool()>& stop) {
  const std::lock_guard turn(telling_);
  const auto wait = [&] {
    if (!stop()) std::this_thread::sleep_for(kRetryEvery);
    return !stop();
  };
  {
    const std::lock_guard lock(mutex_);
    std::uint64_t& known = generations_[batch.scope];
    if (known != generation_) {
      if (!batch.sync_begin) return Taken::Relist;
      known = generation_;
    }
  }
  for (;;) {
    if (beat(teller_)) break;
    if (!wait()) return Taken::Stopped;
  }
  for (const DiscoveryBatch& part : parts_of(std::move(batch), *log_)) {
    if (stop()) return Taken::Stopped;
    if (send(part).well) continue;
    // Nobody knows what of it has arrived. When all can be told again, it is.
    while (!beat(teller_)) {
      if (!wait()) return Taken::Stopped;
    }
    return Taken::Relist;
  }
  const std::lock_guard lock(mutex_);
  return generations_[batch.scope] == generation_ ? Taken::Yes : Taken::Relist;
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
  if (answer.ok()) return true;
  lost(answer, "how the source is doing");
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

void RestSink::lost(const cli::Answer& answer, const char* what) {
  bool was_reachable = false;
  {
    const std::lock_guard lock(mutex_);
    was_reachable = std::exchange(reachable_, answer.status != 0);
  }
  if (answer.status != 0 || was_reachable) {
    log_->warn("{} was not taken: {}", what, answer.error->message);
  }
  forget(answer.status == kNotFound);
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
    if (answer.error) lost(answer, "the registration");
    return false;
  }
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
    lost(answer, "the heartbeat");
    return false;
  }
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

RestSink::Heard RestSink::send(const DiscoveryBatch& batch) {
  return send("discoveries", to_json(batch), teller_);
}

RestSink::Heard RestSink::send(const std::string& what, const std::string& json,
                               cli::Client& client) {
  std::string agent;
  {
    const std::lock_guard lock(mutex_);
    agent = agent_;
  }
  const cli::Answer answer =
      client.post_repeatable(cli::path_to("agents", agent) + "/" + what, json);
  if (answer.ok()) return {true, answer.status};
  lost(answer, "what was discovered");
  return {false, answer.status};
}

}  // namespace storm::agent
