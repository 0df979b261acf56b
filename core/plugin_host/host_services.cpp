#include "core/plugin_host/host_services.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <spdlog/logger.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/document/json.hpp"
#include "core/plugin_host/abi_text.hpp"
#include "core/plugin_host/plugin_call.hpp"
#include "core/plugin_host/secret_reference.hpp"
#include "core/plugin_host/thread_class.hpp"

namespace storm {
namespace {

constexpr std::size_t kMetricNameBytesMax = 128;
constexpr std::uint64_t kLogBytesMax = 16 * 1024;
constexpr std::size_t kThreadNameBytesMax = 15;  // what the system takes
constexpr std::size_t kStatusDetailBytesMax = 64 * 1024;

spdlog::level::level_enum level_of(std::int32_t level) {
  return static_cast<spdlog::level::level_enum>(
      std::clamp<std::int32_t>(level, STORM_LOG_TRACE, STORM_LOG_ERROR));
}
static_assert(static_cast<int>(spdlog::level::trace) == STORM_LOG_TRACE &&
              static_cast<int>(spdlog::level::err) == STORM_LOG_ERROR);

bool is_metric_name(std::string_view name) {
  return !name.empty() && name.size() <= kMetricNameBytesMax &&
         std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

bool past_deadline(const HostServices& host, const storm_call* call) {
  return host.clock().mono_now() >= call->deadline_mono_ns;
}

// Describes the failure of a service as that of the call which uses it.
storm_rc fail_call(const storm_call* call, storm_rc code, const std::string& message) {
  storm_fault fault{};
  fault.size = sizeof fault;
  fault.code = code;
  fault.message = to_abi(message);
  if (call->err) call->err->set(fault);
  return code;
}

// One of few at a time.
class Slot {
 public:
  Slot(std::atomic<std::uint32_t>& taken, std::uint32_t most)
      : taken_(taken), got_(taken.fetch_add(1) < most) {}
  ~Slot() { taken_.fetch_sub(1); }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  bool got() const { return got_; }

 private:
  std::atomic<std::uint32_t>& taken_;
  const bool got_;
};

}  // namespace

// The functions behind the service tables. Each finds its HostServices through storm_host.ctx.
struct HostServices::Tables {
  static HostServices& self(const storm_host* host) {
    return *static_cast<HostServices*>(host->ctx);
  }

  static const void* service(const storm_host* host, const char* id) noexcept {
    struct Row {
      const char* id;
      const void* table;
    };
    static constexpr Row kRows[] = {
        {STORM_HOST_LOG_V1, &kLog},         {STORM_HOST_CALLS_V1, &kCalls},
        {STORM_HOST_CLOCK_V1, &kClock},     {STORM_HOST_CONFIG_V1, &kConfig},
        {STORM_HOST_STATUS_V1, &kStatus},   {STORM_HOST_METRICS_V1, &kMetrics},
        {STORM_HOST_THREADS_V1, &kThreads}, {STORM_HOST_QUERY_V1, &kQuery},
    };
    if (self(host).ended_) {
      self(host).admit("service", false);
      return nullptr;
    }
    if (id && !self(host).options_.model && std::strcmp(id, STORM_HOST_QUERY_V1) == 0) {
      return nullptr;
    }
    if (!id || std::ranges::count(self(host).options_.needs, id) == 0) return nullptr;
    for (const Row& row : kRows) {
      if (std::strcmp(row.id, id) == 0) return row.table;
    }
    return nullptr;
  }
  static void fail(const storm_host* host, storm_error* error, const storm_fault* fault) noexcept {
    if (!self(host).admit("fail", false)) return;
    if (error && fault) error->set(*fault);
  }

  static std::int32_t threshold(const storm_host* host) noexcept {
    return self(host).admit("log.threshold", false) ? self(host).log_->level() : spdlog::level::off;
  }
  static void write(const storm_host* host, std::int32_t level, storm_str component,
                    storm_str message) noexcept {
    if (!self(host).admit("log.write", false)) return;
    message.n = std::min<std::uint64_t>(message.n, kLogBytesMax);
    const std::string line = one_line(text_of(message));
    if (component.n == 0) {
      self(host).log_->log(level_of(level), "{}", line);
    } else {
      self(host).log_->log(level_of(level), "{}: {}", one_line(text_of(component)), line);
    }
  }

  static storm_rc cancelled(const storm_host* host, const storm_call* call) noexcept {
    if (!self(host).admit("calls.cancelled", false)) return STORM_YES;
    return call->cancel->cancelled() || past_deadline(self(host), call) ? STORM_YES : STORM_OK;
  }
  static std::int32_t cancel_fd(const storm_host* host, const storm_call* call) noexcept {
    if (!self(host).admit("calls.cancel_fd", false)) return -1;
    return call->cancel->descriptor();
  }
  static storm_rc sleep(const storm_host* host, const storm_call* call, std::int64_t ns) noexcept {
    if (!self(host).admit("calls.sleep", true)) return STORM_E_DENIED;
    const std::int64_t left = call->deadline_mono_ns - self(host).clock().mono_now();
    if (left <= 0) return STORM_E_CANCELLED;
    const bool whole = call->cancel->sleep(std::clamp<std::int64_t>(ns, 0, left));
    return whole && ns <= left ? STORM_OK : STORM_E_CANCELLED;
  }
  static void progress(const storm_host* host, const storm_call*, std::uint32_t permille,
                       storm_str note) noexcept {
    if (!self(host).admit("calls.progress", false)) return;
    self(host).log_->debug("{} of 1000 done: {}", permille, one_line(text_of(note)));
  }

