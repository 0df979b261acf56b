#include "core/runner/isolated_plugin.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <utility>

#include "core/plugin_host/abi_text.hpp"
#include "core/plugin_host/plugin_call.hpp"
#include "core/plugin_host/plugin_instance.hpp"
#include "core/runner/build_identity.hpp"
#include "core/runner/sandbox.hpp"

namespace storm::runner {
namespace {

constexpr std::int64_t kDestroyTimeout = 1 * kNanosecondsPerSecond;
constexpr std::int64_t kSlack = 300 * kNanosecondsPerMillisecond;  // of the kernel, to reap

MonoTime now() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// No two registrations of a life of stormd, nor of two, have the same.
std::uint64_t next_epoch() {
  static_assert(sizeof(std::uint64_t) == sizeof(MonoTime));
  return static_cast<std::uint64_t>(SystemClock().wall_now());
}

void copy_fault(const PluginCall& from, const storm_call* to, std::int64_t wait_ns) {
  const std::optional<PluginFault> said = from.fault();
  if (!said || !to->err) return;
  storm_fault fault{};
  fault.size = sizeof fault;
  fault.code = said->code;
  fault.retry = said->retry;
  fault.layer = said->layer;
  fault.retry_after_ms = said->retry_after_ms;
  if (fault.retry_after_ms == 0) {
    fault.retry_after_ms = static_cast<std::uint64_t>(wait_ns / kNanosecondsPerMillisecond);
  }
  fault.message = to_abi(said->message);
  fault.provider_code = to_abi(said->provider_code);
  fault.detail_json = to_abi(said->detail_json);
  to->err->set(fault);
}

}  // namespace

// The functions of the table. An instance stands for its plugin.
struct IsolatedPlugin::Functions {
  static IsolatedPlugin& self(storm_inst* instance) {
    return *reinterpret_cast<IsolatedPlugin*>(instance);
  }
  static Call request(Function function, std::uint32_t thread_class) {
    Call call;
    call.function = function;
    call.thread_class = thread_class;
    return call;
  }

