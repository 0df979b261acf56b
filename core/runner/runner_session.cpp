#include "core/runner/runner_session.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <spdlog/logger.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <utility>

#include "core/plugin_host/abi_text.hpp"
#include "core/plugin_host/plugin_call.hpp"

namespace storm::runner {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kFramesAtOnce = 64;  // between two looks at the clock
constexpr int kLastRounds = 64;    // of so many frames, that a process which ended had sent
constexpr std::size_t kStatusDetailBytesMax = 64 * 1024;
constexpr milliseconds kQuiet{20};
constexpr milliseconds kReapTimeout{5'000};  // what was killed may still be held by a device

MonoTime mono(steady_clock::time_point time) {
  return std::chrono::nanoseconds(time.time_since_epoch()).count();
}

storm_fault to_abi(const FaultWords& words) {
  storm_fault fault{};
  fault.size = sizeof fault;
  fault.code = words.code;
  fault.retry = words.retry;
  fault.layer = words.layer;
  fault.retry_after_ms = words.retry_after_ms;
  fault.message = storm::to_abi(words.message);
  fault.provider_code = storm::to_abi(words.provider_code);
  fault.detail_json = storm::to_abi(words.detail_json);
  return fault;
}

spdlog::level::level_enum level_of(std::int32_t level) {
  return static_cast<spdlog::level::level_enum>(
      std::clamp<std::int32_t>(level, STORM_LOG_TRACE, STORM_LOG_ERROR));
}

}  // namespace

// Guarded by Shared::mutex, all of it.
struct RunnerSession::OpenCall {
  std::string what;
  bool publishes = false;
  std::optional<Time> deadline;
  std::optional<Received> publish;  // to be handed on
  std::optional<Received> finished;
  bool publishing = false;     // one was taken and is not answered yet
  bool cancel_wanted = false;  // somebody said so, or its deadline is over
  std::optional<Time> cancel_sent;
  bool expired = false;
};

// What one who cancels a call may still touch when the session is gone.
struct RunnerSession::Shared {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::uint64_t, std::shared_ptr<OpenCall>> open;  // Guarded by mutex. By number.
  std::uint64_t last_call = 0;                              // Guarded by mutex.
  bool serving = false;       // Guarded by mutex. The plugin is mapped: it has to answer.
  bool ending = false;        // Guarded by mutex. Nobody needs it any more.
  bool dead = false;          // Guarded by mutex.
  std::string death;          // Guarded by mutex. How, once dead.
  std::int64_t pause_ns = 0;  // Guarded by mutex. Until the next, once dead.
};

Result<std::unique_ptr<RunnerSession>> RunnerSession::start(Options options, const Setup& setup,
                                                            storm_cancel& cancel) {
  auto [ours, theirs] = STORM_TRY(FrameSocket::pair());
  Descriptor wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return Error{Errc::Io, "eventfd: no descriptor is left"};
  auto child = STORM_TRY(ChildProcess::spawn(options.program, {setup.instance.data()}, theirs));
  theirs.reset();
  const Clock& clock = options.services->clock();
  const std::string name = options.services->instance();
  std::unique_ptr<RunnerSession> session(
      new RunnerSession(std::move(options), std::move(child), std::move(ours), std::move(wake)));
  session->thread_ = std::thread([raw = session.get()] { raw->run(); });

  // Mapping the plugin is a call like any other, with a fault of its own.
  auto load = std::make_shared<PluginCall>(clock, STORM_T_CTL);
  cancel.on_cancel([load] { load->cancel(); });
  auto open = std::make_shared<OpenCall>();
  open->what = "load";
  open->deadline = steady_clock::now() + session->options_.patience.load;
  std::uint64_t id = 0;
  {
    const std::lock_guard lock(session->shared_->mutex);
    id = ++session->shared_->last_call;
    session->shared_->open[id] = open;
  }
  // A failure to send is the end of the process, which the call hears of.
  static_cast<void>(session->send(0, Hello{kProtocol, session->options_.version}));
  static_cast<void>(session->send(id, setup));
  const auto loaded = load->run(
      name, "load", [&] { return session->wait_for(open, id, load->raw(), nullptr, nullptr); });
  cancel.on_cancel(nullptr);
  if (!loaded) return loaded.error();
  {
    const std::lock_guard lock(session->shared_->mutex);
    session->shared_->serving = true;
  }
  session->wake();
  return session;
}

RunnerSession::RunnerSession(Options options, std::unique_ptr<ChildProcess> child,
                             Descriptor socket, Descriptor wake)
    : options_(std::move(options)),
      child_(std::move(child)),
      socket_(std::move(socket)),
      wake_(std::move(wake)),
      shared_(std::make_shared<Shared>()) {}

RunnerSession::~RunnerSession() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->ending = true;
  }
  socket_.shut_down();
  if (thread_.joinable()) thread_.join();
}

