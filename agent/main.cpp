// storm-agent: one executor plugin as a program of its own, on any machine. Watches its cloud,
// tells a stormd over REST what is there, and that it lives.
#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <csignal>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string_view>
#include <utility>

#include "agent/agent_options.hpp"
#include "agent/rest_sink.hpp"
#include "core/base/clock.hpp"
#include "core/base/core_dumps.hpp"
#include "core/plugin_host/executor_adapter.hpp"
#include "core/plugin_host/plugin_scan.hpp"

namespace {

using namespace storm;
using namespace storm::agent;

constexpr timespec kLook = {0, 250'000'000};  // between two looks for news

// Blocked in all threads, so that only wait_for_end() hears of them.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

Result<std::unique_ptr<ExecutorAdapter>> start(const AgentOptions& options,
                                               const PluginEnvironment& environment) {
  const PluginCatalog catalog = scan_plugins(options.folders);
  const Manifest manifest = STORM_TRY(catalog.find("executor", options.plugin));
  auto instance =
      STORM_TRY(PluginInstance::start(manifest, options.name, options.config, environment));
  return ExecutorAdapter::create(std::move(instance));
}

// Until a signal asks for the end.
void live(ExecutorAdapter& adapter, RestSink& sink, const sigset_t& signals) {
  const SystemClock clock;
  MonoTime next = clock.mono_now();
  while (sigtimedwait(&signals, nullptr, &kLook) < 0) {
    if (clock.mono_now() >= next || sink.has_news()) {
      const bool heard = sink.beat();
      next = clock.mono_now() + (heard ? kBeatEvery : kNanosecondsPerSecond);
    }
    if (sink.take_relist()) adapter.relist();
  }
}

[[noreturn]] void leave(int code) {
  std::fflush(nullptr);
  std::_Exit(code);  // a plugin that did not end may still use what static destructors take away
}

}  // namespace

int main(int argc, char** argv) {
  const CommandLine line = parse_command_line(argc, argv);
  if (line.leave) {
    fmt::print(line.leave->exit_code == 0 ? stdout : stderr, "{}", line.leave->text);
    return line.leave->exit_code;
  }
  const AgentOptions& options = line.options;
  const char* const dumps = std::getenv("STORM_CORE_DUMPS");
  forbid_core_dumps(dumps && std::string_view(dumps) == "1");
  const sigset_t signals = block_signals();
  spdlog::set_default_logger(spdlog::stderr_logger_mt("storm-agent"));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %n: %v");
  if (options.debug) spdlog::set_level(spdlog::level::debug);

  const PluginEnvironment environment{STORM_VERSION, std::make_shared<SystemClock>(),
                                      spdlog::default_logger(),
                                      std::make_shared<LibraryRegistry>()};
  auto adapter = start(options, environment);
  if (!adapter) {
    fmt::print(stderr, "storm-agent: {}\n", adapter.error().message);
    leave(1);
  }
  const ExecutorDescription& description = (*adapter)->description();
  const auto sink = std::make_shared<RestSink>(
      options.server, Registration{description.agent_type, options.name, description.options},
      spdlog::default_logger());
  spdlog::info("agent {} tells {} what {} finds", options.name, options.server.address.shown,
               options.plugin);
  (*adapter)->run(sink);
  live(**adapter, *sink, signals);
  if (auto stopped = (*adapter)->stop(); !stopped) spdlog::warn("{}", stopped.error().message);
  leave(0);
}
