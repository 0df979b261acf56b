#include "core/plugin_host/executor_adapter.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <thread>
#include <utility>

#include "core/document/json.hpp"
#include "core/model/fields.hpp"
#include "core/plugin_host/abi_text.hpp"
#include "core/plugin_host/discovery_reader.hpp"
#include "storm/executor.h"

namespace storm {
namespace {

constexpr std::int64_t kDescribeTimeout = 5 * kNanosecondsPerSecond;
constexpr std::size_t kDescriptionBytesMax = 1024 * 1024;

struct BoundedText {
  std::string text;
  static storm_rc write(const storm_out* out, storm_str chunk) {
    std::string& text = static_cast<BoundedText*>(out->ctx)->text;
    if (chunk.n > kDescriptionBytesMax - text.size()) return STORM_E_QUOTA;
    text.append(text_of(chunk));
    return STORM_OK;
  }
};

Result<std::vector<std::string>> texts_of(const Value& description, std::string_view key) {
  std::vector<std::string> out;
  const Value* const list = description.find(key);
  if (!list) return out;
  if (!list->is_array()) {
    return Error{Errc::PluginFault, fmt::format("{} in its description is no list", key)};
  }
  for (const Value& item : list->as_array()) {
    if (!item.is_string()) {
      return Error{Errc::PluginFault,
                   fmt::format("{} in its description is no list of texts", key)};
    }
    out.push_back(item.as_string());
  }
  return out;
}

}  // namespace

Result<ExecutorDescription> read_description(std::string_view json) {
  const Value value = STORM_TRY(parse_json(json));
  const Value* const type = value.find("agent_type");
  if (!type || !type->is_string() || type->as_string().empty()) {
    return Error{Errc::PluginFault, "its description has no agent_type"};
  }
  if (type->as_string().size() > kNameBytesMax || is_blank(type->as_string())) {
    return Error{Errc::PluginFault,
                 fmt::format("agent_type in its description has {} bytes or is blank, 1 to {} are "
                             "allowed",
                             type->as_string().size(), kNameBytesMax)};
  }
  ExecutorDescription description;
  description.agent_type = type->as_string();
  if (const Value* const options = value.find("options")) {
    if (!options->is_object()) {
      return Error{Errc::PluginFault, "options in its description is no object"};
    }
    description.options = *options;
  }
  description.scopes = STORM_TRY(texts_of(value, "scopes"));
  description.types = STORM_TRY(texts_of(value, "types"));
  if (description.scopes.size() > kScopesMax) {
    return Error{Errc::TooLarge, fmt::format("it has {} scopes, at most {} are allowed",
                                             description.scopes.size(), kScopesMax)};
  }
  if (description.scopes.empty()) description.scopes.emplace_back();
  return description;
}

// The way to the sink. Closing it waits for those inside, which leave at once because `stopping`
// is set first; nobody enters after that, so that one who publishes without end cannot keep the
// closing out. A thread that is stuck in a plugin finds it closed should it ever come back.
struct ExecutorAdapter::Gate {
  std::atomic<bool> stopping = false;
  std::shared_mutex mutex;
  std::shared_ptr<ResourceSink> sink;  // Guarded by mutex; null once closed.
  std::mutex notify;                   // Held while a status is delivered; before mutex.
  std::optional<SourceStatus> last;    // Guarded by notify; what was delivered last.

  Taken publish(DiscoveryBatch batch) {
    if (stopping) return Taken::Stopped;
    const std::shared_lock lock(mutex);
    if (!sink || stopping) return Taken::Stopped;
    return sink->publish(std::move(batch), [this] { return stopping.load(); });
  }
  // Delivers the status as it is once it is this thread's turn: of two threads the later delivers
  // the later one, whichever of them set it.
  void report(const HostServices& services) {
    if (stopping) return;
    const std::lock_guard turn(notify);
    const SourceStatus status = services.status();
    if (last == status) return;
    last = status;
    SourceReport report;
    report.state = static_cast<SourceState>(
        std::clamp<std::int32_t>(status.source, STORM_SOURCE_CONNECTING, STORM_SOURCE_LOST));
    report.summary = status.summary;
    if (!status.detail_json.empty()) {
      if (Result<Value> detail = parse_json(status.detail_json); detail && detail->is_object()) {
        report.detail = std::move(*detail);
      }
    }
    const std::shared_lock lock(mutex);
    if (sink && !stopping) sink->report(std::move(report));
  }
  void close() {
    stopping = true;
    const std::unique_lock lock(mutex);
    sink = nullptr;
  }
};

// One scope and its thread. Held by the thread itself, so that it outlives an adapter that could
// not wait for it.
class ExecutorAdapter::Scope : public std::enable_shared_from_this<Scope> {
 public:
  Scope(std::shared_ptr<PluginInstance> instance, std::shared_ptr<Gate> gate, std::string name)
      : instance_(std::move(instance)),
        gate_(std::move(gate)),
        name_(std::move(name)),
        feed_{sizeof(storm_feed), 0, this, &Scope::publish} {}

