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
#include <thread>
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
        log_(service<storm_log_v1>(STORM_HOST_LOG_V1)),
        calls_(service<storm_calls_v1>(STORM_HOST_CALLS_V1)),
        clock_(service<storm_clock_v1>(STORM_HOST_CLOCK_V1)),
        config_(service<storm_config_v1>(STORM_HOST_CONFIG_V1)),
        status_(service<storm_status_v1>(STORM_HOST_STATUS_V1)),
        metrics_(service<storm_metrics_v1>(STORM_HOST_METRICS_V1)),
        threads_(service<storm_threads_v1>(STORM_HOST_THREADS_V1)),
        query_(service<storm_query_v1>(STORM_HOST_QUERY_V1)) {}

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

  // A thread of the plugin, announced to the host while `body` runs in it. Join it before `quiesce`
  // returns. The host view is copied: it lives as long as the instance.
  template <typename Body>
  std::thread thread(std::string_view name, Body body) const {
    return std::thread([host = *this, name = std::string(name), body = std::move(body)]() mutable {
      const Announced announced(host, name);
      body();
    });
  }
  // STORM_T_* of the calling thread.
  std::uint32_t current_class() const {
    if (!STORM_HAS(storm_threads_v1, threads_, current_class)) return STORM_T_NONE;
    return threads_->current_class(host_);
  }

 private:
  friend class Call;

  class Announced {
   public:
    Announced(const Host& host, std::string_view name) : host_(host) {
      entered_ = STORM_HAS(storm_threads_v1, host_.threads_, enter) &&
                 host_.threads_->enter(host_.host_, str(name)) >= 0;
    }
    ~Announced() {
      if (entered_ && STORM_HAS(storm_threads_v1, host_.threads_, leave)) {
        host_.threads_->leave(host_.host_);
      }
    }
    Announced(const Announced&) = delete;
    Announced& operator=(const Announced&) = delete;

   private:
    const Host& host_;
    bool entered_ = false;
  };

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
  const storm_threads_v1* threads_;
  const storm_query_v1* query_;
};

// What of the model to read; see storm_query.
struct Search {
  std::string_view group = {};
  std::string_view filter_json = {};
  std::uint32_t limit = 0;
  std::string_view after = {};
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
      throw Fault(STORM_E_UNSUPPORTED, "the manifest does not ask for " STORM_HOST_CALLS_V1);
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
  // The secret that a reference of this instance's configuration stands for ("env:NAME",
  // "file:/path"). A Fault when it cannot be had. Never log it.
  std::string secret(std::string_view reference) const {
    if (!STORM_HAS(storm_config_v1, host_->config_, secret)) {
      throw Fault(STORM_E_UNSUPPORTED, "the host gives no secrets");
    }
    StringOut out;
    const storm_rc rc = host_->config_->secret(host_->host_, call_, str(reference), out.raw());
    if (rc < 0) throw Fault(rc, "the secret " + std::string(reference) + " cannot be had");
    return out.take();
  }
  // {"revision": ..., "items": [...], "next": "..."} of the model; a Fault when there is none.
  std::string find(const Search& search) const {
    if (!STORM_HAS(storm_query_v1, host_->query_, find)) {
      throw Fault(STORM_E_UNSUPPORTED, "the host does not read the model");
    }
    storm_query query{};
    query.size = sizeof query;
    query.limit = search.limit;
    query.group = str(search.group);
    query.filter_json = str(search.filter_json);
    query.after = str(search.after);
    StringOut out;
    const storm_rc rc = host_->query_->find(host_->host_, call_, &query, out.raw());
    // The host has said of this call what is wrong.
    if (rc < 0) throw Fault(rc, {});
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
