#include "core/runner/plugin_server.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <limits>
#include <system_error>
#include <thread>
#include <utility>

#include "core/document/json.hpp"
#include "core/plugin_host/abi_text.hpp"
#include "core/plugin_host/discovery_reader.hpp"
#include "core/plugin_host/plugin_call.hpp"
#include "core/runner/sandbox.hpp"

namespace storm::runner {
namespace {

constexpr double kLogLinesPerSecond = 100;  // then they are counted and dropped
constexpr double kLogLinesBurst = 500;
constexpr double kStatusesPerSecond = 50;  // then only the last counts, at the next occasion
constexpr double kStatusesBurst = 50;
constexpr int kExitLost = 70;  // stormd said something that cannot be understood

Manifest manifest_of(const Setup& setup) {
  Manifest manifest;
  manifest.file = setup.manifest;
  manifest.id = setup.id;
  manifest.kind = setup.kind;
  manifest.name = setup.name;
  manifest.version = setup.plugin_version;
  manifest.abi_major = setup.abi_major;
  manifest.abi_built = setup.abi_built;
  manifest.abi_min = setup.abi_min;
  manifest.library = setup.library;
  manifest.entry = setup.entry;
  manifest.runtime = setup.runtime;
  manifest.provides.assign(setup.provides.begin(), setup.provides.end());
  manifest.needs.assign(setup.needs.begin(), setup.needs.end());
  return manifest;
}

storm_rc code_of(Errc code) {
  switch (code) {
    case Errc::InvalidArgument:
      return STORM_E_INVALID;
    case Errc::NotFound:
      return STORM_E_NOT_FOUND;
    case Errc::Conflict:
      return STORM_E_CONFLICT;
    case Errc::Io:
      return STORM_E_CORRUPT;
    default:
      return STORM_E_INTERNAL;
  }
}

FaultWords words_of(const PluginFault& fault) {
  return {fault.code,    fault.retry,         fault.layer,      fault.retry_after_ms,
          fault.message, fault.provider_code, fault.detail_json};
}

struct Output {
  std::string text;
  static storm_rc write(const storm_out* out, storm_str chunk) {
    std::string& text = static_cast<Output*>(out->ctx)->text;
    if (chunk.n > kOutputBytesMax - text.size()) return STORM_E_QUOTA;
    text.append(text_of(chunk));
    return STORM_OK;
  }
};

}  // namespace

// One call of the plugin. Its texts lie in the frame. Held by the table and by its own thread.
struct PluginServer::OpenCall {
  OpenCall(Frame from, std::uint64_t number, const Call& asked, const Clock& clock)
      : frame(std::move(from)),
        id(number),
        request(asked),
        call(clock, asked.thread_class,
             asked.left_ns == INT64_MAX ? 0 : std::max<std::int64_t>(1, asked.left_ns)) {}

  const Frame frame;
  const std::uint64_t id;
  const Call request;
  PluginCall call;
  std::mutex turn;  // one batch after the other

  std::mutex mutex;
  std::condition_variable answered;
  std::optional<storm_rc> answer;  // Guarded by mutex.
};

// Takes the lines of the plugin's log to stormd.
class PluginServer::LogSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit LogSink(PluginServer& server) : server_(server) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    server_.log(static_cast<std::int32_t>(message.level),
                {message.payload.data(), message.payload.size()});
  }
  void flush_() override {}

 private:
  PluginServer& server_;
};

PluginServer::PluginServer(Descriptor socket, std::string version)
    : socket_(std::move(socket)),
      version_(std::move(version)),
      clock_(std::make_shared<SystemClock>()),
      log_lines_(kLogLinesPerSecond, kLogLinesBurst),
      statuses_(kStatusesPerSecond, kStatusesBurst) {}

int PluginServer::serve() {
  // Mapping a library runs its code on this thread, which may not come back to the socket.
  std::thread([descriptor = socket_.descriptor()] {
    pollfd end = {descriptor, POLLRDHUP, 0};
    while (::poll(&end, 1, -1) < 0 && errno == EINTR) {
    }
    ::_exit(0);
  }).detach();
  Result<void> served = greet();
  while (served) {
    Result<std::optional<Frame>> frame = socket_.receive(true);
    served = frame ? take(std::move(**frame)) : Result<void>(std::move(frame).error());
  }
  if (served.error().code == Errc::Unavailable) return 0;  // nobody is there any more
  fmt::print(stderr, "storm-plugin-runner: {}\n", served.error().message);
  return kExitLost;
}