  void start() {
    thread_ = std::thread([self = shared_from_this()]() mutable {
      self->discover();
      const std::shared_ptr<Scope> last = std::move(self);
      const std::lock_guard lock(last->mutex_);
      last->finished_ = true;
      last->changed_.notify_all();
    });
  }
  void cancel() {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    if (call_) call_->cancel();
    changed_.notify_all();
  }
  // What was listed is forgotten: the attempt is cut short, so that a watch which carries on after
  // the answer does not keep the rest from being listed.
  void relist() {
    const std::lock_guard lock(mutex_);
    bookmark_.clear();
    relist_ = true;
    if (call_) call_->cancel();
  }
  void try_now() {
    const std::lock_guard lock(mutex_);
    try_now_ = true;
    changed_.notify_all();
  }
  // False when the thread did not end by then; it is left to itself.
  bool join_until(std::chrono::steady_clock::time_point deadline) {
    bool finished = false;
    {
      std::unique_lock lock(mutex_);
      finished = changed_.wait_until(lock, deadline, [this] { return finished_; });
    }
    if (!thread_.joinable()) return finished;
    if (finished) {
      thread_.join();
    } else {
      thread_.detach();
    }
    return finished;
  }
  const std::string& name() const { return name_; }

 private:
  // What an attempt to list and watch came to.
  struct Outcome {
    std::optional<Error> error;
    std::optional<PluginFault> fault;
  };

  void discover() {
    std::int64_t wait = kRetryFirst;
    while (!cancelled()) {
      listed_ = false;
      relist_ = false;
      const Outcome outcome = list_and_watch();
      if (cancelled()) break;
      // The model asked for it, so there is nothing to wait for; but one that asks again and again,
      // because it takes nothing of what is listed, is served like any failure.
      const auto now = std::chrono::steady_clock::now();
      if (relist_ && now >= relist_at_once_from_) {
        relist_at_once_from_ = now + std::chrono::nanoseconds(kRetryMax);
        log().info("{}listing again: the model asks for it", label());
        continue;
      }
      if (listed_) wait = kRetryFirst;
      const std::int64_t pause = pause_after(outcome, wait);
      mark_stale(outcome, pause);
      sleep(pause);
      wait = std::min(2 * wait, kRetryMax);
    }
  }

  Outcome list_and_watch() {
    const auto& table = instance_->table<storm_executor_v1>();
    if (table.sync) {
      Outcome listing = call("sync", STORM_T_WORK, [&](const storm_call* raw) {
        return table.sync(instance_->handle(), raw, to_abi(name_), &feed_);
      });
      if (listing.error || cancelled() || relist_) return listing;
    }
    const std::string bookmark = this->bookmark();
    Outcome watching = call("watch", STORM_T_WATCH, [&](const storm_call* raw) {
      return table.watch(instance_->handle(), raw, to_abi(name_), to_abi(bookmark), &feed_);
    });
    // Whatever went wrong, what is known after a new listing is where to continue.
    set_bookmark({});
    return watching;
  }

  template <typename Function>
  Outcome call(std::string_view what, std::uint32_t thread_class, const Function& function) {
    PluginCall call(instance_->clock(), thread_class);
    {
      const std::lock_guard lock(mutex_);
      if (cancelled_ || relist_) return {};
      call_ = &call;
    }
    const auto result = call.run(instance_->name(), what, [&] { return function(call.raw()); });
    {
      const std::lock_guard lock(mutex_);
      call_ = nullptr;
    }
    if (result) return {};
    return {result.error(), call.fault()};
  }