bool RunnerSession::dead() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->dead;
}

storm_rc RunnerSession::call(const Call& request, const storm_call* call, const storm_feed* feed,
                             const storm_out* out) {
  auto open = std::make_shared<OpenCall>();
  open->what = name_of(request.function);
  open->publishes = feed != nullptr;
  if (request.left_ns != INT64_MAX) {
    open->deadline = steady_clock::now() + std::chrono::nanoseconds(request.left_ns);
  }
  std::uint64_t id = 0;
  {
    const std::lock_guard lock(shared_->mutex);
    id = ++shared_->last_call;
    shared_->open[id] = open;
  }
  if (Result<void> sent = send(id, request); !sent && sent.error().code != Errc::Unavailable) {
    options_.services->log().error("{}: {}", open->what, sent.error().message);
    child_->signal(SIGKILL);
  }
  if (open->deadline) wake();
  return wait_for(open, id, call, feed, out);
}

storm_rc RunnerSession::wait_for(const std::shared_ptr<OpenCall>& open, std::uint64_t id,
                                 const storm_call* call, const storm_feed* feed,
                                 const storm_out* out) {
  call->cancel->on_cancel([shared = shared_, open] {
    {
      const std::lock_guard lock(shared->mutex);
      open->cancel_wanted = true;
    }
    shared->changed.notify_all();
  });
  std::optional<Received> finished;
  std::unique_lock lock(shared_->mutex);
  for (;;) {
    const auto cancel_now = [&] { return open->cancel_wanted && !open->cancel_sent; };
    shared_->changed.wait(
        lock, [&] { return open->publish || open->finished || cancel_now() || shared_->dead; });
    if (open->publish) {
      Received batch = std::move(*open->publish);
      open->publish.reset();
      lock.unlock();
      hand_on(std::move(batch), id, call, feed);
      lock.lock();
    } else if (open->finished) {
      finished = std::move(open->finished);
      break;
    } else if (shared_->dead) {
      break;
    } else {
      open->cancel_sent = steady_clock::now();
      lock.unlock();
      static_cast<void>(send(id, Cancel{}));  // a process that takes nothing is ended anyway
      wake();
      lock.lock();
    }
  }
  shared_->open.erase(id);
  lock.unlock();
  call->cancel->on_cancel(nullptr);
  if (!finished) return died(call);
  const auto& answer = std::get<Finished>(finished->message.body);
  if (open->what == "load") functions_ = answer.functions;
  if (answer.fault && call->err) {
    const storm_fault fault = to_abi(*answer.fault);
    call->err->set(fault);
  }
  if (answer.code >= 0 && out && !answer.output.empty()) {
    if (const storm_rc written = out->write(out, storm::to_abi(answer.output)); written < 0) {
      return written;
    }
  }
  return answer.code;
}

void RunnerSession::hand_on(Received received, std::uint64_t id, const storm_call* call,
                            const storm_feed* feed) {
  const auto& published = std::get<Publish>(received.message.body);
  const storm_batch batch = published.batch();
  Answer answer;
  answer.code = feed->publish(feed, call, &batch);
  std::optional<PluginFault> said;
  if (answer.code < 0 && call->err) said = call->err->get();
  if (said) {
    answer.fault =
        FaultWords{said->code,    said->retry,         said->layer,      said->retry_after_ms,
                   said->message, said->provider_code, said->detail_json};
  }
  {
    // From here on the next may come.
    const std::lock_guard lock(shared_->mutex);
    if (const auto open = shared_->open.find(id); open != shared_->open.end()) {
      open->second->publishing = false;
      // What stormd took to take it is not the plugin's time.
      if (open->second->cancel_sent) open->second->cancel_sent = steady_clock::now();
    }
  }
  // A process that is gone is something that the call hears of; one that takes nothing would wait
  // for the answer for ever.
  if (Result<void> sent = send(id, answer); !sent && sent.error().code != Errc::Unavailable) {
    options_.services->log().error("publish: {}", sent.error().message);
    child_->signal(SIGKILL);
  }
}

