#include "plugin_check/life_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "core/document/json.hpp"
#include "core/plugin_host/abi_text.hpp"
#include "plugin_check/checked_instance.hpp"
#include "plugin_check/guarded.hpp"
#include "plugin_check/process_state.hpp"
#include "storm/executor.h"

namespace storm::plugin_check {
namespace {

constexpr int kCycles = 200;
constexpr int kCyclesBefore = 40;              // caches and pools fill
constexpr std::size_t kBytesPerCycleMax = 64;  // a leak of anything is more
constexpr double kSettleSeconds = 0.3;

RecordingHost& make_host(CheckContext& context, HostForm form = HostForm::Exact,
                         std::string_view withheld = {}) {
  std::vector<std::string> needs = context.manifest().needs;
  std::erase(needs, withheld);
  return RecordingHost::create({std::move(needs), context.config, form});
}

// Creates, starts, exercises, ends. Failures are the plugin's right; how it dies is not.
void live_once(CheckContext& context, const std::shared_ptr<const LoadedPlugin>& plugin,
               RecordingHost& host, bool expect_faults) {
  CheckedInstance instance(context, plugin, host);
  instance.expect_faults(expect_faults);
  if (!instance.create(context.config).ok()) return;
  if (instance.start().ok()) exercise(instance);
  instance.quiesce();
  instance.destroy();
}

// Polls until the process has no more threads than before.
bool threads_gone(const ProcessState& before, int seconds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (ProcessState::now().threads.size() > before.threads.size()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace

void check_life_create(CheckContext& context) {
  const auto plugin = load_checked(context);
  if (!plugin) return;
  CheckedInstance instance(context, plugin, make_host(context));
  context.step("create");
  const Answer created = instance.create(context.config);
  if (!created.ok()) {
    context.error(
        fmt::format("create refuses the configuration {}: {}; give one that works by "
                    "--config",
                    context.config, created.text()));
    return;
  }
  context.step("start");
  const Answer started = instance.start();
  if (!started.ok() && !started.unavailable()) {
    context.error("start fails: " + started.text());
  } else if (!started.ok()) {
    context.note("its source cannot be reached: " + started.text());
  }
  instance.finish();
}

void check_life_cycles(CheckContext& context) {
  const auto plugin = load_checked(context);
  if (!plugin) return;
  ProcessState before;
  std::size_t bytes = 0;
  for (int i = 0; i < kCycles; ++i) {
    if (i == kCyclesBefore) {
      before = ProcessState::now();
      bytes = allocated_bytes();
    }
    // One host for each would be a leak of ours.
    static RecordingHost* host = nullptr;
    if (i % kCyclesBefore == 0) host = &make_host(context);
    CheckedInstance instance(context, plugin, *host);
    context.step(fmt::format("cycle {} of create, start, quiesce and destroy", i + 1));
    if (const Answer created = instance.create(context.config); !created.ok()) {
      context.skip("no instance can be made: " + created.text());
      return;
    }
    instance.start();
    instance.quiesce();
    plugin->descriptor->destroy(instance.handle());
  }
  if (context.owns_process()) {
    context.note("what the runtime go keeps is not told from what the plugin leaves behind");
    return;
  }
  if (!threads_gone(before, context.back_seconds())) {
    context.error(fmt::format("after {} cycles {} more threads run; join them in quiesce", kCycles,
                              ProcessState::now().threads.size() - before.threads.size()));
  }
  const ProcessState after = ProcessState::now();
  if (after.descriptors.size() > before.descriptors.size()) {
    std::string target;
    for (const auto& [number, name] : after.descriptors) {
      if (!before.descriptors.contains(number)) target = name;
    }
    context.error(fmt::format("after {} cycles {} more descriptors are open, such as {}", kCycles,
                              after.descriptors.size() - before.descriptors.size(), target));
  }
  // Ours: the hosts that are kept, a page's worth each.
  constexpr std::size_t kOurs = 64 * 1024;
  constexpr int kCounted = kCycles - kCyclesBefore;
  const std::size_t grown = allocated_bytes() - std::min(bytes, allocated_bytes());
  if (grown > kOurs + kBytesPerCycleMax * kCounted) {
    context.error(fmt::format("each cycle leaves {} bytes behind", grown / kCounted));
  }
}

void check_life_broken_config(CheckContext& context) {
  const auto plugin = load_checked(context);
  if (!plugin) return;
  struct Broken {
    std::string what, config;
    Severity if_taken;
  };
  std::vector<Broken> all = {
      {"a text that is no JSON", "{", Severity::Error},
      {"a text that is no JSON", "{\"a\": nope}", Severity::Error},
      {"a list", "[]", Severity::Warning},
      {"a number", "7", Severity::Warning},
      {"a text", "\"x\"", Severity::Warning},
      {"bytes that are no UTF-8", "{\"\xff\xfe\": \"\x80\"}", Severity::Warning},
      {"a hundred thousand brackets", std::string(100'000, '['), Severity::Error},
      {"an unknown key", R"({"no such setting": 1})", Severity::Warning},
  };
  if (const auto config = parse_json(context.config); config && config->is_object()) {
    Value more = *config;
    more.set("no such setting", 1);
    all.push_back({"an unknown key", to_json(more), Severity::Warning});
    for (const auto& [key, value] : config->as_object()) {
      Value wrong = *config;
      wrong.set(key, value.is_object() ? Value("text") : Value::object());
      all.push_back({fmt::format("a wrong type for {}", key), to_json(wrong), Severity::Warning});
    }
  }
  for (const Broken& broken : all) {
    const std::string shown = broken.config.substr(0, 60);
    context.step(fmt::format("create with {}: {}", broken.what, shown));
    CheckedInstance instance(context, plugin, make_host(context));
    const Answer answer = instance.create(broken.config);
    if (!answer.ok()) continue;
    const std::string text = fmt::format("create takes {}: {}", broken.what, shown);
    if (context.manifest().kind == "operator") {
      context.note(text + "; that is of no consequence, operators are given {} only");
    } else if (broken.if_taken == Severity::Error) {
      context.error(text);
    } else {
      context.warning(text + "; refuse it with STORM_E_INVALID, so that a mistake is seen");
    }
    instance.destroy();
  }
  context.step("create with an empty text");
  CheckedInstance instance(context, plugin, make_host(context));
  if (instance.create("").ok()) instance.destroy();
}

void check_life_services_withheld(CheckContext& context) {
  const auto plugin = load_checked(context);
  if (!plugin) return;
  if (context.manifest().needs.empty()) {
    context.skip("it asks for no service");
    return;
  }
  for (const std::string& id : context.manifest().needs) {
    context.step("life without " + id);
    live_once(context, plugin, make_host(context, HostForm::Exact, id), false);
  }
  context.step("life without any service");
  live_once(context, plugin, RecordingHost::create({{}, context.config, HostForm::Exact}), false);
}

void check_life_newer_host(CheckContext& context) {
  const auto plugin = load_checked(context);
  if (!plugin) return;
  context.step("create by a host of the next minor, whose structs are longer");
  CheckedInstance instance(context, plugin, make_host(context, HostForm::Newer));
  const Answer created = instance.create(context.config);
  if (!created.ok()) {
    CheckedInstance usual(context, plugin, make_host(context));
    if (usual.create(context.config).ok()) {
      context.error("create fails with a host of the next minor: " + created.text());
    } else {
      context.skip("no instance can be made: " + created.text());
    }
    return;
  }
  if (instance.start().ok()) exercise(instance);
  instance.finish();
}

void check_life_borrowed(CheckContext& context) {
  const auto plugin = load_checked(context);
  if (!plugin) return;
  RecordingHost& host = make_host(context);
  PluginCall call(SystemClock(), STORM_T_CTL);
  Guarded raw(call.raw(), sizeof(storm_call));
  Guarded config(context.config);
  storm_inst* made = nullptr;
  context.step("create, with its arguments on pages that end with them");
  storm_rc code = STORM_OK;
  {
    const RecordingHost::ThreadClass in_class(STORM_T_CTL);
    code = plugin->descriptor->create(host.raw(), raw.as<storm_call>(), config.text(), &made);
  }
  raw.take_away();
  config.take_away();
  if (code < 0 || !made) {
    context.skip("no instance can be made");
    return;
  }
  context.step("start after the arguments of create are gone; copy what is kept");
  PluginCall second(SystemClock(), STORM_T_CTL);
  Guarded again(second.raw(), sizeof(storm_call));
  Guarded carried(std::string_view{});
  {
    const RecordingHost::ThreadClass in_class(STORM_T_CTL);
    code = plugin->descriptor->start(made, again.as<storm_call>(), carried.text());
  }
  again.take_away();
  carried.take_away();
  if (code >= 0 && context.manifest().kind == "executor") {
    context.step("describe after the arguments of start are gone; copy what is kept");
    const auto& table = *static_cast<const storm_executor_v1*>(plugin->table);
    PluginCall third(SystemClock(), STORM_T_WORK);
    const TextOut out;
    const RecordingHost::ThreadClass in_class(STORM_T_WORK);
    if (table.describe) table.describe(made, third.raw(), out.raw());
  }
  context.step("quiesce and destroy after the arguments of start are gone; copy what is kept");
  PluginCall last(SystemClock(), STORM_T_CTL);
  const TextOut state;
  const RecordingHost::ThreadClass in_class(STORM_T_CTL);
  plugin->descriptor->quiesce(made, last.raw(), state.raw());
  plugin->descriptor->destroy(made);
  host.end();
}

void check_life_deadline(CheckContext& context) {
  const auto plugin = load_checked(context);
  if (!plugin) return;
  CheckedInstance instance(context, plugin, make_host(context));
  if (const Answer created = instance.create(context.config); !created.ok()) {
    context.skip("no instance can be made: " + created.text());
    return;
  }
  context.step("start, when its deadline is over");
  const auto begin = std::chrono::steady_clock::now();
  const Answer started = instance.start({}, 1);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  if (took.count() > context.back_seconds()) {
    context.error(fmt::format("start takes {:.1f} s although its deadline is over", took.count()));
  }
  if (started.ok() && context.manifest().kind == "executor") {
    const auto& table = instance.table<storm_executor_v1>();
    context.step("describe, when its deadline is over");
    const TextOut out;
    if (table.describe) {
      instance.call(
          "describe", STORM_T_WORK,
          [&](const storm_call* raw) { return table.describe(instance.handle(), raw, out.raw()); },
          1);
    }
  }
  instance.finish();
}

void check_life_carried_state(CheckContext& context) {
  auto first = start_checked(context);
  if (!first) return;
  std::string state;
  context.step("quiesce");
  const Answer ended = first->quiesce(&state);
  first->destroy();
  if (!ended.ok()) {
    context.error("quiesce fails: " + ended.text());
    return;
  }
  CheckedInstance second(context, load_checked(context), make_host(context));
  context.step("start with what quiesce of the instance before it wrote");
  if (!second.create(context.config).ok()) return;
  if (const Answer started = second.start(state); !started.ok() && !started.unavailable()) {
    context.error("start does not take what quiesce of the instance before it wrote: " +
                  started.text());
  }
  second.finish();
  if (state.empty()) return;
  CheckedInstance third(context, load_checked(context), make_host(context));
  context.step("start with a carried state that is garbage");
  if (!third.create(context.config).ok()) return;
  third.start("\xff\x01 garbage {[");
  third.finish();
}

void check_life_end(CheckContext& context) {
  const ProcessState before = [&] {
    load_checked(context);
    return ProcessState::now();
  }();
  auto instance = start_checked(context);
  if (!instance) return;
  exercise(*instance);
  context.step("quiesce");
  instance->quiesce();
  if (!context.owns_process() && !threads_gone(before, context.back_seconds())) {
    context.error(fmt::format("quiesce leaves {} threads behind; join each before it returns",
                              ProcessState::now().threads.size() - before.threads.size()));
  }
  RecordingHost& host = instance->host();
  context.step("destroy");
  instance->destroy();
  context.step("waiting for calls after destroy");
  std::this_thread::sleep_for(std::chrono::duration<double>(kSettleSeconds));
  for (const Finding& breach : host.breaches()) {
    if (breach.text.find("after destroy") != std::string::npos) context.error(breach.text);
  }
}

void check_life_two_instances(CheckContext& context) {
  auto first = start_checked(context);
  if (!first) return;
  CheckedInstance second(context, load_checked(context), make_host(context));
  context.step("a second instance beside the first");
  const Answer created = second.create(context.config);
  if (!created.ok()) {
    context.error("a second instance cannot be made beside the first: " + created.text());
  } else {
    second.start();  // a store has one holder, so this may fail
    second.quiesce();
    second.destroy();
    context.step("the first instance, after the second is gone");
    exercise(*first);
  }
  first->finish();
}

void check_life_process(CheckContext& context) {
  if (context.owns_process()) {
    context.skip("a plugin with the runtime go is alone in its process");
    return;
  }
  load_checked(context);
  const ProcessState before = ProcessState::now();
  auto instance = start_checked(context);
  if (!instance) return;
  exercise(*instance);
  instance->finish();
  const ProcessState after = ProcessState::now();
  const auto differs = [&](std::string_view what, bool same) {
    if (!same) {
      context.error(
          fmt::format("an instance changes {} of the process, which is the host's", what));
    }
  };
  differs("the signal handlers", before.caught_signals == after.caught_signals &&
                                     before.ignored_signals == after.ignored_signals);
  differs("the locale", before.locale == after.locale);
  differs("the umask", before.umask == after.umask);
  differs("the current folder", before.folder == after.folder);
  differs("the environment", before.environment == after.environment);
}

void check_thread_classes(CheckContext& context) {
  auto instance = start_checked(context);
  if (!instance) return;
  RecordingHost& host = instance->host();
  exercise(*instance);
  instance->finish();
  for (const Finding& breach : host.breaches()) {
    if (breach.severity == Severity::Error) {
      context.error(breach.text);
    } else {
      context.warning(breach.text);
    }
  }
}

}  // namespace storm::plugin_check