Result<void> PluginServer::greet() {
  const Message hello{0, 0, Hello{kProtocol, version_}};
  STORM_TRY(write_message(hello, [this](Bytes bytes) { return socket_.send(bytes, -1); }));
  const auto first = STORM_TRY(socket_.receive(true));
  const Message answer = STORM_TRY(read_message(first->bytes()));
  const auto* const theirs = std::get_if<Hello>(&answer.body);
  if (!theirs) return Error{Errc::PluginFault, "stormd did not greet first"};
  if (theirs->protocol != kProtocol) {
    return Error{Errc::PluginFault,
                 fmt::format("stormd {} speaks protocol {}, this runner {}; reinstall stormd's "
                             "own package",
                             theirs->version, theirs->protocol, kProtocol)};
  }
  const auto second = STORM_TRY(socket_.receive(true));
  return set_up(STORM_TRY(read_message(second->bytes())));
}

Result<void> PluginServer::set_up(const Message& message) {
  const auto* const setup = std::get_if<Setup>(&message.body);
  if (!setup) return Error{Errc::PluginFault, "stormd did not say which plugin"};
  epoch_ = message.epoch;
  if (Result<void> mapped = map_plugin(*setup); !mapped) {
    FaultWords fault;
    fault.code = code_of(mapped.error().code);
    fault.layer = STORM_LAYER_PLUGIN;
    fault.message = mapped.error().message;
    finish(message.call, fault.code, fault, {});
    return {};
  }
  finish(message.call, STORM_OK, std::nullopt, {}, functions());
  return {};
}

Result<void> PluginServer::map_plugin(const Setup& setup) {
  Value config = STORM_TRY(parse_json(setup.config_json));
  HostServices::Options options;
  options.instance = setup.instance;
  options.host_version = setup.host_version;
  options.needs.assign(setup.needs.begin(), setup.needs.end());
  options.config = std::move(config);
  options.clock = clock_;
  options.log = std::make_shared<spdlog::logger>("plugin", std::make_shared<LogSink>(*this));
  options.log->set_level(static_cast<spdlog::level::level_enum>(
      std::clamp<std::int32_t>(setup.log_level, spdlog::level::trace, spdlog::level::off)));
  options.threads_announce_themselves = setup.runtime == "native";
  options.tell_status = [this](const SourceStatus& status) { tell_status(status); };
  services_ = std::make_unique<HostServices>(std::move(options));
  STORM_TRY(enter_sandbox({setup.memory_bytes, setup.tasks, setup.nofile, setup.user}));
  plugin_ = STORM_TRY(load_plugin(manifest_of(setup), libraries_, MappedInto::OwnProcess));
  return {};
}

const storm_executor_v1* PluginServer::executor() const {
  return plugin_->manifest.kind == "executor"
             ? static_cast<const storm_executor_v1*>(plugin_->table)
             : nullptr;
}

std::uint32_t PluginServer::functions() const {
  std::uint32_t bits = 0;
  const auto add = [&](Function function, bool there) {
    if (there) bits |= 1U << static_cast<unsigned>(function);
  };
  add(Function::Reconfigure, plugin_->descriptor->reconfigure != nullptr);
  if (const storm_executor_v1* const table = executor()) {
    add(Function::Describe, STORM_HAS(storm_executor_v1, table, describe));
    add(Function::Sync, STORM_HAS(storm_executor_v1, table, sync));
    add(Function::Watch, STORM_HAS(storm_executor_v1, table, watch));
    add(Function::Invoke, STORM_HAS(storm_executor_v1, table, invoke));
    add(Function::Recover, STORM_HAS(storm_executor_v1, table, recover));
  }
  return bits;
}

