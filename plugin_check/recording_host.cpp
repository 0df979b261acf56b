#include "plugin_check/recording_host.hpp"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <thread>

#include "core/base/clock.hpp"
#include "core/document/json.hpp"
#include "core/plugin_host/abi_text.hpp"
#include "core/plugin_host/plugin_call.hpp"
#include "plugin_check/guarded.hpp"

namespace storm::plugin_check {
namespace {

constexpr std::size_t kTailBytes = 64;
constexpr unsigned char kPoison = 0xA5;
constexpr std::size_t kSecretBytesMax = 64 * 1024;
constexpr std::size_t kMetricsMax = 64;
constexpr std::string_view kLookup = "service";

thread_local std::uint32_t t_class = STORM_T_NONE;

std::int64_t mono_now() { return SystemClock().mono_now(); }

// A struct of a later minor.
template <typename T>
struct Longer {
  T table;
  unsigned char tail[kTailBytes];
};

bool names_text(const Value& value, std::string_view text) {
  if (value.is_string()) return value.as_string() == text;
  if (value.is_array()) {
    return std::ranges::any_of(value.as_array(),
                               [&](const Value& item) { return names_text(item, text); });
  }
  if (!value.is_object()) return false;
  return std::ranges::any_of(value.as_object(), [&](const Value::Member& member) {
    return names_text(member.second, text);
  });
}

}  // namespace

struct RecordingHost::Tables {
  static RecordingHost& of(const storm_host* host) {
    return *static_cast<RecordingHost*>(host->ctx);
  }

