// What a process of its own costs a plugin, in one run with the same plugin in this process:
//   start            from nothing to an instance that is started
//   publish-thousand batches of 1,000 resources of 2 KiB, per resource
//   publish-one      batches of one such resource, per batch
// Each operation is timed several times, in turn; shown is the median, of the clock and of what all
// processes took of the processors, which a busy machine changes less.
#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/null_sink.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/plugin_host/executor_adapter.hpp"
#include "core/runner/isolated_plugins.hpp"

namespace {

using namespace storm;
using Clock_ = std::chrono::steady_clock;

constexpr int kRounds = 5;
constexpr std::size_t kWarmUp = 5;  // batches

class CountingSink final : public ResourceSink {
 public:
  Taken publish(DiscoveryBatch, const std::function<bool()>&) override {
    ++batches;
    return Taken::Yes;
  }
  void report(SourceReport) override {}

  std::atomic<std::size_t> batches = 0;
};

Manifest manifest(bool isolated) {
  Manifest out;
  out.file = "executor-unruly.yaml";
  out.id = "executor.unruly";
  out.kind = "executor";
  out.name = "unruly";
  out.version = "1.0.0";
  out.abi_major = STORM_ABI_MAJOR;
  out.library = std::string(STORM_FIXTURES) + "/unruly.so";
  out.entry = "storm_entry_unruly";
  out.runtime = "native";
  out.provides = {"storm.executor/1"};
  for (const char* service :
       {"log", "calls", "clock", "config", "status", "metrics", "threads", "query"}) {
    out.needs.push_back(std::string("storm.host.") + service + "/1");
  }
  if (isolated) out.isolation = {Isolation::Process, {Isolation::Process}};
  return out;
}

double seconds_since(Clock_::time_point begin) {
  return std::chrono::duration<double>(Clock_::now() - begin).count();
}

// Of this process and of those that it has waited for.
double busy_seconds() {
  double seconds = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage = {};
    getrusage(who, &usage);
    for (const timeval& time : {usage.ru_utime, usage.ru_stime}) {
      seconds += static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    }
  }
  return seconds;
}

struct Seconds {
  double clock = 0;
  double busy = 0;
};

struct Bench {
  Bench() {
    runner::IsolatedPlugins::Options options;
    options.program = STORM_RUNNER;
    options.version = "bench";
    plugins = std::make_shared<runner::IsolatedPlugins>(options);
    environment = {
        "bench", std::make_shared<SystemClock>(),
        std::make_shared<spdlog::logger>("bench", std::make_shared<spdlog::sinks::null_sink_mt>()),
        std::make_shared<LibraryRegistry>()};
    environment.isolate = plugins->isolator();
  }
  std::shared_ptr<PluginInstance> start(const std::string& habit, bool isolated) {
    auto instance = PluginInstance::start(manifest(isolated), "bench", Value(habit), environment);
    if (!instance) {
      fmt::print(stderr, "{}\n", instance.error().message);
      std::exit(1);
    }
    return std::move(*instance);
  }
  Seconds batch(const std::string& habit, bool isolated, std::size_t batches) {
    const double busy = busy_seconds();
    auto adapter = ExecutorAdapter::create(start(habit, isolated));
    const auto sink = std::make_shared<CountingSink>();
    (*adapter)->run(sink);
    const auto wait_for = [&](std::size_t count) {
      while (sink->batches < count) std::this_thread::sleep_for(std::chrono::microseconds(200));
    };
    wait_for(kWarmUp);
    const std::size_t first = sink->batches;
    const auto begin = Clock_::now();
    wait_for(first + batches);
    Seconds per_batch;
    per_batch.clock = seconds_since(begin) / static_cast<double>(sink->batches - first);
    static_cast<void>((*adapter)->stop());
    *adapter = nullptr;
    per_batch.busy = (busy_seconds() - busy) / static_cast<double>(sink->batches);
    return per_batch;
  }
  Seconds to_start(bool isolated) {
    const double busy = busy_seconds();
    const auto begin = Clock_::now();
    auto instance = start("good", isolated);
    Seconds seconds;
    seconds.clock = seconds_since(begin);
    static_cast<void>(instance->stop());
    instance = nullptr;
    seconds.busy = busy_seconds() - busy;
    return seconds;
  }

  std::shared_ptr<runner::IsolatedPlugins> plugins;
  PluginEnvironment environment;
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void compare(const char* name, const char* unit, double scale,
             const std::function<Seconds(bool)>& measure) {
  std::vector<double> clock[2];
  std::vector<double> busy[2];
  for (int round = 0; round < kRounds; ++round) {
    for (const int isolated : {0, 1}) {
      const Seconds seconds = measure(isolated == 1);
      clock[isolated].push_back(seconds.clock * scale);
      busy[isolated].push_back(seconds.busy * scale);
    }
  }
  const auto line = [&](const char* what, const std::vector<double>* values) {
    const double in = median(values[0]);
    const double out = median(values[1]);
    fmt::print("{:<18} {:<10} in-process {:9.3f} {}   process {:9.3f} {}   more {:9.3f} {}\n", name,
               what, in, unit, out, unit, out - in, unit);
  };
  line("clock", clock);
  line("processor", busy);
}

}  // namespace

int main() {
  Bench bench;
  compare("start", "ms", 1e3, [&](bool isolated) { return bench.to_start(isolated); });
  compare("publish-thousand", "us", 1e6 / 1'000,
          [&](bool isolated) { return bench.batch("thousands", isolated, 200); });
  compare("publish-one", "us", 1e6,
          [&](bool isolated) { return bench.batch("ones", isolated, 20'000); });
}