storm_rc RunnerSession::died(const storm_call* call) const {
  std::string message;
  std::int64_t pause_ns = 0;
  {
    const std::lock_guard lock(shared_->mutex);
    message = shared_->death;
    pause_ns = shared_->pause_ns;
  }
  storm_fault fault{};
  fault.size = sizeof fault;
  fault.code = STORM_E_UNAVAILABLE;
  fault.retry = STORM_RETRY_LATER;
  fault.layer = STORM_LAYER_PLUGIN;
  fault.retry_after_ms =
      static_cast<std::uint64_t>(std::max<std::int64_t>(1, pause_ns / kNanosecondsPerMillisecond));
  fault.message = storm::to_abi(message);
  if (call->err) call->err->set(fault);
  return STORM_E_UNAVAILABLE;
}

Result<void> RunnerSession::send(std::uint64_t call, Body body, int timeout_ms) {
  return write_message(Message{options_.epoch, call, std::move(body)},
                       [&](Bytes bytes) { return socket_.send(bytes, timeout_ms); });
}

void RunnerSession::wake() const { ::eventfd_write(wake_.get(), 1); }

// ---- the session's thread ----

void RunnerSession::run() {
  next_ping_ = born_ + options_.patience.heartbeat;
  for (;;) {
    const bool quiet = steady_clock::now() < quiet_until_;
    std::array<pollfd, 4> waiting = {{{quiet ? -1 : socket_.descriptor(), POLLIN, 0},
                                      {printing_ ? child_->output() : -1, POLLIN, 0},
                                      {child_->pidfd(), POLLIN, 0},
                                      {wake_.get(), POLLIN, 0}}};
    ::poll(waiting.data(), waiting.size(), quiet ? int{kQuiet.count()} : poll_timeout());
    if (waiting[3].revents != 0) {
      eventfd_t ignored = 0;
      ::eventfd_read(wake_.get(), &ignored);
    }
    if (waiting[1].revents != 0) read_output();
    if (waiting[0].revents != 0 && read_frames() == Next::Stop) break;
    if (waiting[2].revents != 0) {
      // What it left behind may hold the socket, and must not keep it full.
      child_->signal(SIGKILL);
      for (int i = 0; i < kLastRounds && read_frames() == Next::GoOn; ++i) {
        pollfd more = {socket_.descriptor(), POLLIN, 0};
        if (::poll(&more, 1, 0) <= 0) break;
      }
      break;
    }
    if (look_at_clock() == Next::Stop) break;
  }
  finish();
}

RunnerSession::Next RunnerSession::read_frames() {
  for (int i = 0; i < kFramesAtOnce; ++i) {
    Result<std::optional<Frame>> frame = socket_.receive(false);
    if (!frame) {
      if (frame.error().code == Errc::Unavailable) return Next::Stop;
      return misbehaved(frame.error().message);
    }
    if (!*frame) return Next::GoOn;
    Result<Message> message = read_message((*frame)->bytes());
    if (!message) return misbehaved(message.error().message);
    if (take({std::move(**frame), std::move(*message)}) == Next::Stop) return Next::Stop;
    if (steady_clock::now() < quiet_until_) return Next::GoOn;
  }
  return Next::GoOn;
}

RunnerSession::Next RunnerSession::misbehaved(const std::string& what) {
  why_killed_ = "it sent what it may not: " + what;
  return Next::Stop;
}