Result<void> PluginServer::take(Frame frame) {
  const Message message = STORM_TRY(read_message(frame.bytes()));
  if (message.epoch != epoch_) return Error{Errc::PluginFault, "stormd speaks to another runner"};
  if (const auto* const ping = std::get_if<Ping>(&message.body)) {
    tell_all();
    static_cast<void>(send(0, Pong{ping->sequence}));
    return {};
  }
  if (const auto* const call = std::get_if<Call>(&message.body)) {
    if (!plugin_) return Error{Errc::PluginFault, "stormd calls a plugin that is not mapped"};
    return begin(std::make_shared<OpenCall>(std::move(frame), message.call, *call, *clock_));
  }
  std::shared_ptr<OpenCall> open;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = open_.find(message.call); found != open_.end()) open = found->second;
  }
  if (std::holds_alternative<Cancel>(message.body)) {
    if (open) open->call.cancel();  // else it is back already
    return {};
  }
  const auto* const answer = std::get_if<Answer>(&message.body);
  if (!answer) return Error{Errc::PluginFault, "stormd said what is not for a runner"};
  if (!open) return {};
  if (answer->fault) {
    storm_fault fault{};
    fault.size = sizeof fault;
    fault.code = answer->fault->code;
    fault.retry = answer->fault->retry;
    fault.layer = answer->fault->layer;
    fault.retry_after_ms = answer->fault->retry_after_ms;
    fault.message = to_abi(answer->fault->message);
    fault.provider_code = to_abi(answer->fault->provider_code);
    fault.detail_json = to_abi(answer->fault->detail_json);
    open->call.raw()->err->set(fault);
  }
  {
    const std::lock_guard lock(open->mutex);
    open->answer = answer->code;
  }
  open->answered.notify_all();
  return {};
}

Result<void> PluginServer::begin(std::shared_ptr<OpenCall> open) {
  {
    const std::lock_guard lock(mutex_);
    if (open_.size() >= kCallsMax || !open_.emplace(open->id, open).second) {
      return Error{Errc::PluginFault, "stormd makes too many calls, or one twice"};
    }
  }
  try {
    std::thread([this, open] { run(*open); }).detach();
  } catch (const std::system_error& error) {
    {
      const std::lock_guard lock(mutex_);
      open_.erase(open->id);
    }
    FaultWords fault;
    fault.code = STORM_E_QUOTA;
    fault.layer = STORM_LAYER_PLUGIN;
    fault.message = fmt::format("its process may have no more threads: {}", error.what());
    finish(open->id, fault.code, fault, {});
  }
  return {};
}

void PluginServer::run(OpenCall& open) {
  Output output;
  const storm_out out = {sizeof(storm_out), 0, &output, &Output::write};
  storm_rc code = STORM_E_INTERNAL;
  bool returned = false;
  const std::string_view what = name_of(open.request.function);
  const auto result = open.call.run(services_->instance(), what, [&] {
    code = call_plugin(open, open.call.raw(), &out);
    returned = true;
    return code;
  });
  std::optional<FaultWords> fault;
  const std::optional<PluginFault> said = open.call.fault();
  std::string thrown;
  if (said && code < 0) {
    fault = words_of(*said);
  } else if (!returned && !result) {
    // "NAME: watch let an exception out": the name is put before it again over there.
    thrown = result.error().message.substr(
        std::min(services_->instance().size() + 2, result.error().message.size()));
    fault.emplace();
    fault->layer = STORM_LAYER_PLUGIN;
    fault->message = thrown;
  }
  {
    const std::lock_guard lock(mutex_);
    open_.erase(open.id);  // `open` is held by its thread
  }
  finish(open.id, code, fault, output.text);
}

storm_rc PluginServer::call_plugin(OpenCall& open, const storm_call* raw, const storm_out* out) {
  const Call& request = open.request;
  const storm_plugin& plugin = *plugin_->descriptor;
  storm_inst* const instance = instance_.load();
  if (request.function == Function::Create) {
    storm_inst* made = nullptr;
    const storm_rc code = plugin.create(services_->raw(), raw, to_abi(request.text), &made);
    instance_ = code >= 0 ? made : nullptr;
    return code;
  }
  if (!instance) return STORM_E_INVALID;
  const auto feed_publish = [](const storm_feed* feed, const storm_call*,
                               const storm_batch* batch) {
    auto& [server, its_call] = *static_cast<std::pair<PluginServer*, OpenCall*>*>(feed->ctx);
    return batch ? server->publish(*its_call, its_call->call.raw(), batch) : STORM_E_INVALID;
  };
  std::pair<PluginServer*, OpenCall*> link(this, &open);
  const storm_feed feed = {sizeof(storm_feed), 0, &link, feed_publish};
  const storm_op op = {sizeof(storm_op),       request.flags,          to_abi(request.procedure),
                       to_abi(request.target), to_abi(request.params), to_abi(request.token)};
  const storm_executor_v1* const table = executor();
  switch (request.function) {
    case Function::Create:
      break;
    case Function::Start:
      return plugin.start(instance, raw, to_abi(request.text));
    case Function::Reconfigure:
      if (!plugin.reconfigure) break;
      return plugin.reconfigure(instance, raw, to_abi(request.text));
    case Function::Quiesce:
      return plugin.quiesce(instance, raw, out);
    case Function::Destroy:
      plugin.destroy(instance_.exchange(nullptr));
      return STORM_OK;
    case Function::Describe:
      if (!STORM_HAS(storm_executor_v1, table, describe)) break;
      return table->describe(instance, raw, out);
    case Function::Sync:
      if (!STORM_HAS(storm_executor_v1, table, sync)) break;
      return table->sync(instance, raw, to_abi(request.scope), &feed);
    case Function::Watch:
      if (!STORM_HAS(storm_executor_v1, table, watch)) break;
      return table->watch(instance, raw, to_abi(request.scope), to_abi(request.text), &feed);
    case Function::Invoke:
      if (!STORM_HAS(storm_executor_v1, table, invoke)) break;
      return table->invoke(instance, raw, &op, out);
    case Function::Recover:
      if (!STORM_HAS(storm_executor_v1, table, recover)) break;
      return table->recover(instance, raw, &op, out);
  }
  return STORM_E_UNSUPPORTED;
}

