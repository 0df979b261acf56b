// One call into a plugin as the host sees it: its deadline, its cancellation, and what the plugin
// said about its failure. Lives on the caller's stack (or longer) until the call has returned; any
// thread may cancel it.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "core/base/result.hpp"
#include "core/plugin_host/thread_class.hpp"
#include "storm/base.h"

namespace storm {

// A storm_fault, owned.
struct PluginFault {
  storm_rc code = STORM_E_INTERNAL;
  std::uint32_t retry = STORM_RETRY_NEVER;
  std::uint32_t layer = STORM_LAYER_UNKNOWN;
  std::uint64_t retry_after_ms = 0;
  std::string message;
  std::string provider_code;
  std::string detail_json;
};

// The one table from codes of the ABI to ours, and back.
Errc errc_of(storm_rc code);
storm_rc rc_of(Errc code);
// "STORM_E_BUSY"; the number for a code that is not known.
std::string name_of_code(storm_rc code);

}  // namespace storm

// Defined here for the ABI's opaque handles. [any-thread]
struct storm_cancel {
 public:
  storm_cancel() = default;
  ~storm_cancel();
  storm_cancel(const storm_cancel&) = delete;
  storm_cancel& operator=(const storm_cancel&) = delete;

  void cancel();
  bool cancelled() const { return cancelled_.load(std::memory_order_acquire); }
  // A descriptor that is readable once cancelled; -1 when the system has none left.
  int descriptor();
  // Called once when it is cancelled, on the thread that does so; at once when it already is. Null:
  // nobody from now on, though one who cancels just now may still be calling.
  void on_cancel(std::function<void()> listener);
  // False when cancelled before the time was over.
  bool sleep(std::int64_t nanoseconds);

 private:
  std::atomic<bool> cancelled_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  int descriptor_ = -1;             // Guarded by mutex_; made when first asked for.
  std::function<void()> listener_;  // Guarded by mutex_.
};

struct storm_error {
 public:
  void set(const storm_fault& fault);
  std::optional<storm::PluginFault> get() const;

 private:
  mutable std::mutex mutex_;
  std::optional<storm::PluginFault> fault_;  // Guarded by mutex_.
};

namespace storm {

class PluginCall {
 public:
  // `timeout_ns` 0: no deadline.
  PluginCall(const Clock& clock, std::uint32_t thread_class, std::int64_t timeout_ns = 0);
  PluginCall(const PluginCall&) = delete;
  PluginCall& operator=(const PluginCall&) = delete;

  const storm_call* raw() const { return &raw_; }
  void cancel() { cancel_.cancel(); }
  bool cancelled() const { return cancel_.cancelled(); }
  std::optional<PluginFault> fault() const { return error_.get(); }

  // Runs a function of a plugin that returns a code. The code when it is no failure, else an Error
  // that begins with `who`. An exception that gets out of the plugin is a PluginFault.
  template <typename Function>
  Result<storm_rc> run(std::string_view who, std::string_view what, const Function& function) {
    const ThreadClassScope scope(raw_.thread_class);
    try {
      const storm_rc code = function();
      if (code >= 0) return code;
      return failure(who, what, code);
    } catch (const std::exception& error) {
      return thrown(who, what, error.what());
    } catch (...) {
      return thrown(who, what, "of an unknown type");
    }
  }

 private:
  Error failure(std::string_view who, std::string_view what, storm_rc code) const;
  static Error thrown(std::string_view who, std::string_view what, std::string_view exception);

  storm_cancel cancel_;
  storm_error error_;
  storm_call raw_{};
};

}  // namespace storm
