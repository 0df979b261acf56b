// stormd: reads its configuration, starts the daemon and waits for signals.
#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdio>

#include "core/config/config_file.hpp"
#include "core/config/print_config.hpp"
#include "core/daemon/command_line.hpp"
#include "core/daemon/daemon.hpp"

namespace {

using namespace storm;

Result<Config> read_config(const CommandLine& line, const Environment& environment) {
  const auto file = STORM_TRY(find_config_file(line.config_file, environment));
  return load_config(file, line.overrides, environment);
}

int fail(const Error& error) {
  fmt::print(stderr, "stormd: {}\n", error.message);
  return 1;
}

// Requires: the signals are blocked in every thread.
void serve(Daemon& daemon, const sigset_t& signals, const CommandLine& line,
           const Environment& environment) {
  for (;;) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0) continue;
    if (signal != SIGHUP) return;
    if (auto config = read_config(line, environment)) {
      daemon.reload(*config);
    } else {
      spdlog::error("configuration: nothing was changed: {}", config.error().message);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const CommandLine line = parse_command_line(argc, argv);
  if (line.leave) {
    fmt::print(line.leave->exit_code == 0 ? stdout : stderr, "{}", line.leave->text);
    return line.leave->exit_code;
  }
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  spdlog::set_default_logger(spdlog::stderr_logger_mt("stormd"));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %n: %v");

  const Environment environment = Environment::of_process();
  const auto config = read_config(line, environment);
  if (!config) return fail(config.error());
  if (line.print_config) {
    fmt::print("{}", to_commented_yaml(*config));
    return 0;
  }
  auto daemon = Daemon::start(*config, environment);
  if (!daemon) return fail(daemon.error());
  for (const std::string& url : (*daemon)->urls()) fmt::print("Listening at: {}\n", url);
  std::fflush(stdout);
  serve(**daemon, signals, line, environment);
  (*daemon)->stop();
  return 0;
}
