#include "core/plugin_host/plugin_instance.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>

#include <chrono>
#include <future>
#include <thread>
#include <utility>

#include "core/base/assert.hpp"
#include "core/plugin_host/abi_text.hpp"

namespace storm {
namespace {

// What quiesce would carry to a later instance; nobody asks for it yet, so it is not kept.
storm_rc discard(const storm_out*, storm_str) { return STORM_OK; }

bool legal(PluginState from, PluginState to) {
  using enum PluginState;
  switch (from) {
    case Discovered:
      return to == Loaded || to == Failed;
    case Loaded:
      return to == Created || to == Failed;
    case Created:
      return to == Started || to == Failed;
    case Started:
      return to == Quiescing || to == Failed;
    case Quiescing:
      return to == Stopped || to == Failed;
    case Stopped:
    case Failed:
      return false;
  }
  return false;
}

}  // namespace

std::string_view name_of(PluginState state) {
  static constexpr std::string_view kNames[] = {"discovered", "loaded",  "created", "started",
                                                "quiescing",  "stopped", "failed"};
  return kNames[static_cast<std::size_t>(state)];
}

bool run_within(std::int64_t timeout_ns, std::function<void()> work) {
  auto done = std::make_shared<std::promise<void>>();
  std::future<void> finished = done->get_future();
  std::thread worker([done, work = std::move(work)]() mutable {
    work();
    work = nullptr;  // What it owned is gone before anybody hears that it is done.
    done->set_value();
  });
  const bool in_time =
      finished.wait_for(std::chrono::nanoseconds(timeout_ns)) == std::future_status::ready;
  if (in_time) {
    worker.join();
  } else {
    worker.detach();
  }
  return in_time;
}

PluginInstance::PluginInstance(const Manifest& manifest, HostServices::Options options)
    : manifest_(manifest), services_(std::make_shared<HostServices>(std::move(options))) {}

// For who gives up between start and stop, and for one that was left behind and came back after
// all. Nobody shares the instance any more, so there is no thread to leave it to.
PluginInstance::~PluginInstance() {
  const bool running = state() == PluginState::Started;
  if (!running && !instance_) return;
  if (running) transition(PluginState::Quiescing);
  if (begun_) {
    const Result<void> quiesced = quiesce();
    if (!quiesced) services_->log().error("{}", quiesced.error().message);
  } else {
    destroy();
  }
  if (running) transition(PluginState::Stopped);
}

Result<std::shared_ptr<PluginInstance>> PluginInstance::start(
    const Manifest& manifest, std::string name, Value config,
    const PluginEnvironment& environment) {
  HostServices::Options options;
  options.instance = std::move(name);
  options.host_version = environment.version;
  options.needs = manifest.needs;
  options.config = std::move(config);
  options.clock = environment.clock;
  options.log = environment.log;
  options.model = environment.model;
  options.threads_announce_themselves = manifest.runtime == "native";
  std::shared_ptr<PluginInstance> instance(new PluginInstance(manifest, std::move(options)));
  environment.libraries->keep(instance->services_);

  if (Result<void> loaded = instance->load(environment); !loaded) {
    instance->transition(PluginState::Failed);
    return std::move(loaded).error();
  }
  STORM_TRY(instance->create_and_start());
  return instance;
}

Result<void> PluginInstance::load(const PluginEnvironment& environment) {
  const Isolation isolation = STORM_TRY(choose_isolation(manifest_, environment.isolation));
  if (isolation == Isolation::Process && environment.isolate) {
    plugin_ = STORM_TRY(environment.isolate(manifest_, *services_));
  } else {
    plugin_ = STORM_TRY(map_plugin(manifest_, *environment.libraries));
  }
  transition(PluginState::Loaded);
  return {};
}

Result<void> PluginInstance::create_and_start() {
  if (Result<void> made = step("create", &PluginInstance::make); !made) {
    transition(PluginState::Failed);
    return made;
  }
  transition(PluginState::Created);
  if (Result<void> begun = step("start", &PluginInstance::begin); !begun) {
    transition(PluginState::Failed);
    return begun;
  }
  transition(PluginState::Started);
  return {};
}

Result<void> PluginInstance::step(std::string_view what,
                                  Result<void> (PluginInstance::*function)()) {
  auto result = std::make_shared<Result<void>>();
  const bool in_time = run_within(
      kStartTimeout + patience(),
      [self = shared_from_this(), result, function] { *result = (self.get()->*function)(); });
  if (in_time) return std::move(*result);
  return Error{Errc::TimedOut, fmt::format("{}: {} did not return within {} s; the instance is "
                                           "left behind until the process ends",
                                           name(), what, kStartTimeout / kNanosecondsPerSecond)};
}

// These two run on a thread that nobody may be waiting for any more.
Result<void> PluginInstance::make() {
  PluginCall call(clock(), STORM_T_CTL, kStartTimeout);
  STORM_TRY(call.run(name(), "create", [&] {
    return plugin_->create(services_->raw(), call.raw(), to_abi(services_->config_json()),
                           &instance_);
  }));
  if (instance_) return {};
  return Error{Errc::PluginFault,
               fmt::format("{}: create of {} succeeded without an instance", name(), manifest_.id)};
}

Result<void> PluginInstance::begin() {
  PluginCall call(clock(), STORM_T_CTL, kStartTimeout);
  const auto started = call.run(name(), "start", [&] {
    return plugin_->start(instance_, call.raw(), storm_str{nullptr, 0});
  });
  if (started) {
    begun_ = true;
    return {};
  }
  destroy();
  return started.error();
}

Result<void> PluginInstance::stop() {
  if (state() != PluginState::Started) return {};
  transition(PluginState::Quiescing);
  auto result = std::make_shared<Result<void>>();
  const bool in_time =
      run_within(kQuiesceTimeout + patience(),
                 [self = shared_from_this(), result] { *result = self->quiesce(); });
  if (!in_time) {
    transition(PluginState::Failed);
    return Error{Errc::TimedOut, fmt::format("{}: quiesce did not return within {} s; the instance "
                                             "is left behind until the process ends",
                                             name(), kQuiesceTimeout / kNanosecondsPerSecond)};
  }
  transition(PluginState::Stopped);
  return std::move(*result);
}

// On a thread that nobody may be waiting for any more.
Result<void> PluginInstance::quiesce() {
  PluginCall call(clock(), STORM_T_CTL, kQuiesceTimeout);
  const storm_out nowhere = {sizeof(storm_out), 0, nullptr, &discard};
  const auto quiesced = call.run(name(), "quiesce",
                                 [&] { return plugin_->quiesce(instance_, call.raw(), &nowhere); });
  services_->check_threads_left();
  destroy();
  if (!quiesced) return quiesced.error();
  return {};
}

void PluginInstance::destroy() {
  const ThreadClassScope scope(STORM_T_CTL);
  plugin_->destroy(std::exchange(instance_, nullptr));
  services_->end();
}

void PluginInstance::abandon() {
  if (state() == PluginState::Started) transition(PluginState::Failed);
}

void PluginInstance::transition(PluginState to) {
  STORM_ASSERT(legal(state(), to));
  services_->log().debug("{}: {} -> {}", manifest_.id, name_of(state()), name_of(to));
  state_.store(to);
}

}  // namespace storm