RunnerSession::Next RunnerSession::take(Received received) {
  const Message& message = received.message;
  const auto wrong = [&](std::string_view what) {
    return misbehaved(fmt::format("message.{}", what));
  };
  if (const auto* const hello = std::get_if<Hello>(&message.body)) {
    if (greeted_) return wrong("hello: it greeted before");
    if (hello->protocol != kProtocol) {
      return wrong(
          fmt::format("protocol: it speaks {}, this stormd {}; reinstall stormd's own "
                      "package",
                      hello->protocol, kProtocol));
    }
    greeted_ = true;
    return Next::GoOn;
  }
  if (!greeted_) return wrong("hello: it did not greet first");
  if (message.epoch != options_.epoch) {
    return wrong(
        fmt::format("epoch: {} is not its own, which is {}", message.epoch, options_.epoch));
  }
  if (const auto* const pong = std::get_if<Pong>(&message.body)) {
    if (pong->sequence > pings_) return wrong("pong: nobody asked");
    pongs_ = std::max(pongs_, pong->sequence);
    return Next::GoOn;
  }
  if (std::holds_alternative<Finished>(message.body)) {
    {
      const std::lock_guard lock(shared_->mutex);
      const auto open = shared_->open.find(message.call);
      if (open == shared_->open.end() || open->second->finished || open->second->publishing) {
        return wrong(fmt::format("call: {} is not one that could be over", message.call));
      }
      open->second->finished = std::move(received);
    }
    shared_->changed.notify_all();
    return Next::GoOn;
  }
  if (std::holds_alternative<Publish>(message.body)) {
    const std::uint64_t id = message.call;
    bool late = false;
    {
      const std::lock_guard lock(shared_->mutex);
      const auto open = shared_->open.find(id);
      late = open == shared_->open.end() || open->second->finished;
      if (!late) {
        if (!open->second->publishes) return wrong("publish: its call publishes nothing");
        if (open->second->publishing) return wrong("publish: the last one is not answered yet");
        open->second->publishing = true;
        open->second->publish = std::move(received);
      }
    }
    // A thread of the plugin that goes on although its call has returned.
    if (late) {
      static_cast<void>(send(id, Answer{STORM_E_CANCELLED, {}}, 0));
    } else {
      shared_->changed.notify_all();
    }
    return Next::GoOn;
  }
  if (!notes_.take(mono(steady_clock::now()))) quiet_until_ = steady_clock::now() + kQuiet;
  if (const auto* const log = std::get_if<Log>(&message.body)) {
    take_log(*log);
  } else if (const auto* const status = std::get_if<Status>(&message.body)) {
    SourceStatus said;
    said.source = status->source;
    said.summary = one_line(status->summary);
    if (status->detail_json.size() <= kStatusDetailBytesMax) {
      said.detail_json = status->detail_json;
    }
    options_.services->set_status(std::move(said));
  } else if (const auto* const metric = std::get_if<Metric>(&message.body)) {
    options_.services->record(metric->counter, metric->name, metric->value);
  } else {
    return wrong("kind: that is not for a runner to say");
  }
  return Next::GoOn;
}

void RunnerSession::take_log(const Log& log) {
  const bool room = log_lines_.take(mono(steady_clock::now()));
  if (!room) return;
  const std::uint64_t dropped = log_lines_.take_dropped() + log.dropped;
  spdlog::logger& out = options_.services->log();
  if (dropped > 0) out.warn("{} lines of its log were dropped: it writes too many", dropped);
  out.log(level_of(log.level), "{}", one_line(log.text));
}

void RunnerSession::read_output() {
  std::array<char, 4096> piece;
  for (int i = 0; i < kFramesAtOnce; ++i) {
    const ssize_t n = ::read(child_->output(), piece.data(), piece.size());
    if (n == 0) printing_ = false;
    if (n <= 0) return;
    half_line_.append(piece.data(), static_cast<std::size_t>(n));
    for (;;) {
      const std::size_t end = half_line_.find('\n');
      if (end == std::string::npos && half_line_.size() < kPluginLineBytesMax) break;
      take_line(half_line_.substr(0, end));
      half_line_.erase(0, end == std::string::npos ? end : end + 1);
    }
  }
}

void RunnerSession::take_line(std::string_view text) {
  std::string line = one_line(text);
  if (printed_lines_.take(mono(steady_clock::now()))) {
    const std::uint64_t dropped = printed_lines_.take_dropped();
    spdlog::logger& log = options_.services->log();
    if (dropped > 0) log.warn("{} lines that it printed were dropped: it prints too many", dropped);
    log.info("printed: {}", line);
  }
  last_lines_.push_back(std::move(line));
  if (last_lines_.size() > kLastLines) last_lines_.pop_front();
}