  static storm_rc describe(storm_inst* instance, const storm_call* call,
                           const storm_out* out) noexcept {
    return self(instance).forward(request(Function::Describe, STORM_T_WORK), call, nullptr, out);
  }
  static storm_rc sync(storm_inst* instance, const storm_call* call, storm_str scope,
                       const storm_feed* feed) noexcept {
    Call asked = request(Function::Sync, STORM_T_WORK);
    asked.scope = text_of(scope);
    return self(instance).forward(asked, call, feed, nullptr);
  }
  static storm_rc watch(storm_inst* instance, const storm_call* call, storm_str scope,
                        storm_str bookmark, const storm_feed* feed) noexcept {
    Call asked = request(Function::Watch, STORM_T_WATCH);
    asked.scope = text_of(scope);
    asked.text = text_of(bookmark);
    return self(instance).forward(asked, call, feed, nullptr);
  }
  template <Function kFunction>
  static storm_rc operation(storm_inst* instance, const storm_call* call, const storm_op* op,
                            const storm_out* out) noexcept {
    Call asked = request(kFunction, STORM_T_WORK);
    std::copy(std::begin(call->op_id), std::end(call->op_id), asked.op_id.begin());
    asked.procedure = text_of(op->procedure);
    asked.target = text_of(op->target_uid);
    asked.params = text_of(op->params_json);
    asked.token = text_of(op->recovery_token);
    asked.flags = op->flags;
    return self(instance).forward(asked, call, nullptr, out);
  }
};

Result<std::shared_ptr<IsolatedPlugin>> IsolatedPlugin::start(Options options) {
  std::shared_ptr<IsolatedPlugin> plugin(new IsolatedPlugin(std::move(options)));
  const std::int64_t left = plugin->options_.policy->left(now(), plugin->build());
  if (plugin->options_.policy->quarantined()) {
    return Error{Errc::Unavailable,
                 fmt::format("{}: it is in quarantine: {}", plugin->options_.services->instance(),
                             plugin->options_.policy->reason())};
  }
  static_cast<void>(left);  // Whoever starts it anew does so when he wants to.
  storm_cancel nobody;
  auto session = STORM_TRY(plugin->spawn(nobody));
  const auto has = [&](Function function) {
    return (session->functions() & (1U << static_cast<unsigned>(function))) != 0;
  };
  storm_executor_v1& table = plugin->table_;
  table.size = sizeof table;
  if (has(Function::Describe)) table.describe = &Functions::describe;
  if (has(Function::Sync)) table.sync = &Functions::sync;
  if (has(Function::Watch)) table.watch = &Functions::watch;
  if (has(Function::Invoke)) table.invoke = &Functions::operation<Function::Invoke>;
  if (has(Function::Recover)) table.recover = &Functions::operation<Function::Recover>;
  const std::lock_guard lock(plugin->mutex_);
  plugin->session_ = std::move(session);
  return plugin;
}

IsolatedPlugin::IsolatedPlugin(Options options) : options_(std::move(options)) {}

IsolatedPlugin::~IsolatedPlugin() = default;

Result<std::shared_ptr<RunnerSession>> IsolatedPlugin::spawn(storm_cancel& cancel) {
  const Manifest& manifest = options_.manifest;
  const std::string file = manifest.file.string();
  const std::string library = manifest.library.string();
  Setup setup;
  setup.manifest = file;
  setup.library = library;
  setup.entry = manifest.entry;
  setup.id = manifest.id;
  setup.kind = manifest.kind;
  setup.name = manifest.name;
  setup.plugin_version = manifest.version;
  setup.runtime = manifest.runtime;
  setup.abi_major = manifest.abi_major;
  setup.abi_built = manifest.abi_built;
  setup.abi_min = manifest.abi_min;
  setup.provides.assign(manifest.provides.begin(), manifest.provides.end());
  setup.needs.assign(manifest.needs.begin(), manifest.needs.end());
  setup.instance = options_.services->instance();
  setup.host_version = options_.version;
  setup.config_json = options_.services->config_json();
  setup.log_level = options_.services->log().level();
  setup.memory_bytes = manifest.limits.memory_bytes;
  setup.tasks = manifest.limits.tasks;
  setup.nofile = manifest.limits.nofile;
  if (manifest.sandbox.private_user && ::geteuid() == 0) {
    setup.user = private_user_of(options_.services->instance());
  }
  RunnerSession::Options session;
  session.program = options_.program;
  session.version = options_.version;
  session.epoch = next_epoch();
  session.services = options_.services;
  session.patience = options_.patience;
  session.on_death = [policy = options_.policy, build = build()](const std::string& reason,
                                                                 std::int64_t life) {
    return policy->died(now(), life, build, reason);
  };
  {
    const std::lock_guard lock(mutex_);
    ++generation_;
  }
  auto started = STORM_TRY(RunnerSession::start(std::move(session), setup, cancel));
  return std::shared_ptr<RunnerSession>(std::move(started));
}

std::string IsolatedPlugin::build() const {
  const auto plugin = build_identity(options_.manifest.library);
  return fmt::format("{}/{}", plugin ? *plugin : "?", file_identity(options_.program));
}

std::shared_ptr<RunnerSession> IsolatedPlugin::current() const {
  const std::lock_guard lock(mutex_);
  return session_;
}

std::int64_t IsolatedPlugin::left_ns(const storm_call* call) const {
  if (call->deadline_mono_ns == INT64_MAX) return INT64_MAX;
  return std::max<std::int64_t>(1, call->deadline_mono_ns - options_.services->clock().mono_now());
}

storm_rc IsolatedPlugin::create(const storm_host*, const storm_call* call, storm_str config,
                                storm_inst** out) {
  {
    const std::lock_guard lock(mutex_);
    config_json_ = text_of(config);
  }
  Call request = Functions::request(Function::Create, STORM_T_CTL);
  request.text = text_of(config);
  request.left_ns = left_ns(call);
  const storm_rc code = current()->call(request, call, nullptr, nullptr);
  if (code >= 0) *out = reinterpret_cast<storm_inst*>(this);
  return code;
}

storm_rc IsolatedPlugin::start(storm_inst*, const storm_call* call, storm_str carried) {
  Call request = Functions::request(Function::Start, STORM_T_CTL);
  request.text = text_of(carried);
  request.left_ns = left_ns(call);
  const storm_rc code = current()->call(request, call, nullptr, nullptr);
  if (code >= 0) {
    const std::lock_guard lock(mutex_);
    begun_ = true;
  }
  return code;
}

storm_rc IsolatedPlugin::reconfigure(storm_inst*, const storm_call* call, storm_str config) {
  storm_rc code = STORM_E_UNAVAILABLE;
  const std::shared_ptr<RunnerSession> session = alive(call, code);
  if (!session) return code;
  if ((session->functions() & (1U << static_cast<unsigned>(Function::Reconfigure))) == 0) {
    return STORM_E_UNSUPPORTED;
  }
  Call request = Functions::request(Function::Reconfigure, STORM_T_CTL);
  request.text = text_of(config);
  request.left_ns = left_ns(call);
  code = session->call(request, call, nullptr, nullptr);
  if (code >= 0) {
    const std::lock_guard lock(mutex_);
    config_json_ = text_of(config);
  }
  return code;
}

storm_rc IsolatedPlugin::quiesce(storm_inst*, const storm_call* call, const storm_out* carried) {
  {
    const std::lock_guard lock(mutex_);
    begun_ = false;
  }
  const std::shared_ptr<RunnerSession> session = current();
  if (!session || session->dead()) return STORM_OK;  // all of its work has ended
  Call request = Functions::request(Function::Quiesce, STORM_T_CTL);
  request.left_ns = left_ns(call);
  return session->call(request, call, nullptr, carried);
}

void IsolatedPlugin::destroy(storm_inst*) {
  std::shared_ptr<RunnerSession> session;
  {
    const std::lock_guard lock(mutex_);
    begun_ = false;
    session = std::move(session_);
  }
  if (!session || session->dead()) return;
  PluginCall call(options_.services->clock(), STORM_T_CTL);
  Call request = Functions::request(Function::Destroy, STORM_T_CTL);
  request.left_ns = kDestroyTimeout;
  session->call(request, call.raw(), nullptr, nullptr);
}

std::int64_t IsolatedPlugin::patience() const {
  const Patience& patience = options_.patience;
  return std::chrono::nanoseconds(patience.after_deadline + patience.after_terminate).count() +
         kSlack;
}

std::optional<ProcessState> IsolatedPlugin::process() const {
  ProcessState state;
  state.quarantined = options_.policy->quarantined();
  state.reason = options_.policy->reason();
  const std::lock_guard lock(mutex_);
  state.generation = generation_;
  if (session_ && !session_->dead()) state.pid = session_->pid();
  return state;
}

storm_rc IsolatedPlugin::forward(Call request, const storm_call* call, const storm_feed* feed,
                                 const storm_out* out) {
  storm_rc code = STORM_E_UNAVAILABLE;
  const std::shared_ptr<RunnerSession> session = alive(call, code);
  if (!session) return code;
  request.left_ns = left_ns(call);
  return session->call(request, call, feed, out);
}

std::shared_ptr<RunnerSession> IsolatedPlugin::alive(const storm_call* call, storm_rc& code) {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (session_ && !session_->dead()) return session_;
    if (!begun_) {
      code = STORM_E_CANCELLED;
      return nullptr;
    }
    if (!spawning_) break;
    // Somebody else starts it; to be told of a cancellation meanwhile is worth a look now and then.
    changed_.wait_for(lock, std::chrono::milliseconds(50));
    if (call->cancel->cancelled()) {
      code = STORM_E_CANCELLED;
      return nullptr;
    }
  }
  const std::int64_t left = options_.policy->left(now(), build());
  if (left > 0) {
    const bool quarantined = options_.policy->quarantined();
    lock.unlock();
    code = unavailable(call,
                       quarantined ? "it is in quarantine: " + options_.policy->reason()
                                   : options_.policy->reason(),
                       left);
    return nullptr;
  }
  spawning_ = true;
  const std::shared_ptr<RunnerSession> old = std::move(session_);
  lock.unlock();
  std::shared_ptr<RunnerSession> session = next_generation(call, code);
  lock.lock();
  spawning_ = false;
  if (begun_) session_ = session;
  lock.unlock();
  changed_.notify_all();
  return session;
}