  static std::int64_t pause_after(const Outcome& outcome, std::int64_t wait) {
    if (!outcome.fault) return wait;
    if (outcome.fault->retry_after_ms > 0) {
      constexpr std::uint64_t kMax = kRetryAfterMax / kNanosecondsPerMillisecond;
      return static_cast<std::int64_t>(std::min(outcome.fault->retry_after_ms, kMax)) *
             kNanosecondsPerMillisecond;
    }
    return wait;
  }

  // What is known may be behind from now on.
  void mark_stale(const Outcome& outcome, std::int64_t pause) {
    const double seconds = static_cast<double>(pause) / static_cast<double>(kNanosecondsPerSecond);
    const std::string reason = outcome.error ? outcome.error->message : "its watch ended by itself";
    instance_->services().set_status({STORM_SOURCE_LOST, label() + reason, {}});
    log().info("{}listing again in {:.1f} s", label(), seconds);
    DiscoveryBatch batch;
    batch.scope = name_;
    batch.stale = true;
    gate_->publish(std::move(batch));  // Relist needs no more than what happens anyway.
  }

  void sleep(std::int64_t nanoseconds) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::nanoseconds(nanoseconds),
                      [this] { return cancelled_ || try_now_; });
    try_now_ = false;
  }

  static storm_rc publish(const storm_feed* feed, const storm_call* raw,
                          const storm_batch* batch) noexcept {
    return static_cast<Scope*>(feed->ctx)->publish(raw, batch);
  }
  storm_rc publish(const storm_call* raw, const storm_batch* in) {
    if (!raw || !in) return STORM_E_INVALID;
    Result<DiscoveryBatch> batch = read_batch(*in);
    if (batch && batch->scope != name_) {
      batch = Error{Errc::InvalidArgument, fmt::format("batch: scope is \"{}\", this call is for "
                                                       "\"{}\"",
                                                       one_line(batch->scope), name_)};
    }
    if (!batch) return refuse(raw, batch.error().message);
    const bool ends_listing = batch->sync_end;
    const std::string bookmark(text_of(in->bookmark));
    switch (gate_->publish(std::move(*batch))) {
      case Taken::Stopped:
        return STORM_E_CANCELLED;
      case Taken::Relist:
        relist();
        return STORM_E_CONFLICT;
      case Taken::Yes:
        break;
    }
    if (ends_listing) note_listing();
    if (!bookmark.empty()) set_bookmark(bookmark);
    return STORM_OK;
  }
  // A plugin that says nothing of its source itself is live once it has listed it.
  void note_listing() {
    listed_ = true;
    const SourceStatus status = instance_->services().status();
    const bool unsaid = status.source == STORM_SOURCE_CONNECTING && status.summary.empty();
    if (unsaid || status.source == STORM_SOURCE_LOST) {
      instance_->services().set_status({STORM_SOURCE_LIVE, label() + "listed", {}});
    }
  }
  storm_rc refuse(const storm_call* raw, const std::string& reason) {
    const std::string message = "published a batch that breaks the rules: " + reason;
    log().error("{}{}", label(), message);
    storm_fault fault{};
    fault.size = sizeof fault;
    fault.code = STORM_E_INVALID;
    fault.layer = STORM_LAYER_PLUGIN;
    fault.message = to_abi(message);
    if (raw->err) raw->err->set(fault);
    return STORM_E_INVALID;
  }

  bool cancelled() const {
    const std::lock_guard lock(mutex_);
    return cancelled_;
  }
  std::string bookmark() const {
    const std::lock_guard lock(mutex_);
    return bookmark_;
  }
  void set_bookmark(std::string bookmark) {
    const std::lock_guard lock(mutex_);
    bookmark_ = std::move(bookmark);
  }
  spdlog::logger& log() const { return instance_->services().log(); }
  std::string label() const { return name_.empty() ? "" : fmt::format("scope {}: ", name_); }

  const std::shared_ptr<PluginInstance> instance_;
  const std::shared_ptr<Gate> gate_;
  const std::string name_;
  const storm_feed feed_;
  std::thread thread_;
  std::atomic<bool> listed_ = false;  // this attempt completed a listing
  std::atomic<bool> relist_ = false;  // the model wants this attempt to begin again
  std::chrono::steady_clock::time_point relist_at_once_from_;  // own thread

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool cancelled_ = false;      // Guarded by mutex_.
  bool try_now_ = false;        // Guarded by mutex_. Somebody has seen to what was wrong.
  bool finished_ = false;       // Guarded by mutex_.
  PluginCall* call_ = nullptr;  // Guarded by mutex_; the call that runs.
  std::string bookmark_;        // Guarded by mutex_.
};

