// Host and Call: the services of storm/host.h in C++. Both are small views to copy freely; a Host
// lives until `destroy` of its instance, a Call until the call returns. A service that the host
// does not grant is a no-op here, so ask for it under NEEDS. [any]
//
//   host.info("connected to " + address);
//   while (!call.cancelled()) { poll(); if (!call.sleep(std::chrono::seconds(1))) break; }
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "storm/cpp/fault.hpp"
#include "storm/cpp/text.hpp"
#include "storm/host.h"

namespace storm::sdk {

// A storm_out that collects into a string. Neither copied nor moved: the table points at it.
class StringOut {
 public:
  StringOut() : out_{sizeof(storm_out), 0, this, &StringOut::write} {}
  StringOut(const StringOut&) = delete;
  StringOut& operator=(const StringOut&) = delete;
  const storm_out* raw() const { return &out_; }
  std::string take() { return std::move(text_); }

 private:
  static storm_rc write(const storm_out* out, storm_str chunk) noexcept {
    try {
      static_cast<StringOut*>(out->ctx)->text_.append(view(chunk));
      return STORM_OK;
    } catch (...) {
      return STORM_E_QUOTA;
    }
  }
  storm_out out_;
  std::string text_;
};

class Host {
 public:
  explicit Host(const storm_host* host)
      : host_(host),
        log_(service<storm_log_v1>("storm.host.log/1")),
        calls_(service<storm_calls_v1>("storm.host.calls/1")),
        clock_(service<storm_clock_v1>("storm.host.clock/1")),
        config_(service<storm_config_v1>("storm.host.config/1")),
        status_(service<storm_status_v1>("storm.host.status/1")),
        metrics_(service<storm_metrics_v1>("storm.host.metrics/1")) {}

  std::string_view instance() const { return view(host_->instance); }
  const storm_host* raw() const { return host_; }

  // Whether a message of this level (STORM_LOG_*) would be kept: ask before building a costly one.
  bool logs(std::int32_t level) const {
    return STORM_HAS(storm_log_v1, log_, threshold) && level >= log_->threshold(host_);
  }
  void log(std::int32_t level, std::string_view message, std::string_view component = {}) const {
    if (logs(level) && STORM_HAS(storm_log_v1, log_, write)) {
      log_->write(host_, level, str(component), str(message));
    }
  }
  void debug(std::string_view message) const { log(STORM_LOG_DEBUG, message); }
  void info(std::string_view message) const { log(STORM_LOG_INFO, message); }
  void warn(std::string_view message) const { log(STORM_LOG_WARN, message); }
  void error(std::string_view message) const { log(STORM_LOG_ERROR, message); }

  std::int64_t mono_ns() const {
    return STORM_HAS(storm_clock_v1, clock_, mono_ns) ? clock_->mono_ns(host_) : 0;
  }
  std::int64_t wall_ns() const {
    return STORM_HAS(storm_clock_v1, clock_, wall_ns) ? clock_->wall_ns(host_) : 0;
  }

  // How this instance's source is doing (STORM_SOURCE_*), in one line for the operator.
  void report(std::int32_t source, std::string_view summary,
              std::string_view detail_json = {}) const {
    if (STORM_HAS(storm_status_v1, status_, report)) {
      status_->report(host_, source, str(summary), str(detail_json));
    }
  }

  void count(std::string_view name, double by = 1) const { record(STORM_METRIC_COUNTER, name, by); }
  void gauge(std::string_view name, double value) const { record(STORM_METRIC_GAUGE, name, value); }

 private:
  friend class Call;

  template <typename Table>
  const Table* service(const char* id) const {
    return static_cast<const Table*>(host_->service(host_, id));
  }
  void record(std::uint32_t kind, std::string_view name, double value) const {
    if (STORM_HAS(storm_metrics_v1, metrics_, record)) {
      metrics_->record(host_, kind, str(name), value);
    }
  }

  const storm_host* host_;
  const storm_log_v1* log_;
  const storm_calls_v1* calls_;
  const storm_clock_v1* clock_;
  const storm_config_v1* config_;
  const storm_status_v1* status_;
  const storm_metrics_v1* metrics_;
};

class Call {
 public:
  Call(const Host& host, const storm_call* call) : host_(&host), call_(call) {}

  const storm_call* raw() const { return call_; }
  std::int64_t deadline_mono_ns() const { return call_->deadline_mono_ns; }

  // True once the call is cancelled or past its deadline: return soon. Also true when the host does
  // not grant the service: a loop that nobody can end is not begun.
  bool cancelled() const {
    return !STORM_HAS(storm_calls_v1, host_->calls_, cancelled) ||
           host_->calls_->cancelled(host_->host_, call_) == STORM_YES;
  }
  // Becomes readable on cancellation; for poll(2) only. -1: there is none.
  int cancel_fd() const {
    return STORM_HAS(storm_calls_v1, host_->calls_, cancel_fd)
               ? host_->calls_->cancel_fd(host_->host_, call_)
               : -1;
  }
  // False when the call was cancelled before the time was over.
  bool sleep(std::chrono::nanoseconds time) const {
    if (!STORM_HAS(storm_calls_v1, host_->calls_, sleep)) {
      throw Fault(STORM_E_UNSUPPORTED, "the manifest does not ask for storm.host.calls/1");
    }
    return host_->calls_->sleep(host_->host_, call_, time.count()) == STORM_OK;
  }
  void progress(std::uint32_t permille, std::string_view note) const {
    if (STORM_HAS(storm_calls_v1, host_->calls_, progress)) {
      host_->calls_->progress(host_->host_, call_, permille, str(note));
    }
  }
  // The JSON value at a JSON pointer of this instance's configuration, if there is one.
  std::optional<std::string> config(std::string_view json_pointer) const {
    if (!STORM_HAS(storm_config_v1, host_->config_, get)) return std::nullopt;
    StringOut out;
    if (host_->config_->get(host_->host_, call_, str(json_pointer), out.raw()) < 0) {
      return std::nullopt;
    }
    return out.take();
  }
  void fail(const Fault& fault) const {
    if (fault.message().empty()) return;
    const storm_fault raw = fault.raw();
    host_->host_->fail(host_->host_, call_->err, &raw);
  }

 private:
  const Host* host_;
  const storm_call* call_;
};

}  // namespace storm::sdk
