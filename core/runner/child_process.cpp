#include "core/runner/child_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
// glibc 2.36 forgets to say that these are functions of C.
extern "C" {
#include <sys/pidfd.h>
}

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>
#include <utility>

namespace storm::runner {
namespace {

Error failed(const std::filesystem::path& program, std::string_view what, int code) {
  return Error{Errc::Io, fmt::format("{}: {}: {}", program.string(), what,
                                     std::generic_category().message(code))};
}

// The settings of posix_spawn, given back at the end.
class SpawnSettings {
 public:
  SpawnSettings(int socket, int output) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, output, STDERR_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, socket, kInheritedSocket);
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, kInheritedSocket + 1);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    // A session of its own: what a terminal sends to stormd is not for it.
    ::posix_spawnattr_setflags(
        &attributes_,
        static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID));
  }
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

// Beyond the numbers that the child is to have, so that none is written over before it is copied.
Result<Descriptor> out_of_the_way(const std::filesystem::path& program, int number) {
  Descriptor copy(::fcntl(number, F_DUPFD_CLOEXEC, kInheritedSocket + 1));
  if (!copy) return failed(program, "fcntl", errno);
  return copy;
}

}  // namespace

std::string to_text(const ProcessEnd& end) {
  if (end.signal == 0) return fmt::format("left with exit code {}", end.exit_code);
  const char* const name = ::sigabbrev_np(end.signal);
  return fmt::format("was ended by signal {} (SIG{})", end.signal, name ? name : "?");
}

Result<std::unique_ptr<ChildProcess>> ChildProcess::spawn(const std::filesystem::path& program,
                                                          const std::vector<std::string>& arguments,
                                                          const Descriptor& socket) {
  int pipe_ends[2] = {-1, -1};
  if (::pipe2(pipe_ends, O_CLOEXEC) != 0) return failed(program, "pipe", errno);
  Descriptor output(pipe_ends[0]);
  const Descriptor writing(pipe_ends[1]);
  if (::fcntl(output.get(), F_SETFL, O_NONBLOCK) != 0) return failed(program, "fcntl", errno);
  const Descriptor inherited = STORM_TRY(out_of_the_way(program, socket.get()));
  const Descriptor printed = STORM_TRY(out_of_the_way(program, writing.get()));

  const SpawnSettings settings(inherited.get(), printed.get());
  std::string path = program.string();
  std::vector<std::string> texts = arguments;
  std::vector<char*> argv = {path.data()};
  for (std::string& text : texts) argv.push_back(text.data());
  argv.push_back(nullptr);
  pid_t pid = -1;
  const int code = ::posix_spawn(&pid, path.c_str(), settings.actions(), settings.attributes(),
                                 argv.data(), environ);
  if (code != 0) return failed(program, "it cannot be started", code);
  Descriptor pidfd(::pidfd_open(pid, 0));
  if (!pidfd) {
    const int reason = errno;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return failed(program, "pidfd_open", reason);
  }
  ::fcntl(pidfd.get(), F_SETFD, FD_CLOEXEC);
  return std::unique_ptr<ChildProcess>(new ChildProcess(pid, std::move(pidfd), std::move(output)));
}

ChildProcess::ChildProcess(pid_t pid, Descriptor pidfd, Descriptor output)
    : pid_(pid), pidfd_(std::move(pidfd)), output_(std::move(output)) {}

ChildProcess::~ChildProcess() {
  signal(SIGKILL);
  wait();
}

void ChildProcess::signal(int number) {
  const std::lock_guard lock(mutex_);
  if (end_) return;  // its number may be another's
  if (number == SIGKILL) ::kill(-pid_, SIGKILL);
  ::pidfd_send_signal(pidfd_.get(), number, nullptr, 0);
}

std::optional<ProcessEnd> ChildProcess::ended() { return reap(WNOHANG); }

ProcessEnd ChildProcess::wait() {
  const std::optional<ProcessEnd> end = reap(0);
  return end.value_or(ProcessEnd{});
}

std::optional<ProcessEnd> ChildProcess::reap(int options) {
  {
    const std::lock_guard lock(mutex_);
    if (end_) return end_;
  }
  // What it left behind goes with it, while its group cannot be anybody else's.
  siginfo_t info = {};
  int code = 0;
  do {
    code = ::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED | WNOWAIT | options);
  } while (code != 0 && errno == EINTR);
  if (code == 0 && info.si_pid == 0) return std::nullopt;
  const std::lock_guard lock(mutex_);
  ::kill(-pid_, SIGKILL);
  siginfo_t same = {};
  ::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &same, WEXITED | WNOHANG);
  ProcessEnd end;
  (info.si_code == CLD_EXITED ? end.exit_code : end.signal) = info.si_status;
  end_ = end;
  return end_;
}

}  // namespace storm::runner