int RunnerSession::poll_timeout() const {
  Time next = next_ping_;
  const Patience& patience = options_.patience;
  {
    const std::lock_guard lock(shared_->mutex);
    for (const auto& [id, open] : shared_->open) {
      if (open->deadline) {
        next = std::min(
            next, open->expired ? *open->deadline + patience.after_deadline : *open->deadline);
      }
      if (open->cancel_sent) next = std::min(next, *open->cancel_sent + patience.after_cancel);
    }
  }
  if (terminated_at_) next = std::min(next, *terminated_at_ + patience.after_terminate);
  const auto left = std::chrono::ceil<milliseconds>(next - steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 1, 1'000));
}

RunnerSession::Next RunnerSession::look_at_clock() {
  const Time now = steady_clock::now();
  const Patience& patience = options_.patience;
  if (terminated_at_ && now >= *terminated_at_ + patience.after_terminate) {
    kill(SIGKILL, why_killed_);
  }
  std::string late;      // cancelled, and not back
  std::string too_late;  // past its deadline, and not back
  bool ask = false;
  bool serving = false;
  {
    const std::lock_guard lock(shared_->mutex);
    serving = shared_->serving;
    for (const auto& [id, open] : shared_->open) {
      if (open->deadline && !open->expired && now >= *open->deadline) {
        open->expired = true;
        open->cancel_wanted = true;
        ask = true;
      }
      if (open->expired && now >= *open->deadline + patience.after_deadline) too_late = open->what;
      if (open->cancel_sent && now >= *open->cancel_sent + patience.after_cancel &&
          !open->publishing) {
        late = open->what;
      }
    }
  }
  if (ask) shared_->changed.notify_all();
  if (!late.empty()) {
    kill(SIGKILL, fmt::format("{} did not return within {:.1f} s after it was cancelled", late,
                              std::chrono::duration<double>(patience.after_cancel).count()));
  } else if (!too_late.empty() && !terminated_at_) {
    kill(SIGTERM, too_late + " did not return by its deadline");
    terminated_at_ = now;
  }
  if (serving && now >= next_ping_) {
    next_ping_ = now + patience.heartbeat;
    if (pings_ - pongs_ >= static_cast<std::uint64_t>(patience.heartbeats_missed)) {
      kill(SIGKILL, fmt::format("it did not answer for {:.1f} s",
                                std::chrono::duration<double>(patience.heartbeat).count() *
                                    patience.heartbeats_missed));
    } else {
      ++pings_;
      // One that has no room counts like one that is not answered.
      static_cast<void>(send(0, Ping{pings_}, 0));
    }
  } else if (!serving) {
    next_ping_ = now + patience.heartbeat;
  }
  return Next::GoOn;
}

void RunnerSession::kill(int signal, const std::string& why) {
  if (why_killed_.empty()) why_killed_ = why;
  child_->signal(signal);
}

std::string RunnerSession::last_words() const {
  std::string words;
  for (const std::string& line : last_lines_) words += (words.empty() ? "" : " | ") + line;
  return words;
}

void RunnerSession::finish() {
  bool ending = false;
  {
    const std::lock_guard lock(shared_->mutex);
    ending = shared_->ending;
  }
  // Whoever is told to go gets a moment; whoever is gone already, too, so that its end is its own.
  pollfd process = {child_->pidfd(), POLLIN, 0};
  const auto grace = why_killed_.empty() ? options_.patience.to_leave : milliseconds(0);
  if (::poll(&process, 1, static_cast<int>(grace.count())) <= 0) {
    if (ending && why_killed_.empty()) why_killed_ = "it did not leave when it was told to";
    if (why_killed_.empty()) why_killed_ = "it closed its socket";
    child_->signal(SIGKILL);
    ::poll(&process, 1, static_cast<int>(kReapTimeout.count()));
  }
  const std::optional<ProcessEnd> end = child_->ended();
  read_output();
  if (!half_line_.empty()) take_line(half_line_);

  std::string reason = fmt::format("its process (pid {}) {}", child_->pid(),
                                   end ? to_text(*end) : "cannot be ended");
  if (!why_killed_.empty()) reason += ": " + why_killed_;
  if (const std::string words = last_words(); !words.empty()) reason += "; it said last: " + words;
  const std::int64_t life = std::chrono::nanoseconds(steady_clock::now() - born_).count();
  std::int64_t pause_ns = 0;
  if (!ending) {
    options_.services->log().error("{}", reason);
    if (options_.on_death) pause_ns = options_.on_death(reason, life);
  } else if (!why_killed_.empty()) {
    options_.services->log().warn("{}", reason);
  }
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->dead = true;
    shared_->death = reason;
    shared_->pause_ns = pause_ns;
  }
  shared_->changed.notify_all();
}

}  // namespace storm::runner
