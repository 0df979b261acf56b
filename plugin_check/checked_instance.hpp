// The plugin under check and one instance of it, called as a host calls them, with everything that
// goes wrong on the way noted.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "core/base/clock.hpp"
#include "core/plugin_host/plugin_call.hpp"
#include "core/plugin_host/plugin_loader.hpp"
#include "plugin_check/recording_host.hpp"

namespace storm::plugin_check {

// Of a call of the plugin.
struct Answer {
  storm_rc code = STORM_OK;
  std::optional<PluginFault> fault;

  bool ok() const { return code >= 0; }
  // The outside is not there; nothing that could be held against the plugin.
  bool unavailable() const { return code == STORM_E_UNAVAILABLE || code == STORM_E_AUTH; }
  // "STORM_E_BUSY: held by process 12".
  std::string text() const;
};

// Maps the plugin; null when it cannot be used, which is said.
std::shared_ptr<const LoadedPlugin> load_checked(CheckContext& context);

class CheckedInstance {
 public:
  CheckedInstance(CheckContext& context, std::shared_ptr<const LoadedPlugin> plugin,
                  RecordingHost& host)
      : context_(context), plugin_(std::move(plugin)), host_(host) {}
  CheckedInstance(const CheckedInstance&) = delete;
  CheckedInstance& operator=(const CheckedInstance&) = delete;

  Answer create(std::string_view config);
  Answer start(std::string_view carried = {}, std::int64_t timeout_ns = 0);
  Answer quiesce(std::string* carried = nullptr);
  void destroy();
  // Both, for an instance that was created; what is wrong with them is said.
  void finish();

  // Runs one function of the plugin; what it throws, and a failure without a reason, is noted.
  // [any-thread]
  Answer call(std::string_view what, std::uint32_t thread_class,
              const std::function<storm_rc(const storm_call*)>& function,
              std::int64_t timeout_ns = 0, PluginCall* given = nullptr);

  template <typename Table>
  const Table& table() const {
    return *static_cast<const Table*>(plugin_->table);
  }
  const LoadedPlugin& plugin() const { return *plugin_; }
  storm_inst* handle() const { return handle_; }
  RecordingHost& host() const { return host_; }
  CheckContext& context() const { return context_; }
  const Clock& clock() const { return clock_; }
  // Whether failures without a fault are spoken of; a host that cannot be told hears of none.
  void expect_faults(bool expect) { expect_faults_ = expect; }

 private:
  CheckContext& context_;
  const std::shared_ptr<const LoadedPlugin> plugin_;
  RecordingHost& host_;
  const SystemClock clock_;
  storm_inst* handle_ = nullptr;
  bool expect_faults_ = true;
};

// A created and started instance with the configuration of the check. Null: the check is over, and
// why is said.
std::unique_ptr<CheckedInstance> start_checked(CheckContext& context);

// A call of the plugin that goes on on a thread of its own.
class RunningCall {
 public:
  using Function = std::function<storm_rc(const storm_call*)>;

  RunningCall(CheckedInstance& instance, std::string what, std::uint32_t thread_class,
              Function function);
  ~RunningCall();
  RunningCall(const RunningCall&) = delete;
  RunningCall& operator=(const RunningCall&) = delete;

  // True when it came back in that time.
  bool wait(double seconds);
  void cancel();
  // Cancels and waits as long as the ABI gives it. When it is not back then, that is said and the
  // process ends.
  void end();
  // Requires: it came back.
  Answer answer() const;

 private:
  struct Shared;

  CheckedInstance& instance_;
  const std::string what_;
  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

// Collects what is written to it, or refuses after so many bytes.
class TextOut {
 public:
  explicit TextOut(std::size_t limit = 64 * 1024 * 1024)
      : out_{sizeof(storm_out), 0, this, &TextOut::write}, limit_(limit) {}
  TextOut(const TextOut&) = delete;
  TextOut& operator=(const TextOut&) = delete;

  const storm_out* raw() const { return &out_; }
  const std::string& text() const { return text_; }

 private:
  static storm_rc write(const storm_out* out, storm_str chunk) noexcept;

  const storm_out out_;
  const std::size_t limit_;
  std::string text_;
};

// What the kind of plugin is for, a little of each of it: as the checks of its life need it.
void exercise(CheckedInstance& instance);

}  // namespace storm::plugin_check