std::shared_ptr<RunnerSession> IsolatedPlugin::next_generation(const storm_call* call,
                                                               storm_rc& code) {
  auto spawned = spawn(*call->cancel);
  if (!spawned) {
    code = unavailable(
        call, spawned.error().message,
        std::max(options_.policy->left(now(), build()), options_.policy->could_not_start(now())));
    return nullptr;
  }
  std::shared_ptr<RunnerSession> session = std::move(*spawned);
  std::string config;
  {
    const std::lock_guard lock(mutex_);
    config = config_json_;
  }
  for (const Function function : {Function::Create, Function::Start}) {
    const auto step =
        std::make_shared<PluginCall>(options_.services->clock(), STORM_T_CTL, kStartTimeout);
    call->cancel->on_cancel([step] { step->cancel(); });
    Call request = Functions::request(function, STORM_T_CTL);
    if (function == Function::Create) request.text = config;
    request.left_ns = kStartTimeout;
    code = session->call(request, step->raw(), nullptr, nullptr);
    call->cancel->on_cancel(nullptr);
    if (code >= 0) continue;
    const std::int64_t wait = session->dead() ? options_.policy->left(now(), build())
                                              : options_.policy->could_not_start(now());
    copy_fault(*step, call, wait);
    return nullptr;
  }
  options_.services->log().info("its process was started again (pid {})", session->pid());
  return session;
}

storm_rc IsolatedPlugin::unavailable(const storm_call* call, const std::string& message,
                                     std::int64_t wait) const {
  storm_fault fault{};
  fault.size = sizeof fault;
  fault.code = STORM_E_UNAVAILABLE;
  fault.retry = STORM_RETRY_LATER;
  fault.layer = STORM_LAYER_PLUGIN;
  fault.retry_after_ms = static_cast<std::uint64_t>(wait / kNanosecondsPerMillisecond + 1);
  fault.message = to_abi(message);
  if (call->err) call->err->set(fault);
  return STORM_E_UNAVAILABLE;
}

}  // namespace storm::runner
