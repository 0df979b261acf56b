// stormd: reads its configuration, starts the daemon and waits for signals.
#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/clock.hpp"
#include "core/base/core_dumps.hpp"
#include "core/config/config_file.hpp"
#include "core/config/print_config.hpp"
#include "core/config/quote_lines.hpp"
#include "core/daemon/command_line.hpp"
#include "core/daemon/daemon.hpp"
#include "core/daemon/service_notifier.hpp"
#include "core/daemon/signals.hpp"
#include "core/daemon/watchdog.hpp"

namespace {

using namespace storm;

// An answer may take three of four periods before the service manager gives up.
constexpr int kPingsPerWatchdogTime = 4;

Result<Config> read_config(const CommandLine& line, const Environment& environment) {
  const auto file = STORM_TRY(find_config_file(line.config_file, environment));
  return load_config(file, line.overrides, environment);
}

// The same for somebody who sits before it: faults with the lines they are about. These may hold
// secrets, so they do not go to a journal.
Result<Config> read_first_config(const CommandLine& line, const Environment& environment) {
  const auto file = STORM_TRY(find_config_file(line.config_file, environment));
  auto config = load_config(file, line.overrides, environment);
  if (config || !file || isatty(STDERR_FILENO) != 1) return config;
  Error error = std::move(config).error();
  error.message = with_quoted_lines(error.message, *file);
  return error;
}

// The words of `log: {level}`, which spdlog spells in another way.
class LevelWord final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    const std::string_view word =
        message.level == spdlog::level::warn ? "warn"
        : message.level == spdlog::level::err
            ? "error"
            : std::string_view(spdlog::level::to_string_view(message.level).data());
    out.append(word.data(), word.data() + word.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<LevelWord>();
  }
};

void start_log() {
  spdlog::set_default_logger(spdlog::stderr_logger_mt("stormd"));
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<LevelWord>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%e %* %n: %v");
  spdlog::set_formatter(std::move(formatter));
}

int fail(const Error& error) {
  fmt::print(stderr, "stormd: {}\n", error.message);
  return 1;
}

ServiceNotifier service_notifier(const Environment& environment) {
  auto notifier = ServiceNotifier::create(environment);
  if (notifier) return std::move(*notifier);
  spdlog::warn("the service manager is told nothing: {}", notifier.error().message);
  return {};
}

std::string status_of(const Daemon& daemon) {
  std::string status = "Listening at";
  for (const std::string& url : daemon.urls()) status += " " + url;
  return status;
}

void serve(Daemon& daemon, Signals& signals, const CommandLine& line,
           const Environment& environment, const ServiceNotifier& notifier) {
  std::optional<Watchdog> watchdog;
  if (const auto time = notifier.watchdog_time()) {
    using std::placeholders::_1, std::placeholders::_2;
    watchdog.emplace(notifier, *time / kPingsPerWatchdogTime,
                     std::bind(&Daemon::probe, &daemon, _1, _2));
  }
  notifier.ready(status_of(daemon));
  while (signals.wait() == Signals::Wish::Reload) {
    notifier.reloading(SystemClock().mono_now());
    if (auto config = read_config(line, environment)) {
      daemon.reload(*config);
      notifier.ready(status_of(daemon));
    } else {
      spdlog::error("configuration: nothing was changed: {}", config.error().message);
      notifier.ready("Goes on as it was: " + config.error().message);
    }
  }
  notifier.stopping();
}

// Each watcher holds a descriptor; shells hand out 1024, and let us have more.
void raise_descriptor_limit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
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
  start_log();
  const Environment environment = Environment::of_process();
  const auto config = read_first_config(line, environment);
  if (!config) return fail(config.error());
  if (line.print_config) {
    fmt::print("{}", to_commented_yaml(*config));
    return 0;
  }
  raise_descriptor_limit();
  forbid_core_dumps(environment.variable("STORM_CORE_DUMPS") == "1");
  auto& signals = *new Signals;  // for the life of the process
  auto daemon = Daemon::start(*config, environment);
  if (!daemon) leave(fail(daemon.error()));
  for (const std::string& url : (*daemon)->urls()) fmt::print("Listening at: {}\n", url);
  std::fflush(stdout);
  spdlog::info("stormd {} runs, configured by {}", STORM_VERSION,
               config->file.empty() ? "its defaults" : config->file);
  serve(**daemon, signals, line, environment, service_notifier(environment));
  (*daemon)->stop();
  spdlog::info("stopped");
  leave(0);
}