  static std::int64_t mono_ns(const storm_host* host) noexcept {
    return self(host).admit("clock.mono_ns", false) ? self(host).clock().mono_now() : 0;
  }
  static std::int64_t wall_ns(const storm_host* host) noexcept {
    return self(host).admit("clock.wall_ns", false) ? self(host).clock().wall_now() : 0;
  }

  static storm_rc get(const storm_host* host, const storm_call*, storm_str pointer,
                      const storm_out* out) noexcept {
    if (!self(host).admit("config.get", false)) return STORM_E_DENIED;
    const Value* const value = at_pointer(self(host).options_.config, text_of(pointer));
    if (!value) return STORM_E_NOT_FOUND;
    const std::string json = to_json(*value);
    return out->write(out, to_abi(json));
  }

  static storm_rc secret(const storm_host* host, const storm_call* call, storm_str reference,
                         const storm_out* out) noexcept {
    if (!self(host).admit("config.secret", true)) return STORM_E_DENIED;
    const Result<std::string> value = self(host).secret(text_of(reference));
    if (value) return out->write(out, to_abi(*value));
    const Errc code = value.error().code;
    return fail_call(call, code == Errc::Unsupported ? STORM_E_DENIED : rc_of(code),
                     value.error().message);
  }

  static storm_rc enter(const storm_host* host, storm_str name) noexcept {
    HostServices& services = self(host);
    if (services.ended_) return services.admit("threads.enter", false), STORM_E_DENIED;
    if (thread_class() == STORM_T_OWN) return STORM_E_EXISTS;
    if (thread_class() != STORM_T_NONE) return STORM_E_INVALID;
    if (services.announced_.fetch_add(1) >= kThreadsPerInstanceMax) {
      services.announced_.fetch_sub(1);
      return STORM_E_QUOTA;
    }
    set_thread_class(STORM_T_OWN);
    const std::string shown = one_line(text_of(name)).substr(0, kThreadNameBytesMax);
    if (!shown.empty()) ::pthread_setname_np(::pthread_self(), shown.c_str());
    return STORM_OK;
  }
  static void leave(const storm_host* host) noexcept {
    if (thread_class() != STORM_T_OWN) return;
    set_thread_class(STORM_T_NONE);
    self(host).announced_.fetch_sub(1);
  }
  static std::uint32_t current_class(const storm_host*) noexcept { return thread_class(); }

  static storm_rc find(const storm_host* host, const storm_call* call, const storm_query* query,
                       const storm_out* out) noexcept {
    HostServices& services = self(host);
    if (!services.admit("query.find", true)) return STORM_E_DENIED;
    if (!query || query->size < sizeof(storm_query)) {
      return fail_call(call, STORM_E_INVALID, "the query is smaller than storm_query");
    }
    if (query->limit > kModelItemsMax || query->filter_json.n > kModelFilterBytesMax) {
      return fail_call(call, STORM_E_INVALID, "a query takes 10,000 resources and 64 KiB at most");
    }
    const Slot slot(services.queries_, kQueriesPerInstanceMax);
    if (!slot.got()) {
      return fail_call(call, STORM_E_BUSY, "4 queries of this instance run already");
    }
    ModelQuery asked{std::string(text_of(query->group)), std::string(text_of(query->filter_json)),
                     std::string(text_of(query->after)), kModelItemsDefault};
    if (query->limit > 0) asked.limit = query->limit;
    const MonoTime end = services.clock().mono_now() + kQueryTimeMax;
    storm_rc written = STORM_OK;
    const Result<void> found = services.options_.model->find(
        asked,
        [&] {
          return call->cancel->cancelled() || past_deadline(services, call) ||
                 services.clock().mono_now() >= end;
        },
        [&](std::string_view piece) {
          written = out->write(out, to_abi(piece));
          return written >= 0;
        });
    if (written < 0) return written;
    if (found) return STORM_OK;
    if (call->cancel->cancelled()) return STORM_E_CANCELLED;
    return fail_call(call, rc_of(found.error().code), found.error().message);
  }

  static void report(const storm_host* host, std::int32_t source, storm_str summary,
                     storm_str detail) noexcept {
    if (!self(host).admit("status.report", false)) return;
    SourceStatus status;
    status.source = source;
    status.summary = one_line(text_of(summary));
    if (detail.n <= kStatusDetailBytesMax) status.detail_json = text_of(detail);
    self(host).set_status(std::move(status));
  }

  static void record(const storm_host* host, std::uint32_t kind, storm_str name,
                     double value) noexcept {
    if (!self(host).admit("metrics.record", false)) return;
    self(host).record(kind == STORM_METRIC_COUNTER, text_of(name), value);
  }

