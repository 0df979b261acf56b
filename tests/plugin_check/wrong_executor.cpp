// An executor that keeps every rule, and as a variant breaks the one of its name. Written against
// the C headers: the C++ glue would not let most of this happen.
#include <fcntl.h>
#include <poll.h>
#include <time.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include "storm/executor.h"

struct storm_inst {
  const storm_host* host = nullptr;
  storm_str borrowed = {};
  storm_str scope = {};
  std::string name;
  std::thread thread;
  std::atomic<bool> stopping = false;
  std::atomic<std::uint64_t> epoch = 0;
};

extern "C" const char* const wrong_variant;  // written by CMake, one for each plugin

namespace {

char* volatile leaked;  // so that the compiler believes that somebody wants it

bool is(const char* variant) { return std::strcmp(wrong_variant, variant) == 0; }

storm_str str(const char* text) { return {text, std::strlen(text)}; }

storm_rc fail(const storm_host* host, const storm_call* call, storm_rc code, const char* message) {
  if (is("fails_in_silence")) return code;
  storm_fault fault{};
  fault.size = sizeof fault;
  fault.code = code;
  fault.message = str(message);
  host->fail(host, call->err, &fault);
  return code;
}

template <typename T>
const T* service(const storm_host* host, const char* id) {
  return static_cast<const T*>(host->service(host, id));
}

void say(const storm_host* host, const char* text) {
  const auto* log = service<storm_log_v1>(host, STORM_HOST_LOG_V1);
  if (log || is("needs_log")) log->write(host, STORM_LOG_INFO, str(""), str(text));
}

void wait(std::int64_t ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

// Until the call is cancelled.
void wait_for_cancel(storm_inst* self, const storm_call* call) {
  if (is("ignores_cancel")) wait(600'000);
  const auto* calls = service<storm_calls_v1>(self->host, STORM_HOST_CALLS_V1);
  if (!calls) return;
  pollfd waiting{calls->cancel_fd(self->host, call), POLLIN, 0};
  ::poll(&waiting, 1, 600'000);
}

__attribute__((constructor)) void mapped() {
  if (is("thread_at_load")) std::thread([] { wait(600'000); }).detach();
  if (is("file_at_load")) ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (is("signal_at_load")) std::signal(SIGUSR1, SIG_IGN);
  if (is("environment_at_load")) ::setenv("WRONG_EXECUTOR", "1", 1);
  if (!is("slow_load")) return;
  timespec now{};
  do {
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  } while (now.tv_sec < 2);
}

storm_rc create(const storm_host* host, const storm_call* call, storm_str config,
                storm_inst** out) {
  const std::string text(config.p ? config.p : "", config.n);
  const bool good = text.empty() || text == "{}";
  if (is("dies_of_config") && !good) std::abort();
  if (!good && !is("takes_anything")) {
    return fail(host, call, STORM_E_INVALID, "config: only {} is known");
  }
  if (is("reads_behind_host") && host->size > sizeof *host) {
    using Function = void (*)();
    Function behind = nullptr;
    std::memcpy(&behind, host + 1, sizeof behind);
    behind();
  }
  if (is("leaks_memory")) leaked = new char[1000];
  if (is("leaks_descriptors")) ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  *out = new storm_inst;
  (*out)->host = host;
  (*out)->borrowed = config;
  (*out)->name.assign(host->instance.p, host->instance.n);
  say(host, "made");
  return STORM_OK;
}

void live(storm_inst* self) {
  const auto* threads = service<storm_threads_v1>(self->host, STORM_HOST_THREADS_V1);
  if (threads && !is("nameless_thread")) threads->enter(self->host, str("own"));
  say(self->host, "alive");
  while (!self->stopping) wait(1);
  if (threads && !is("nameless_thread")) threads->leave(self->host);
}

storm_rc start(storm_inst* self, const storm_call*, storm_str) {
  if (is("keeps_config") && self->borrowed.n > 0 && self->borrowed.p[0] != '{') {
    return STORM_E_INTERNAL;
  }
  if (is("signal_in_start")) std::signal(SIGUSR2, SIG_IGN);
  if (is("writes_output")) {
    std::puts("started");
    std::fflush(stdout);
  }
  self->thread = std::thread([self] { live(self); });
  return STORM_OK;
}

storm_rc quiesce(storm_inst* self, const storm_call*, const storm_out*) {
  if (is("leaves_thread")) std::thread([] { wait(600'000); }).detach();
  self->stopping = true;
  if (self->thread.joinable()) self->thread.join();
  return STORM_OK;
}

void destroy(storm_inst* self) {
  if (is("calls_after_destroy")) {
    const storm_host* const host = self->host;
    std::thread([host] {
      wait(50);
      say(host, "still here");
    }).detach();
  }
  delete self;
}

storm_rc describe(storm_inst* self, const storm_call* call, const storm_out* out) {
  if (is("keeps_scope") && self->scope.n > 0 && self->scope.p[0] != 'l') return STORM_E_INTERNAL;
  const char* const text =
      is("describes_nothing")
          ? "{}"
          : R"({"agent_type": "wrong", "scopes": ["left"], "types": ["thing"]})";
  const storm_rc written = out->write(out, str(text));
  if (written >= 0 || is("ignores_sink")) return STORM_OK;
  return fail(self->host, call, written, "the result was not taken");
}

storm_rc publish(storm_inst* self, storm_str scope, const storm_call* call,
                 const storm_feed* feed) {
  const std::uint64_t epoch = ++self->epoch;
  const std::string uid = is("never_the_same") ? "thing-" + std::to_string(epoch) : "thing";
  storm_resource thing{};
  thing.size = sizeof thing;
  thing.uid = {uid.data(), uid.size()};
  thing.type = str("thing");
  thing.revision = is("falling_revision") ? 1000 - epoch : epoch;
  thing.snapshot_json = is("wrong_batch") ? str("{\"a\": nope}") : str("{}");
  storm_batch batch{};
  batch.size = sizeof batch;
  batch.flags = STORM_B_SYNC_BEGIN | STORM_B_SYNC_END;
  batch.scope = scope;
  batch.epoch = epoch;
  batch.upserts = {&thing, 1, sizeof thing};
  batch.bookmark = str("here");
  return feed->publish(feed, call, &batch);
}

storm_rc watch(storm_inst* self, const storm_call* call, storm_str scope, storm_str bookmark,
               const storm_feed* feed) {
  if (is("keeps_scope")) self->scope = scope;
  if (is("fails_on_bookmark") && bookmark.n > 0) {
    return fail(self->host, call, STORM_E_INVALID, "what is this bookmark?");
  }
  storm_rc code = publish(self, scope, call, feed);
  if (is("ignores_fence")) {
    const auto* calls = service<storm_calls_v1>(self->host, STORM_HOST_CALLS_V1);
    while (calls && calls->cancelled(self->host, call) == STORM_OK) wait(1);
    return STORM_OK;
  }
  if (code == STORM_E_FENCED || code == STORM_E_CANCELLED) return STORM_OK;
  if (code < 0) return code;
  wait_for_cancel(self, call);
  return STORM_OK;
}

storm_rc invoke(storm_inst* self, const storm_call* call, const storm_op*, const storm_out*) {
  if (is("dies_in_invoke")) std::raise(SIGSEGV);
  if (is("hangs_in_invoke")) wait(600'000);
  if (is("ends_in_invoke")) std::_Exit(3);
  if (is("invokes_anything")) return STORM_OK;
  return fail(self->host, call, STORM_E_NOT_FOUND, "no such procedure");
}

constexpr storm_executor_v1 kTable = {
    sizeof(storm_executor_v1), 0, &describe, nullptr, &watch, &invoke, nullptr};
constexpr const char* kProvides[] = {STORM_EXECUTOR_V1, nullptr};

const void* iface(const char* id) {
  const std::size_t size = is("loose_iface") ? std::strlen("storm.executor/") : 64;
  return std::strncmp(id, STORM_EXECUTOR_V1, size) == 0 ? &kTable : nullptr;
}

storm_plugin make() {
  storm_plugin p{};
  p.size = sizeof p;
  p.abi_major = STORM_ABI_MAJOR;
  p.abi_minor = STORM_ABI_MINOR;
  p.id = str("executor.wrong");
  p.version = str("1.0.0");
  p.provides = kProvides;
  p.iface = &iface;
  p.create = &create;
  p.start = &start;
  p.quiesce = &quiesce;
  p.destroy = &destroy;
  return p;
}

}  // namespace

STORM_EXPORT const storm_plugin* storm_entry_wrong(std::uint32_t major, std::uint32_t) {
  static const storm_plugin plugin = make();
  if (major != STORM_ABI_MAJOR && !is("eager_entry")) return nullptr;
  if (is("forgetful_entry")) return new storm_plugin(make());
  return &plugin;
}