ExecutorAdapter::ExecutorAdapter(std::shared_ptr<PluginInstance> instance,
                                 ExecutorDescription description)
    : instance_(std::move(instance)),
      description_(std::move(description)),
      gate_(std::make_shared<Gate>()) {}

Result<std::unique_ptr<ExecutorAdapter>> ExecutorAdapter::create(
    std::shared_ptr<PluginInstance> instance) {
  const auto& functions = instance->table<storm_executor_v1>();
  if (!functions.describe || !functions.watch) {
    return Error{Errc::PluginFault,
                 fmt::format("{}: its executor table has no describe or watch", instance->name())};
  }
  struct Described {
    Result<void> result;
    BoundedText text;
  };
  auto described = std::make_shared<Described>();
  const bool in_time = run_within(kDescribeTimeout + instance->patience(), [instance, described] {
    const auto& table = instance->table<storm_executor_v1>();
    const storm_out out = {sizeof(storm_out), 0, &described->text, &BoundedText::write};
    PluginCall call(instance->clock(), STORM_T_WORK, kDescribeTimeout);
    const auto code = call.run(instance->name(), "describe", [&] {
      return table.describe(instance->handle(), call.raw(), &out);
    });
    if (!code) described->result = code.error();
  });
  if (!in_time) {
    instance->abandon();
    return Error{Errc::TimedOut,
                 fmt::format("{}: describe did not return within {} s; the instance is left behind "
                             "until the process ends",
                             instance->name(), kDescribeTimeout / kNanosecondsPerSecond)};
  }
  STORM_TRY(described->result);
  Result<ExecutorDescription> description = read_description(described->text.text);
  if (!description) {
    return Error{Errc::PluginFault,
                 fmt::format("{}: {}", instance->name(), description.error().message)};
  }
  return std::unique_ptr<ExecutorAdapter>(
      new ExecutorAdapter(std::move(instance), std::move(*description)));
}

ExecutorAdapter::~ExecutorAdapter() {
  if (Result<void> stopped = stop(); !stopped) {
    instance_->services().log().error("{}", stopped.error().message);
  }
}

void ExecutorAdapter::run(std::shared_ptr<ResourceSink> sink) {
  STORM_ASSERT(scopes_.empty());
  {
    const std::unique_lock lock(gate_->mutex);
    gate_->sink = std::move(sink);
  }
  instance_->services().on_status([gate = gate_, services = &instance_->services()](
                                      const SourceStatus&) { gate->report(*services); });
  for (const std::string& name : description_.scopes) {
    scopes_.push_back(std::make_shared<Scope>(instance_, gate_, name));
  }
  for (const std::shared_ptr<Scope>& scope : scopes_) scope->start();
}

void ExecutorAdapter::relist() {
  for (const std::shared_ptr<Scope>& scope : scopes_) scope->relist();
}

void ExecutorAdapter::try_now() {
  for (const std::shared_ptr<Scope>& scope : scopes_) scope->try_now();
}

Result<void> ExecutorAdapter::stop() {
  if (instance_->state() != PluginState::Started) return {};
  instance_->services().on_status(nullptr);
  gate_->stopping = true;
  for (const std::shared_ptr<Scope>& scope : scopes_) scope->cancel();
  gate_->close();
  const auto deadline = std::chrono::steady_clock::now() +
                        std::chrono::nanoseconds(kWatchReturnTimeout + instance_->patience());
  std::string hung;
  for (const std::shared_ptr<Scope>& scope : scopes_) {
    if (!scope->join_until(deadline)) hung += fmt::format(" '{}'", scope->name());
  }
  if (hung.empty()) return instance_->stop();
  instance_->abandon();
  return Error{Errc::TimedOut,
               fmt::format("{}: watch of scope{} did not return within {} s after it was "
                           "cancelled; its thread is left behind until the process ends",
                           instance_->name(), hung, kWatchReturnTimeout / kNanosecondsPerSecond)};
}

}  // namespace storm
