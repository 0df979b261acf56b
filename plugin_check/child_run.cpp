#include "plugin_check/child_run.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "storm/host.h"

namespace storm::plugin_check {
namespace {

constexpr std::size_t kReportBytesMax = 4 * 1024 * 1024;
constexpr std::size_t kOutputBytesShown = 2048;
constexpr std::size_t kFindingsMax = 50;  // of a check; more of them say nothing more

constexpr std::string_view kScratchMark = "@DIR@";

// A file of no name, for what a child writes.
class Scroll {
 public:
  Scroll() : number_(::memfd_create("storm-plugin-check", MFD_CLOEXEC)) {}
  ~Scroll() {
    if (number_ >= 0) ::close(number_);
  }
  Scroll(const Scroll&) = delete;
  Scroll& operator=(const Scroll&) = delete;

  int number() const { return number_; }
  std::string read(std::size_t bytes_max) const {
    std::string text;
    char chunk[4096];
    while (text.size() < bytes_max) {
      const ssize_t got = ::pread(number_, chunk, sizeof chunk, static_cast<off_t>(text.size()));
      if (got <= 0) break;
      text.append(chunk, static_cast<std::size_t>(got));
    }
    return text;
  }
  std::size_t size() const {
    const off_t end = ::lseek(number_, 0, SEEK_END);
    return end < 0 ? 0 : static_cast<std::size_t>(end);
  }

 private:
  const int number_;
};

class ScratchFolder {
 public:
  ScratchFolder() {
    std::error_code failed;
    std::string name =
        (std::filesystem::temp_directory_path(failed) / "storm-plugin-check-XXXXXX").string();
    if (::mkdtemp(name.data())) path_ = name;
  }
  ~ScratchFolder() {
    std::error_code failed;
    if (!path_.empty()) std::filesystem::remove_all(path_, failed);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

[[noreturn]] void become_child(const std::vector<std::string>& words, int report, int output,
                               int errors) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  // Above the numbers that are given out below.
  const int from[] = {nothing, output, errors, report};
  int safe[4] = {};
  for (int i = 0; i < 4; ++i) safe[i] = ::fcntl(from[i], F_DUPFD_CLOEXEC, 10);
  for (int i = 0; i < 4; ++i) {
    if (::dup2(safe[i], i) < 0) ::_exit(126);
  }
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  ::execv("/proc/self/exe", pointers.data());
  ::_exit(126);
}

// Its status; nothing when it had to be killed.
std::optional<int> wait_for(pid_t child, int seconds) {
  const int handle = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
  int status = 0;
  bool ended = false;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (!ended) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                          deadline - std::chrono::steady_clock::now())
                          .count();
    if (left <= 0) break;
    if (handle >= 0) {
      pollfd waiting{handle, POLLIN, 0};
      ::poll(&waiting, 1, static_cast<int>(left));
    } else {
      ::poll(nullptr, 0, 10);
    }
    ended = ::waitpid(child, &status, WNOHANG) == child;
  }
  if (handle >= 0) ::close(handle);
  // And whatever the plugin started.
  ::kill(-child, SIGKILL);
  if (ended) return status;
  ::kill(child, SIGKILL);
  ::waitpid(child, &status, 0);
  return std::nullopt;
}

}  // namespace

bool Outcome::has(Severity severity) const {
  return std::ranges::any_of(findings,
                             [&](const Finding& finding) { return finding.severity == severity; });
}

Outcome run_in_child(const Check& check, const RunOptions& options) {
  Outcome outcome;
  outcome.check = &check;
  const Scroll report, output, errors;
  const ScratchFolder scratch;
  if (report.number() < 0 || scratch.path().empty()) {
    outcome.findings.push_back({Severity::Error, "this machine has no room to run the check"});
    return outcome;
  }
  const std::vector<std::string> words = {"storm-plugin-check",
                                          "--as-child",
                                          std::string(check.id),
                                          "--manifest",
                                          options.manifest.string(),
                                          "--config",
                                          options.config,
                                          "--seed",
                                          std::to_string(options.seed),
                                          "--patience",
                                          std::to_string(options.patience),
                                          "--scratch",
                                          scratch.path().string(),
                                          options.library.string()};
  const auto begin = std::chrono::steady_clock::now();
  const pid_t child = ::fork();
  if (child == 0) become_child(words, report.number(), output.number(), errors.number());
  if (child < 0) {
    outcome.findings.push_back(
        {Severity::Error, fmt::format("no process can be made: {}", std::strerror(errno))});
    return outcome;
  }
  const int seconds = check.seconds * options.patience;
  const std::optional<int> status = wait_for(child, seconds);
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();

  bool done = false;
  std::string step = "starting";
  const std::string text = report.read(kReportBytesMax);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at + 1, end > at ? end - at - 1 : 0);
    const char kind = text[at];
    at = end + 1;
    if (kind == 'P') step = std::move(line);
    if (kind == 'S') outcome.skipped = std::move(line);
    if (kind == 'D') done = true;
    if (kind != 'E' && kind != 'W' && kind != 'N') continue;
    const Severity severity = kind == 'E'   ? Severity::Error
                              : kind == 'W' ? Severity::Warning
                                            : Severity::Note;
    const auto same = [&](const Finding& one) {
      return one.severity == severity && one.text == line;
    };
    if (outcome.findings.size() < kFindingsMax && std::ranges::none_of(outcome.findings, same)) {
      outcome.findings.push_back({severity, std::move(line)});
    }
  }
  if (!status) {
    outcome.findings.push_back(
        {Severity::Error,
         fmt::format("it does not come back within {} s; last: {}", seconds, step)});
  } else if (WIFSIGNALED(*status)) {
    outcome.findings.push_back(
        {Severity::Error,
         fmt::format("it dies of SIG{}; last: {}", sigabbrev_np(WTERMSIG(*status)), step)});
  } else if (!done) {
    outcome.findings.push_back(
        {Severity::Error,
         fmt::format("it ends the process with code {}; last: {}", WEXITSTATUS(*status), step)});
  }
  if (output.size() > 0) {
    outcome.findings.push_back(
        {Severity::Warning,
         fmt::format("it writes {} bytes to standard output, which is the host's; log by {}",
                     output.size(), STORM_HOST_LOG_V1)});
  }
  const std::string said = errors.read(kReportBytesMax);
  outcome.output = said.substr(said.size() - std::min(said.size(), kOutputBytesShown));
  return outcome;
}

void run_as_child(const Check& check, const RunOptions& options, int report,
                  const std::filesystem::path& scratch) {
  ::fcntl(report, F_SETFD, FD_CLOEXEC);
  std::string config = options.config;
  for (std::size_t at = 0; (at = config.find(kScratchMark, at)) != std::string::npos;) {
    config.replace(at, kScratchMark.size(), scratch.string());
    at += scratch.string().size();
  }
  CheckContext context(
      report, {options.manifest, options.library, config, options.seed, scratch, options.patience});
  check.run(context);
  context.done();
  // Nothing of the plugin runs at an end that it does not know of.
  ::_exit(EXIT_SUCCESS);
}

}  // namespace storm::plugin_check