storm_rc PluginServer::publish(OpenCall& open, const storm_call* raw, const storm_batch* batch) {
  const std::lock_guard turn(open.turn);
  tell_all();
  const Result<void> sent =
      write_batch(epoch_, open.id, *batch, [this](Bytes bytes) { return socket_.send(bytes, -1); });
  if (!sent && sent.error().code == Errc::InvalidArgument) {
    // It cannot even be read: said as stormd would.
    const Result<DiscoveryBatch> read = read_batch(*batch);
    const std::string message = "published a batch that breaks the rules: " +
                                (read ? sent.error().message : read.error().message);
    services_->log().error("{}", message);
    storm_fault fault{};
    fault.size = sizeof fault;
    fault.code = STORM_E_INVALID;
    fault.layer = STORM_LAYER_PLUGIN;
    fault.message = to_abi(message);
    raw->err->set(fault);
    return STORM_E_INVALID;
  }
  if (!sent) return sent.error().code == Errc::Unavailable ? STORM_E_CANCELLED : STORM_E_QUOTA;
  std::unique_lock lock(open.mutex);
  open.answered.wait(lock, [&] { return open.answer.has_value(); });
  return *std::exchange(open.answer, std::nullopt);
}

void PluginServer::finish(std::uint64_t call, storm_rc code, const std::optional<FaultWords>& fault,
                          std::string_view output, std::uint32_t functions) {
  if (services_) tell_all();
  const Result<void> sent = send(call, Finished{code, fault, output, functions});
  if (sent || sent.error().code == Errc::Unavailable) return;
  // Nobody would ever hear of the end of that call.
  fmt::print(stderr, "storm-plugin-runner: {}\n", sent.error().message);
  ::_exit(kExitLost);
}

// What finds nobody there is for nobody: the process ends then.
Result<void> PluginServer::send(std::uint64_t call, Body body) {
  return write_message(Message{epoch_, call, std::move(body)},
                       [this](Bytes bytes) { return socket_.send(bytes, -1); });
}

void PluginServer::log(std::int32_t level, std::string_view text) {
  std::uint64_t dropped = 0;
  {
    const std::lock_guard lock(notes_mutex_);
    if (!log_lines_.take(clock_->mono_now())) return;
    dropped = log_lines_.take_dropped();
  }
  static_cast<void>(send(0, Log{level, text, dropped}));
}

void PluginServer::tell_status(const SourceStatus& status) {
  {
    const std::lock_guard lock(notes_mutex_);
    status_ = status;
    if (!statuses_.take(clock_->mono_now())) return;
  }
  tell_all();
}

void PluginServer::tell_all() {
  if (!services_) return;
  const std::vector<InstanceMetric> metrics = services_->metrics();
  const std::lock_guard lock(notes_mutex_);
  if (const auto status = std::exchange(status_, std::nullopt)) {
    static_cast<void>(send(0, Status{status->source, status->summary, status->detail_json}));
  }
  for (const InstanceMetric& metric : metrics) {
    const auto [told, fresh] = told_.try_emplace(metric.name, 0.0);
    if (!fresh && told->second == metric.value) continue;
    static_cast<void>(send(0, Metric{metric.counter, metric.name,
                                     metric.counter ? metric.value - told->second : metric.value}));
    told->second = metric.value;
  }
}

}  // namespace storm::runner
