#include "cli/event_stream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <thread>

#include "cli/curl_handle.hpp"
#include "core/document/json.hpp"

namespace storm::cli {
namespace {

using SteadyClock = std::chrono::steady_clock;

std::size_t on_body(char* data, std::size_t, std::size_t size, void* user) {
  static_cast<std::string*>(user)->append(data, size);
  return size;
}

enum class End { Lost, Stopped, Failed };

// What is followed: where to ask, given what was passed on, and whether a line is to be passed on.
class Source {
 public:
  virtual ~Source() = default;
  virtual std::string path() = 0;  // of a new connection
  // The server sends; without a wish where to begin, it tells what comes after this revision.
  virtual void opened(std::optional<std::int64_t> revision) = 0;
  virtual bool is_new(const Value& line) = 0;
};

class EventSource final : public Source {
 public:
  explicit EventSource(std::optional<std::int64_t> start) : start_(start) {}

  std::string path() override {
    QueryString query = {{"stream", "true"}};
    const std::optional<std::int64_t> first = last_ ? std::optional(*last_ + 1) : start_;
    if (first) query.emplace_back("start", std::to_string(*first));
    return path_to("events", {}, query);
  }

  // A stream that breaks before it told anything goes on from here too.
  void opened(std::optional<std::int64_t> revision) override {
    if (!start_ && !last_) last_ = revision;
  }

  // Notes how far the stream has come. A gap says which numbers will not be told; one that ends
  // where this reader already was means that the server counts anew.
  bool is_new(const Value& event) override {
    if (is_gap(event)) {
      const Value* from = event.find("missed_from");
      const Value* to = event.find("missed_to");
      if (from == nullptr || !from->is_int() || to == nullptr || !to->is_int()) return true;
      const bool anew = last_ && from->as_int() <= *last_;
      last_ = anew ? from->as_int() - 1 : to->as_int();
      return true;
    }
    const Value* id = event.find("id");
    if (id == nullptr || !id->is_int()) return true;
    if (last_ && id->as_int() <= *last_) return false;
    last_ = id->as_int();
    return true;
  }

 private:
  std::optional<std::int64_t> start_;
  std::optional<std::int64_t> last_;  // passed on, or known to have been before
};

class WatchSource final : public Source {
 public:
  explicit WatchSource(const WatchRequest& request) : request_(request), cursor_(request.since) {}

  std::string path() override {
    QueryString query = {{"format", "ndjson"}};
    const auto add = [&](const std::string& name, const std::vector<std::string>& values) {
      for (const std::string& value : values) query.emplace_back(name, value);
    };
    add("group", request_.groups);
    add("resource", request_.resources);
    add("type", request_.types);
    add("q", request_.queries);
    if (request_.initial) query.emplace_back("initial", "true");
    if (!cursor_.empty()) query.emplace_back("since", cursor_);
    to_skip_ = told_of_change_;
    return path_to("watch", {}, query);
  }

  void opened(std::optional<std::int64_t>) override {}  // the first message is a cursor

  // Only the last message of a change has a cursor: one that was cut off is told again from its
  // beginning.
  bool is_new(const Value& message) override {
    const Value* cursor = message.find("cursor");
    const Value* type = message.find("type");
    const std::string_view name =
        type != nullptr && type->is_string() ? std::string_view(type->as_string()) : "";
    const bool again = to_skip_ > 0 && name != "gap" && name != "bookmark";
    to_skip_ = again ? to_skip_ - 1 : 0;
    if (cursor != nullptr && cursor->is_string()) {
      cursor_ = cursor->as_string();
      told_of_change_ = 0;
      to_skip_ = 0;
    } else if (!again && name != "initial") {
      ++told_of_change_;
    }
    return !again && name != "bookmark";
  }

 private:
  const WatchRequest& request_;
  std::string cursor_;
  std::size_t told_of_change_ = 0;  // messages after the one with the cursor
  std::size_t to_skip_ = 0;
};

// One connection, from its request to its end.
class Connection {
 public:
  Connection(const ClientOptions& options, const std::string& path)
      : options_(options),
        multi_(curl_multi_init()),
        curl_(curl_easy_init()),
        headers_(request_headers(options)) {
    prepare(curl_, options_, path);
    curl_easy_setopt(curl_, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(curl_, CURLOPT_ACCEPT_ENCODING, nullptr);  // an encoder would hold lines back
    curl_easy_setopt(curl_, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl_, CURLOPT_WRITEDATA, &buffer_);
    curl_multi_add_handle(multi_, curl_);
  }
  ~Connection() {
    curl_multi_remove_handle(multi_, curl_);
    curl_easy_cleanup(curl_);
    curl_multi_cleanup(multi_);
    curl_slist_free_all(headers_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Waits up to kTick. False when the connection has ended.
  bool wait() {
    int running = 0;
    const std::size_t before = buffer_.size();  // a line that is not whole yet may be in it
    curl_multi_perform(multi_, &running);
    if (running > 0 && buffer_.size() == before) {
      curl_multi_poll(multi_, nullptr, 0, static_cast<int>(kTick.count()), nullptr);
      curl_multi_perform(multi_, &running);
    }
    return running > 0;
  }
  std::string& buffer() { return buffer_; }
  int status() const {
    long status = 0;
    curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
    return static_cast<int>(status);
  }
  std::optional<std::int64_t> revision() const {
    curl_header* found = nullptr;
    if (curl_easy_header(curl_, "Storm-Revision", 0, CURLH_HEADER, -1, &found) != CURLHE_OK) {
      return std::nullopt;
    }
    const std::string_view text = found->value;
    std::int64_t revision = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), revision);
    return fault == std::errc() && end == text.data() + text.size() ? std::optional(revision)
                                                                    : std::nullopt;
  }
  ErrorBlock error() const {
    int left = 0;
    CURLcode code = CURLE_GOT_NOTHING;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg == CURLMSG_DONE) code = message->data.result;
    }
    if (code == CURLE_OK) code = CURLE_PARTIAL_FILE;
    return unreachable(curl_, code, options_);
  }

