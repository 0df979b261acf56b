// The runner's side: maps the plugin that stormd names, in a sandbox, and makes the calls that
// stormd asks for, each on a thread of its own. What the plugin says to its host goes back over the
// socket. The thread that reads the socket never runs code of the plugin, so that it notices when
// stormd is gone and ends the process, whatever the plugin does.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/base/clock.hpp"
#include "core/base/result.hpp"
#include "core/plugin_host/host_services.hpp"
#include "core/plugin_host/plugin_loader.hpp"
#include "core/runner/frame_socket.hpp"
#include "core/runner/line_budget.hpp"
#include "core/runner/wire.hpp"

namespace storm::runner {

inline constexpr std::size_t kCallsMax = 256;                     // open at once
inline constexpr std::size_t kOutputBytesMax = 16 * 1024 * 1024;  // of one call

class PluginServer {
 public:
  PluginServer(Descriptor socket, std::string version);
  PluginServer(const PluginServer&) = delete;
  PluginServer& operator=(const PluginServer&) = delete;

  // Serves until stormd is gone or says something wrong; the exit code of the process. Threads of
  // the plugin may still run then: the process has to end at once.
  int serve();

 private:
  struct OpenCall;
  class LogSink;

  Result<void> greet();
  Result<void> set_up(const Message& message);
  Result<void> map_plugin(const Setup& setup);
  Result<void> take(Frame frame);
  Result<void> begin(std::shared_ptr<OpenCall> open);

  // The thread of a call.
  void run(OpenCall& open);
  storm_rc call_plugin(OpenCall& open, const storm_call* raw, const storm_out* out);
  storm_rc publish(OpenCall& open, const storm_call* raw, const storm_batch* batch);

  std::uint32_t functions() const;
  const storm_executor_v1* executor() const;
  void finish(std::uint64_t call, storm_rc code, const std::optional<FaultWords>& fault,
              std::string_view output, std::uint32_t functions = 0);
  Result<void> send(std::uint64_t call, Body body);
  void log(std::int32_t level, std::string_view text);
  void tell_status(const SourceStatus& status);
  void tell_all();  // what was put off: the status, metrics

  FrameSocket socket_;
  const std::string version_;
  const std::shared_ptr<const Clock> clock_;
  LibraryRegistry libraries_;
  std::uint64_t epoch_ = 0;                      // constant once set up
  std::unique_ptr<HostServices> services_;       // constant once set up
  std::shared_ptr<const LoadedPlugin> plugin_;   // constant once set up
  std::atomic<storm_inst*> instance_ = nullptr;  // between create and destroy

  std::mutex mutex_;
  std::map<std::uint64_t, std::shared_ptr<OpenCall>> open_;  // Guarded by mutex_. By number.

  std::mutex notes_mutex_;                           // before the socket's
  LineBudget log_lines_;                             // Guarded by notes_mutex_.
  LineBudget statuses_;                              // Guarded by notes_mutex_.
  std::optional<SourceStatus> status_;               // Guarded by notes_mutex_. Not told yet.
  std::map<std::string, double, std::less<>> told_;  // Guarded by notes_mutex_. Metrics.
};

}  // namespace storm::runner