  static constexpr storm_log_v1 kLog = {sizeof(storm_log_v1), 0, &threshold, &write};
  // No save_token: nothing here would give it back.
  static constexpr storm_calls_v1 kCalls = {
      sizeof(storm_calls_v1), 0, &cancelled, &cancel_fd, &sleep, &progress, nullptr};
  static constexpr storm_clock_v1 kClock = {sizeof(storm_clock_v1), 0, &mono_ns, &wall_ns};
  static constexpr storm_config_v1 kConfig = {sizeof(storm_config_v1), 0, &get, &secret};
  static constexpr storm_status_v1 kStatus = {sizeof(storm_status_v1), 0, &report};
  static constexpr storm_metrics_v1 kMetrics = {sizeof(storm_metrics_v1), 0, &record};
  static constexpr storm_threads_v1 kThreads = {sizeof(storm_threads_v1), 0, &enter, &leave,
                                                &current_class};
  static constexpr storm_query_v1 kQuery = {sizeof(storm_query_v1), 0, &find};
};

std::string_view name_of_source(std::int32_t source) {
  switch (source) {
    case STORM_SOURCE_LIVE:
      return "live";
    case STORM_SOURCE_DEGRADED:
      return "degraded";
    case STORM_SOURCE_LOST:
      return "lost";
    default:
      return "connecting";
  }
}

HostServices::HostServices(Options options)
    : options_(std::move(options)),
      config_json_(to_json(options_.config.is_null() ? Value::object() : options_.config)),
      log_(options_.log->clone(options_.instance)) {
  raw_.size = sizeof raw_;
  raw_.abi_major = STORM_ABI_MAJOR;
  raw_.abi_minor = STORM_ABI_MINOR;
  raw_.ctx = this;
  raw_.name = to_abi("stormd");
  raw_.version = to_abi(options_.host_version);
  raw_.instance = to_abi(options_.instance);
  raw_.data_model = to_abi("storm.resource 1.0");
  raw_.service = &Tables::service;
  raw_.fail = &Tables::fail;
}

void HostServices::record(bool counter, std::string_view name, double value) {
  if (!is_metric_name(name)) return;
  const std::lock_guard lock(mutex_);
  auto metric = metrics_.find(name);
  if (metric == metrics_.end()) {
    if (metrics_.size() >= kMetricsPerInstanceMax) return;
    InstanceMetric first{std::string(name), counter, 0};
    metric = metrics_.emplace(first.name, first).first;
  }
  metric->second.value = metric->second.counter ? metric->second.value + value : value;
}

Result<std::string> HostServices::secret(std::string_view reference) const {
  if (!mentions_text(options_.config, reference)) {
    return Error{Errc::Unsupported,
                 "only secrets that the configuration of the instance refers to are given out"};
  }
  return options_.secrets ? options_.secrets(reference) : read_secret(reference);
}

bool HostServices::admit(std::string_view service, bool waits) {
  if (ended_) {
    report_violation(kAfterDestroy, fmt::format("used {} after it was destroyed", service));
    return false;
  }
  const std::uint32_t now = thread_class();
  if (now == STORM_T_NONE && options_.threads_announce_themselves) {
    report_violation(kUnannounced,
                     fmt::format("used {} on a thread that it did not announce", service));
  }
  if (now != STORM_T_PURE || !waits) return true;
  report_violation(kWaitInPure,
                   fmt::format("used {}, which may wait, in a function that must not", service));
  return false;
}

void HostServices::report_violation(Violation violation, std::string_view what) {
  record(true, kViolationsMetric, 1);
  if ((reported_.fetch_or(violation) & violation) == 0) {
    log_->error("the plugin breaks a rule of its interface: it {}", what);
  }
}

void HostServices::end() {
  std::function<void(const SourceStatus&)> listener;  // ends outside the lock
  const std::lock_guard lock(mutex_);
  listener.swap(listener_);
  ended_ = true;
}

void HostServices::check_threads_left() {
  const std::uint32_t left = announced_;
  if (left == 0) return;
  report_violation(kLeftThreads, fmt::format("left {} of its threads running in quiesce", left));
}

SourceStatus HostServices::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void HostServices::set_status(SourceStatus status) {
  if (options_.tell_status) return options_.tell_status(status);
  std::function<void(const SourceStatus&)> listener;
  {
    const std::lock_guard lock(mutex_);
    if (status == status_) return;
    status_ = status;
    listener = listener_;
  }
  const auto level =
      status.source >= STORM_SOURCE_DEGRADED ? spdlog::level::warn : spdlog::level::info;
  log_->log(level, "{}: {}", name_of_source(status.source), status.summary);
  if (listener) listener(status);
}

void HostServices::on_status(std::function<void(const SourceStatus&)> listener) {
  const std::lock_guard lock(mutex_);
  listener_ = std::move(listener);
}

std::vector<InstanceMetric> HostServices::metrics() const {
  const std::lock_guard lock(mutex_);
  std::vector<InstanceMetric> all;
  for (const auto& [name, metric] : metrics_) all.push_back(metric);
  return all;
}

}  // namespace storm