  static int32_t log_threshold(const storm_host* host) noexcept {
    return of(host).enter("log threshold", Waits::No) ? STORM_LOG_TRACE : STORM_LOG_ERROR + 1;
  }
  static void log_write(const storm_host* host, int32_t level, storm_str component,
                        storm_str message) noexcept {
    RecordingHost& self = of(host);
    if (!self.enter("log write", Waits::No)) return;
    if (level < STORM_LOG_TRACE || level > STORM_LOG_ERROR) {
      self.breach(Severity::Warning, fmt::format("a log line has the level {}", level));
    }
    if (message.n > 16 * 1024) self.breach(Severity::Warning, "a log line is over 16 KiB long");
    touch(component);
    touch(message);
  }
  static storm_rc cancelled(const storm_host* host, const storm_call* call) noexcept {
    if (!of(host).enter("calls cancelled", Waits::No)) return STORM_E_DENIED;
    return call->cancel->cancelled() || call->deadline_mono_ns <= mono_now() ? STORM_YES : STORM_OK;
  }
  static int32_t cancel_fd(const storm_host* host, const storm_call* call) noexcept {
    return of(host).enter("calls cancel_fd", Waits::No) ? call->cancel->descriptor() : -1;
  }
  static storm_rc sleep(const storm_host* host, const storm_call* call, int64_t ns) noexcept {
    if (!of(host).enter("calls sleep", Waits::Yes)) return STORM_E_DENIED;
    const std::int64_t left = call->deadline_mono_ns - mono_now();
    if (!call->cancel->sleep(std::max<std::int64_t>(0, std::min(ns, left)))) {
      return STORM_E_CANCELLED;
    }
    return left <= ns ? STORM_E_CANCELLED : STORM_OK;
  }
  static void progress(const storm_host* host, const storm_call*, uint32_t permille,
                       storm_str note) noexcept {
    RecordingHost& self = of(host);
    if (!self.enter("calls progress", Waits::No)) return;
    if (permille > 1000) self.breach(Severity::Warning, "a progress is over 1000 permille");
    touch(note);
  }
  static int64_t mono_ns(const storm_host* host) noexcept {
    return of(host).enter("clock mono_ns", Waits::No) ? mono_now() : 0;
  }
  static int64_t wall_ns(const storm_host* host) noexcept {
    return of(host).enter("clock wall_ns", Waits::No) ? SystemClock().wall_now() : 0;
  }
  static storm_rc config_get(const storm_host* host, const storm_call*, storm_str pointer,
                             const storm_out* out) noexcept {
    RecordingHost& self = of(host);
    if (!self.enter("config get", Waits::No)) return STORM_E_DENIED;
    const Value* const value = at_pointer(self.config_, text_of(pointer));
    if (!value) return STORM_E_NOT_FOUND;
    return out->write(out, to_abi(to_json(*value)));
  }
  static storm_rc config_secret(const storm_host* host, const storm_call*, storm_str reference,
                                const storm_out* out) noexcept {
    RecordingHost& self = of(host);
    if (!self.enter("config secret", Waits::Yes)) return STORM_E_DENIED;
    const std::string text(text_of(reference));
    if (!names_text(self.config_, text)) return STORM_E_DENIED;
    std::string secret;
    if (text.starts_with("env:")) {
      const char* const value = std::getenv(text.c_str() + 4);
      if (!value) return STORM_E_NOT_FOUND;
      secret = value;
    } else if (text.starts_with("file:/")) {
      std::ifstream stream(text.substr(5), std::ios::binary);
      if (!stream) return STORM_E_NOT_FOUND;
      secret.assign(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
      if (secret.ends_with('\n')) secret.pop_back();
    } else {
      return STORM_E_INVALID;
    }
    return secret.size() > kSecretBytesMax ? STORM_E_QUOTA : out->write(out, to_abi(secret));
  }
  static void status_report(const storm_host* host, int32_t source, storm_str summary,
                            storm_str detail) noexcept {
    RecordingHost& self = of(host);
    if (!self.enter("status report", Waits::No)) return;
    if (source < STORM_SOURCE_CONNECTING || source > STORM_SOURCE_LOST) {
      self.breach(Severity::Warning, fmt::format("a reported source is in state {}", source));
    }
    {
      const std::lock_guard lock(self.mutex_);
      self.lost_ = source == STORM_SOURCE_LOST ? "lost: " + std::string(text_of(summary)) : "";
    }
    if (text_of(summary).find('\n') != std::string_view::npos) {
      self.breach(Severity::Warning, "the summary of a reported source has more than one line");
    }
    if (detail.n > 64 * 1024) {
      self.breach(Severity::Warning, "the detail of a reported source is over 64 KiB");
    } else if (detail.n > 0) {
      const auto value = parse_json(text_of(detail));
      if (!value || !value->is_object()) {
        self.breach(Severity::Warning, "the detail of a reported source is no JSON object");
      }
    }
  }
  static void metrics_record(const storm_host* host, uint32_t kind, storm_str name,
                             double) noexcept {
    RecordingHost& self = of(host);
    if (!self.enter("metrics record", Waits::No)) return;
    const std::string text(text_of(name));
    if (text.empty() || text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") != text.npos) {
      self.breach(Severity::Warning, "the metric \"" + text + "\" is not named by [a-z_]+");
    }
    if (kind > STORM_METRIC_GAUGE)
      self.breach(Severity::Warning, text + " is of no kind of metric");
    std::size_t count = 0;
    {
      const std::lock_guard lock(self.mutex_);
      self.metrics_.insert(text);
      count = self.metrics_.size();
    }
    if (count > kMetricsMax) self.breach(Severity::Warning, "it has more than 64 metrics");
  }
  static storm_rc threads_enter(const storm_host* host, storm_str name) noexcept {
    RecordingHost& self = of(host);
    ++self.calls_;
    if (self.ended_) {
      self.breach(Severity::Error, "a thread of it announced itself after destroy had returned");
      return STORM_E_DENIED;
    }
    if (t_class == STORM_T_OWN) return STORM_E_EXISTS;
    if (t_class != STORM_T_NONE) return STORM_E_INVALID;
    const std::string text(text_of(name).substr(0, 15));
    ::pthread_setname_np(::pthread_self(), text.c_str());
    t_class = STORM_T_OWN;
    return STORM_OK;
  }
  static void threads_leave(const storm_host* host) noexcept {
    RecordingHost& self = of(host);
    if (self.ended_) {
      self.breach(Severity::Error, "a thread of it was there after destroy had returned");
    }
    if (t_class == STORM_T_OWN) t_class = STORM_T_NONE;
  }
  static uint32_t current_class(const storm_host*) noexcept { return t_class; }
  static storm_rc query_find(const storm_host* host, const storm_call*, const storm_query* query,
                             const storm_out* out) noexcept {
    RecordingHost& self = of(host);
    if (!self.enter("query find", Waits::Yes)) return STORM_E_DENIED;
    if (query->limit > STORM_QUERY_LIMIT_MAX) return STORM_E_INVALID;
    if (query->filter_json.n > 0 && !parse_json(text_of(query->filter_json))) {
      self.breach(Severity::Warning, "the filter of a query is no JSON");
      return STORM_E_INVALID;
    }
    return out->write(out, to_abi(R"({"revision": 1, "items": []})"));
  }

  static const void* service(const storm_host* host, const char* id) noexcept;
  static void fail(const storm_host* host, storm_error* error, const storm_fault* fault) noexcept {
    RecordingHost& self = of(host);
    if (!self.enter("fail", Waits::No) || !error || !fault) return;
    if (error->get()) self.breach(Severity::Warning, "one call describes its failure twice");
    if (fault->size < sizeof(storm_fault) || fault->size > 4096) {
      self.breach(Severity::Error, fmt::format("a fault has size {}", fault->size));
      return;
    }
    if (fault->code >= 0) {
      self.breach(Severity::Warning, fmt::format("a fault has the code {}", fault->code));
    }
    if (fault->message.n == 0) self.breach(Severity::Warning, "a fault has no message");
    if (text_of(fault->message).find('\n') != std::string_view::npos) {
      self.breach(Severity::Warning, "the message of a fault has more than one line: " +
                                         std::string(text_of(fault->message)));
    }
    error->set(*fault);
  }

 private:
  // Reads all of it: a length that lies dies here.
  static void touch(storm_str text) {
    unsigned sum = 0;
    for (std::uint64_t i = 0; i < text.n; ++i) sum += static_cast<unsigned char>(text.p[i]);
    static std::atomic<unsigned> seen;
    seen.store(sum, std::memory_order_relaxed);
  }
};

namespace {

// Both forms of a table.
template <typename T>
const void* form(bool longer, T table) {
  static const T exact = table;
  static const Longer<T> late = [&] {
    Longer<T> out;
    out.table = table;
    out.table.size = sizeof out;
    std::memset(out.tail, kPoison, sizeof out.tail);
    return out;
  }();
  return longer ? static_cast<const void*>(&late) : &exact;
}

}  // namespace

const void* RecordingHost::Tables::service(const storm_host* host, const char* id) noexcept {
  RecordingHost& self = of(host);
  if (!self.enter(kLookup, Waits::No) || !id) return nullptr;
  if (std::ranges::find(self.options_.needs, id) == self.options_.needs.end()) return nullptr;
  const std::string_view name = id;
  const bool longer = self.options_.form == HostForm::Newer;
  if (name == STORM_HOST_LOG_V1) {
    return form<storm_log_v1>(longer, {sizeof(storm_log_v1), 0, &log_threshold, &log_write});
  }
  if (name == STORM_HOST_CALLS_V1) {
    return form<storm_calls_v1>(
        longer, {sizeof(storm_calls_v1), 0, &cancelled, &cancel_fd, &sleep, &progress, nullptr});
  }
  if (name == STORM_HOST_CLOCK_V1) {
    return form<storm_clock_v1>(longer, {sizeof(storm_clock_v1), 0, &mono_ns, &wall_ns});
  }
  if (name == STORM_HOST_CONFIG_V1) {
    return form<storm_config_v1>(longer, {sizeof(storm_config_v1), 0, &config_get, &config_secret});
  }
  if (name == STORM_HOST_STATUS_V1) {
    return form<storm_status_v1>(longer, {sizeof(storm_status_v1), 0, &status_report});
  }
  if (name == STORM_HOST_METRICS_V1) {
    return form<storm_metrics_v1>(longer, {sizeof(storm_metrics_v1), 0, &metrics_record});
  }
  if (name == STORM_HOST_THREADS_V1) {
    return form<storm_threads_v1>(
        longer, {sizeof(storm_threads_v1), 0, &threads_enter, &threads_leave, &current_class});
  }
  if (name == STORM_HOST_QUERY_V1) {
    return form<storm_query_v1>(longer, {sizeof(storm_query_v1), 0, &query_find});
  }
  return nullptr;
}

RecordingHost& RecordingHost::create(Options options) {
  return *new RecordingHost(std::move(options));
}

RecordingHost::RecordingHost(Options options)
    : options_(std::move(options)), config_([&] {
        Result<Value> value = parse_json(options_.config);
        return value ? std::move(*value) : Value();
      }()) {
  Longer<storm_host> all{};
  std::memset(all.tail, kPoison, sizeof all.tail);
  storm_host& host = all.table;
  host.size = sizeof host;
  host.abi_major = STORM_ABI_MAJOR;
  host.abi_minor = STORM_ABI_MINOR;
  host.ctx = this;
  host.name = to_abi("storm-plugin-check");
  host.version = to_abi("0.0.0");
  host.instance = to_abi("checked");
  host.data_model = to_abi("storm.resource 1.0");
  host.service = &Tables::service;
  host.fail = &Tables::fail;
  if (options_.form == HostForm::Newer) {
    host.size = sizeof all;
    host.abi_minor = STORM_ABI_MINOR + 1;
  }
  raw_ = (new Guarded(&all, host.size))->as<storm_host>();
}

bool RecordingHost::enter(std::string_view service, Waits waits) {
  ++calls_;
  if (ended_) {
    breach(Severity::Error, fmt::format("it called {} after destroy had returned", service));
    return false;
  }
  // A thread has to find the service by which it announces itself.
  if (t_class == STORM_T_NONE && service != kLookup) {
    breach(Severity::Warning,
           fmt::format("{} is called on a thread that has not announced itself ({})", service,
                       STORM_HOST_THREADS_V1));
  }
  if (waits == Waits::Yes && t_class == STORM_T_PURE) {
    breach(Severity::Error,
           fmt::format("{} may wait, and is called inside a [pure] function", service));
    return false;
  }
  return true;
}

void RecordingHost::breach(Severity severity, std::string text) {
  const std::lock_guard lock(mutex_);
  breaches_.emplace(severity, std::move(text));
}

std::vector<Finding> RecordingHost::breaches() const {
  const std::lock_guard lock(mutex_);
  std::vector<Finding> out;
  for (const auto& [severity, text] : breaches_) out.push_back({severity, text});
  return out;
}

std::string RecordingHost::lost() const {
  const std::lock_guard lock(mutex_);
  return lost_;
}

RecordingHost::ThreadClass::ThreadClass(std::uint32_t thread_class) : before_(t_class) {
  t_class = thread_class;
}

RecordingHost::ThreadClass::~ThreadClass() { t_class = before_; }

}  // namespace storm::plugin_check
