#include "plugin_check/checked_instance.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>

#include "core/plugin_host/abi_text.hpp"

namespace storm::plugin_check {

std::string Answer::text() const {
  if (!fault || fault->message.empty()) return name_of_code(code);
  return name_of_code(code) + ": " + fault->message;
}

std::shared_ptr<const LoadedPlugin> load_checked(CheckContext& context) {
  // For ever: nothing of a plugin is taken out of a process.
  static LibraryRegistry& libraries = *new LibraryRegistry;
  context.step("mapping it");
  auto loaded = load_plugin(context.manifest(), libraries, MappedInto::OwnProcess);
  if (loaded) return std::move(*loaded);
  context.error(loaded.error().message);
  return nullptr;
}

Answer CheckedInstance::call(std::string_view what, std::uint32_t thread_class,
                             const std::function<storm_rc(const storm_call*)>& function,
                             std::int64_t timeout_ns, PluginCall* given) {
  std::optional<PluginCall> own;
  if (!given) given = &own.emplace(clock_, thread_class, timeout_ns);
  const RecordingHost::ThreadClass in_class(thread_class);
  Answer answer;
  try {
    answer.code = function(given->raw());
  } catch (const std::exception& error) {
    context_.error(fmt::format("{} let an exception out of the plugin: {}", what, error.what()));
    answer.code = STORM_E_INTERNAL;
    return answer;
  } catch (...) {
    context_.error(fmt::format("{} let an exception out of the plugin", what));
    answer.code = STORM_E_INTERNAL;
    return answer;
  }
  answer.fault = given->fault();
  if (!answer.ok() && expect_faults_) {
    // Of what the host itself refused, and of an end that it asked for, it needs no description.
    const bool told = answer.code == STORM_E_CANCELLED || answer.code == STORM_E_FENCED ||
                      answer.code == STORM_E_BUSY || answer.code == STORM_E_DEADLINE;
    if (!answer.fault && !told) {
      context_.warning(
          fmt::format("{} answers {} and gives no reason; describe it by "
                      "storm_host.fail",
                      what, name_of_code(answer.code)));
    } else if (answer.fault && answer.fault->code != answer.code) {
      context_.warning(fmt::format("{} answers {} and describes {}", what,
                                   name_of_code(answer.code), name_of_code(answer.fault->code)));
    }
  }
  if (answer.code < STORM_E_INTERNAL) {
    context_.warning(fmt::format("{} answers {}, which is no code of the ABI", what, answer.code));
  }
  return answer;
}

Answer CheckedInstance::create(std::string_view config) {
  storm_inst* made = nullptr;
  Answer answer = call("create", STORM_T_CTL, [&](const storm_call* raw) {
    return plugin_->descriptor->create(host_.raw(), raw, to_abi(config), &made);
  });
  handle_ = answer.ok() ? made : nullptr;
  if (answer.ok() && !made) {
    context_.error("create answers success and gives no instance");
    answer.code = STORM_E_INTERNAL;
  }
  return answer;
}

Answer CheckedInstance::start(std::string_view carried, std::int64_t timeout_ns) {
  return call(
      "start", STORM_T_CTL,
      [&](const storm_call* raw) {
        return plugin_->descriptor->start(handle_, raw, to_abi(carried));
      },
      timeout_ns);
}

Answer CheckedInstance::quiesce(std::string* carried) {
  TextOut out;
  const Answer answer = call("quiesce", STORM_T_CTL, [&](const storm_call* raw) {
    return plugin_->descriptor->quiesce(handle_, raw, out.raw());
  });
  if (carried) *carried = out.text();
  return answer;
}

void CheckedInstance::destroy() {
  call("destroy", STORM_T_CTL, [&](const storm_call*) {
    plugin_->descriptor->destroy(handle_);
    return STORM_OK;
  });
  handle_ = nullptr;
  host_.end();
}

void CheckedInstance::finish() {
  context_.step("quiesce");
  const Answer ended = quiesce();
  if (!ended.ok()) context_.error("quiesce fails: " + ended.text());
  context_.step("destroy");
  destroy();
}

std::unique_ptr<CheckedInstance> start_checked(CheckContext& context) {
  auto plugin = load_checked(context);
  if (!plugin) return nullptr;
  RecordingHost& host =
      RecordingHost::create({context.manifest().needs, context.config, HostForm::Exact});
  auto instance = std::make_unique<CheckedInstance>(context, std::move(plugin), host);
  context.step("create");
  const Answer created = instance->create(context.config);
  if (!created.ok()) {
    context.skip("no instance can be made: " + created.text());
    return nullptr;
  }
  context.step("start");
  const Answer started = instance->start();
  if (!started.ok()) {
    context.skip("the instance cannot be started: " + started.text());
    instance->destroy();
    return nullptr;
  }
  return instance;
}

struct RunningCall::Shared {
  explicit Shared(const Clock& clock, std::uint32_t thread_class) : call(clock, thread_class) {}

  PluginCall call;
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<Answer> answer;  // Guarded by mutex.
};

RunningCall::RunningCall(CheckedInstance& instance, std::string what, std::uint32_t thread_class,
                         Function function)
    : instance_(instance),
      what_(std::move(what)),
      shared_(std::make_shared<Shared>(instance.clock(), thread_class)),
      thread_([shared = shared_, &instance, what = what_, thread_class,
               function = std::move(function)] {
        Answer answer = instance.call(what, thread_class, function, 0, &shared->call);
        const std::lock_guard lock(shared->mutex);
        shared->answer = std::move(answer);
        shared->changed.notify_all();
      }) {}

RunningCall::~RunningCall() {
  if (thread_.joinable()) end();
}

bool RunningCall::wait(double seconds) {
  std::unique_lock lock(shared_->mutex);
  return shared_->changed.wait_for(lock, std::chrono::duration<double>(seconds),
                                   [&] { return shared_->answer.has_value(); });
}

void RunningCall::cancel() { shared_->call.cancel(); }

void RunningCall::end() {
  cancel();
  const bool back = wait(instance_.context().back_seconds());
  if (!thread_.joinable()) return;
  if (back) {
    thread_.join();
  } else {
    // Its thread uses all there is here, so this process can do nothing more.
    instance_.context().error(fmt::format("{} is not back {} s after it was cancelled", what_,
                                          instance_.context().back_seconds()));
    instance_.context().done();
    _exit(0);
  }
}

Answer RunningCall::answer() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->answer.value_or(Answer{});
}

storm_rc TextOut::write(const storm_out* out, storm_str chunk) noexcept {
  auto& self = *static_cast<TextOut*>(out->ctx);
  if (chunk.n > self.limit_ - self.text_.size()) return STORM_E_QUOTA;
  self.text_.append(text_of(chunk));
  return STORM_OK;
}

}  // namespace storm::plugin_check
