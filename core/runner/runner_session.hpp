// One generation of a plugin's process as stormd sees it: the process, its socket, and the calls
// that are open in it. A thread of its own reads what the process says, asks it each second whether
// it is there, and ends it when it does not keep its deadlines. Calls come from any thread; what a
// call publishes is handed on by the thread that waits for the call.
#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/base/result.hpp"
#include "core/plugin_host/host_services.hpp"
#include "core/runner/child_process.hpp"
#include "core/runner/frame_socket.hpp"
#include "core/runner/line_budget.hpp"
#include "core/runner/wire.hpp"

namespace storm::runner {

inline constexpr std::size_t kLastLines = 8;    // of what it printed, that its end quotes
inline constexpr double kLinesPerSecond = 200;  // of its log, and of what it prints
inline constexpr double kLinesBurst = 1'000;
inline constexpr double kNotesPerSecond = 5'000;  // log, status and metrics; then it is not read
inline constexpr double kNotesBurst = 20'000;

// How long a process may take; tests are less patient.
struct Patience {
  std::chrono::milliseconds load{10'000};          // to map the plugin
  std::chrono::milliseconds heartbeat{1'000};      // between two questions
  int heartbeats_missed = 5;                       // then it is ended
  std::chrono::milliseconds after_cancel{2'000};   // until a cancelled call has to be back
  std::chrono::milliseconds after_deadline{500};   // from a deadline to SIGTERM
  std::chrono::milliseconds after_terminate{500};  // from SIGTERM to SIGKILL
  std::chrono::milliseconds to_leave{1'000};       // once nobody needs it
};

class RunnerSession {
 public:
  struct Options {
    std::filesystem::path program;
    std::string version;
    std::uint64_t epoch = 0;
    HostServices* services = nullptr;  // outlives the session
    Patience patience;
    // Told how and after how many nanoseconds it ended, on the session's thread, before its open
    // calls are; answers how long to wait for the next.
    std::function<std::int64_t(const std::string& reason, std::int64_t life)> on_death;
  };
  // Starts the process and has it map the plugin. `cancel` may cut the waiting short.
  static Result<std::unique_ptr<RunnerSession>> start(Options options, const Setup& setup,
                                                      storm_cancel& cancel);
  ~RunnerSession();  // ends the process
  RunnerSession(const RunnerSession&) = delete;
  RunnerSession& operator=(const RunnerSession&) = delete;

  // One function of the plugin. What it publishes goes to `feed`, what it writes to `out`; either
  // may be null. When the process ends meanwhile, STORM_E_UNAVAILABLE with a fault that says how.
  storm_rc call(const Call& request, const storm_call* call, const storm_feed* feed,
                const storm_out* out);
  // A bit for each Function that the plugin has.
  std::uint32_t functions() const { return functions_; }
  bool dead() const;
  pid_t pid() const { return child_->pid(); }

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Received {
    Frame frame;
    Message message;
  };
  struct OpenCall;
  struct Shared;
  enum class Next { GoOn, Stop };

  RunnerSession(Options options, std::unique_ptr<ChildProcess> child, Descriptor socket,
                Descriptor wake);

  // The session's thread.
  void run();
  Next read_frames();
  Next take(Received received);
  Next misbehaved(const std::string& what);
  void take_log(const Log& log);
  void read_output();
  void take_line(std::string_view line);
  Next look_at_clock();
  void kill(int signal, const std::string& why);
  void finish();
  std::string last_words() const;
  int poll_timeout() const;

  // The thread of a call.
  storm_rc wait_for(const std::shared_ptr<OpenCall>& open, std::uint64_t id, const storm_call* call,
                    const storm_feed* feed, const storm_out* out);
  storm_rc died(const storm_call* call) const;
  void hand_on(Received received, std::uint64_t id, const storm_call* call, const storm_feed* feed);
  Result<void> send(std::uint64_t call, Body body, int timeout_ms = kSendTimeoutMs);
  void wake() const;

  const Options options_;
  const std::unique_ptr<ChildProcess> child_;
  FrameSocket socket_;
  const Descriptor wake_;
  const std::shared_ptr<Shared> shared_;
  const Time born_ = std::chrono::steady_clock::now();
  std::uint32_t functions_ = 0;  // constant once started

  // The session's thread only.
  bool greeted_ = false;
  bool printing_ = true;  // nobody has closed what it prints to
  std::uint64_t pings_ = 0;
  std::uint64_t pongs_ = 0;
  Time next_ping_;
  Time quiet_until_;  // it told too much; it is not read until then
  std::string why_killed_;
  std::optional<Time> terminated_at_;
  std::string half_line_;
  std::deque<std::string> last_lines_;
  LineBudget log_lines_{kLinesPerSecond, kLinesBurst};
  LineBudget printed_lines_{kLinesPerSecond, kLinesBurst};
  LineBudget notes_{kNotesPerSecond, kNotesBurst};

  std::thread thread_;  // last: uses all of the above
};

}  // namespace storm::runner
