// stormd: reads its configuration, starts the daemon and waits for signals.
#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>

#include "core/config/config_file.hpp"
#include "core/config/print_config.hpp"
#include "core/daemon/command_line.hpp"
#include "core/daemon/daemon.hpp"
#include "core/daemon/signals.hpp"

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

void serve(Daemon& daemon, Signals& signals, const CommandLine& line,
           const Environment& environment) {
  while (signals.wait() == Signals::Wish::Reload) {
    if (auto config = read_config(line, environment)) {
      daemon.reload(*config);
    } else {
      spdlog::error("configuration: nothing was changed: {}", config.error().message);
    }
  }
}

// Each watcher holds a descriptor; shells hand out 1024, and let us have more.
void raise_descriptor_limit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Secrets of clouds pass through the memory of plugins, so none of it goes to a file or to a
// collector of crashes. Developers ask for dumps by STORM_CORE_DUMPS=1.
void forbid_core_dumps(const Environment& environment) {
  if (environment.variable("STORM_CORE_DUMPS") == "1") return;
  const rlimit none = {};
  setrlimit(RLIMIT_CORE, &none);
#if !defined(__SANITIZE_ADDRESS__)  // its search for leaks traces the process
  prctl(PR_SET_DUMPABLE, 0);
#endif
}

// Not by the way of static destructors: a plugin that did not end may still use what they take
// away.
[[noreturn]] void leave(int exit_code) {
  std::fflush(nullptr);
  std::_Exit(exit_code);
}

}  // namespace

int main(int argc, char** argv) {
  const CommandLine line = parse_command_line(argc, argv);
  if (line.leave) {
    fmt::print(line.leave->exit_code == 0 ? stdout : stderr, "{}", line.leave->text);
    return line.leave->exit_code;
  }
  spdlog::set_default_logger(spdlog::stderr_logger_mt("stormd"));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %n: %v");

  const Environment environment = Environment::of_process();
  const auto config = read_config(line, environment);
  if (!config) return fail(config.error());
  if (line.print_config) {
    fmt::print("{}", to_commented_yaml(*config));
    return 0;
  }
  raise_descriptor_limit();
  forbid_core_dumps(environment);
  auto& signals = *new Signals;  // for the life of the process
  auto daemon = Daemon::start(*config, environment);
  if (!daemon) leave(fail(daemon.error()));
  for (const std::string& url : (*daemon)->urls()) fmt::print("Listening at: {}\n", url);
  std::fflush(stdout);
  serve(**daemon, signals, line, environment);
  (*daemon)->stop();
  leave(0);
}
