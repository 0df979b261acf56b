#include "core/plugin_host/host_services.hpp"

#include <spdlog/logger.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/document/json.hpp"
#include "core/plugin_host/abi_text.hpp"
#include "core/plugin_host/plugin_call.hpp"

namespace storm {
namespace {

constexpr std::size_t kMetricNameBytesMax = 128;
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
        {"storm.host.log/1", &kLog},       {"storm.host.calls/1", &kCalls},
        {"storm.host.clock/1", &kClock},   {"storm.host.config/1", &kConfig},
        {"storm.host.status/1", &kStatus}, {"storm.host.metrics/1", &kMetrics},
    };
    if (!id || std::ranges::count(self(host).options_.needs, id) == 0) return nullptr;
    for (const Row& row : kRows) {
      if (std::strcmp(row.id, id) == 0) return row.table;
    }
    return nullptr;
  }
  static void fail(const storm_host*, storm_error* error, const storm_fault* fault) noexcept {
    if (error && fault) error->set(*fault);
  }

  static std::int32_t threshold(const storm_host* host) noexcept {
    return self(host).log_->level();
  }
  static void write(const storm_host* host, std::int32_t level, storm_str component,
                    storm_str message) noexcept {
    const std::string line = one_line(text_of(message));
    if (component.n == 0) {
      self(host).log_->log(level_of(level), "{}", line);
    } else {
      self(host).log_->log(level_of(level), "{}: {}", one_line(text_of(component)), line);
    }
  }

  static storm_rc cancelled(const storm_host* host, const storm_call* call) noexcept {
    return call->cancel->cancelled() || past_deadline(self(host), call) ? STORM_YES : STORM_OK;
  }
  static std::int32_t cancel_fd(const storm_host*, const storm_call* call) noexcept {
    return call->cancel->descriptor();
  }
  static storm_rc sleep(const storm_host* host, const storm_call* call, std::int64_t ns) noexcept {
    const std::int64_t left = call->deadline_mono_ns - self(host).clock().mono_now();
    if (left <= 0) return STORM_E_CANCELLED;
    const bool whole = call->cancel->sleep(std::clamp<std::int64_t>(ns, 0, left));
    return whole && ns <= left ? STORM_OK : STORM_E_CANCELLED;
  }
  static void progress(const storm_host* host, const storm_call*, std::uint32_t permille,
                       storm_str note) noexcept {
    self(host).log_->debug("{} of 1000 done: {}", permille, one_line(text_of(note)));
  }

  static std::int64_t mono_ns(const storm_host* host) noexcept {
    return self(host).clock().mono_now();
  }
  static std::int64_t wall_ns(const storm_host* host) noexcept {
    return self(host).clock().wall_now();
  }

  static storm_rc get(const storm_host* host, const storm_call*, storm_str pointer,
                      const storm_out* out) noexcept {
    const Value* const value = at_pointer(self(host).options_.config, text_of(pointer));
    if (!value) return STORM_E_NOT_FOUND;
    const std::string json = to_json(*value);
    return out->write(out, to_abi(json));
  }

  static void report(const storm_host* host, std::int32_t source, storm_str summary,
                     storm_str detail) noexcept {
    SourceStatus status;
    status.source = source;
    status.summary = one_line(text_of(summary));
    if (detail.n <= kStatusDetailBytesMax) status.detail_json = text_of(detail);
    self(host).set_status(std::move(status));
  }

  static void record(const storm_host* host, std::uint32_t kind, storm_str name,
                     double value) noexcept {
    self(host).record(kind == STORM_METRIC_COUNTER, text_of(name), value);
  }

  static constexpr storm_log_v1 kLog = {sizeof(storm_log_v1), 0, &threshold, &write};
  // No save_token: nothing here would give it back.
  static constexpr storm_calls_v1 kCalls = {
      sizeof(storm_calls_v1), 0, &cancelled, &cancel_fd, &sleep, &progress, nullptr};
  static constexpr storm_clock_v1 kClock = {sizeof(storm_clock_v1), 0, &mono_ns, &wall_ns};
  static constexpr storm_config_v1 kConfig = {sizeof(storm_config_v1), 0, &get, nullptr};
  static constexpr storm_status_v1 kStatus = {sizeof(storm_status_v1), 0, &report};
  static constexpr storm_metrics_v1 kMetrics = {sizeof(storm_metrics_v1), 0, &record};
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
