// A program run as a child: found by its pidfd, never by a number that another process may have by
// now; it gets one socket as descriptor 3, what it prints comes through a pipe, and it inherits
// nothing else. Owned by one thread; `signal` is [any-thread].
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/runner/frame_socket.hpp"

namespace storm::runner {

inline constexpr int kInheritedSocket = 3;

// How a process ended.
struct ProcessEnd {
  int exit_code = 0;
  int signal = 0;  // 0: it left by itself
};
// "was ended by signal 11 (SIGSEGV)", "left with exit code 3".
std::string to_text(const ProcessEnd& end);

class ChildProcess {
 public:
  static Result<std::unique_ptr<ChildProcess>> spawn(const std::filesystem::path& program,
                                                     const std::vector<std::string>& arguments,
                                                     const Descriptor& socket);
  ~ChildProcess();  // kills what still runs, and waits for it
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  int pidfd() const { return pidfd_.get(); }    // readable once it has ended
  int output() const { return output_.get(); }  // never blocks
  // To the process and, with SIGKILL, all of its group.
  void signal(int number);  // nothing once it was waited for
  // How it ended; nothing while it runs.
  std::optional<ProcessEnd> ended();
  // The same, after waiting for it.
  ProcessEnd wait();

 private:
  ChildProcess(pid_t pid, Descriptor pidfd, Descriptor output);

  std::optional<ProcessEnd> reap(int options);

  const pid_t pid_;
  const Descriptor pidfd_;
  const Descriptor output_;
  mutable std::mutex mutex_;  // held while it is reaped, so that nobody signals its number then
  std::optional<ProcessEnd> end_;  // Guarded by mutex_.
};

}  // namespace storm::runner