 private:
  const ClientOptions& options_;
  CURLM* multi_;
  CURL* curl_;
  curl_slist* headers_;
  std::string buffer_;
};

class Follower {
 public:
  Follower(const ClientOptions& options, Source& source, const StreamHandlers& handlers)
      : options_(options), handlers_(handlers), source_(source) {}

  std::optional<ErrorBlock> run() {
    auto delay = kReconnectDelayMin;
    auto lost_since = SteadyClock::now();
    for (;;) {
      const bool was_open = opened_;
      heard_ = false;
      const End end = follow_once();
      if (end == End::Stopped) return std::nullopt;
      if (end == End::Failed || !opened_) return error_;
      if (heard_) {
        delay = kReconnectDelayMin;
        lost_since = SteadyClock::now();
      }
      if ((heard_ || !was_open) && handlers_.on_connection) handlers_.on_connection(false);
      if (SteadyClock::now() - lost_since > kReconnectTimeMax) return error_;
      pause(delay);
      delay = std::min(delay * 2, kReconnectDelayMax);
    }
  }

 private:
  void pause(std::chrono::milliseconds delay) {
    const auto until = SteadyClock::now() + delay;
    while (SteadyClock::now() < until) {
      if (handlers_.on_tick) handlers_.on_tick();
      std::this_thread::sleep_for(std::min(delay, kTick));
    }
  }

  End follow_once() {
    Connection connection(options_, source_.path());
    auto heard_at = SteadyClock::now();
    const auto opened_by = heard_at + std::min(options_.timeout, kConnectTimeout);
    for (;;) {
      const bool alive = connection.wait();
      std::string& buffer = connection.buffer();
      if (!buffer.empty() && connection.status() < 300) {
        heard_at = SteadyClock::now();
        if (!heard_) source_.opened(connection.revision());
        if (const std::optional<End> end = take_lines(buffer)) return *end;
      }
      if (handlers_.on_tick) handlers_.on_tick();
      if (!alive) {
        if (connection.status() < 300) {
          error_ = connection.error();
          return End::Lost;
        }
        auto body = parse_json(buffer);
        error_ = error_of_answer(connection.status(), body ? *body : Value());
        return connection.status() >= 500 ? End::Lost : End::Failed;
      }
      const auto now = SteadyClock::now();
      if (now - heard_at > kStreamSilenceMax || (!heard_ && now > opened_by)) {
        error_.exit = ExitCode::Unreachable;
        error_.message =
            fmt::format("cannot reach stormd at {}: no answer in time", options_.address.shown);
        return End::Lost;
      }
    }
  }

  std::optional<End> take_lines(std::string& buffer) {
    if (!heard_) {
      heard_ = true;
      if (!opened_) {
        opened_ = true;
        if (handlers_.on_open) {
          if (std::optional<ErrorBlock> error = handlers_.on_open()) {
            error_ = std::move(*error);
            return End::Failed;
          }
        }
      } else if (handlers_.on_connection) {
        handlers_.on_connection(true);
      }
    }
    std::size_t from = 0;
    for (std::size_t end; (end = buffer.find('\n', from)) != std::string::npos; from = end + 1) {
      const std::string_view line = std::string_view(buffer).substr(from, end - from);
      if (line.find_first_not_of(" \r") == std::string_view::npos) continue;
      auto event = parse_json(line);
      if (!event) {
        error_.message =
            "the event stream holds something that is not JSON: " + event.error().message;
        return End::Failed;
      }
      if (!source_.is_new(*event)) continue;
      if (!handlers_.on_event(*event)) return End::Stopped;
    }
    buffer.erase(0, from);
    if (buffer.size() <= kEventBytesMax) return std::nullopt;
    error_.message = "an event larger than stormctl takes";
    return End::Failed;
  }

  const ClientOptions& options_;
  const StreamHandlers& handlers_;
  Source& source_;
  bool opened_ = false;  // at least once
  bool heard_ = false;   // on this connection
  ErrorBlock error_;
};

}  // namespace

bool is_gap(const Value& event) {
  const Value* type = event.find("event_type");
  if (type == nullptr) type = event.find("type");  // of a watch
  return type != nullptr && type->is_string() &&
         (type->as_string() == "gap" || type->as_string() == "reset");
}

std::optional<ErrorBlock> follow_events(const ClientOptions& options,
                                        std::optional<std::int64_t> start,
                                        const StreamHandlers& handlers) {
  EventSource source(start);
  return Follower(options, source, handlers).run();
}

std::optional<ErrorBlock> follow_watch(const ClientOptions& options, const WatchRequest& request,
                                       const StreamHandlers& handlers) {
  WatchSource source(request);
  return Follower(options, source, handlers).run();
}

}  // namespace storm::cli
