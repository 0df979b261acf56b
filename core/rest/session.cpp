#include "core/rest/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <ctime>
#include <thread>

#include "core/rest/host_name.hpp"
#include "core/rest/html_page.hpp"
#include "core/rest/http_error.hpp"
#include "core/rest/watch_connection.hpp"

namespace storm::rest {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;

constexpr std::size_t kScratchBytes = 16 * 1024;
constexpr unsigned kHttp11 = 11;
// Changes that follow each other more closely make one line.
constexpr std::chrono::milliseconds kLinePause(100);

Method method_of(http::verb verb) {
  switch (verb) {
    case http::verb::get:
      return Method::Get;
    case http::verb::head:
      return Method::Head;
    case http::verb::post:
      return Method::Post;
    case http::verb::put:
      return Method::Put;
    case http::verb::patch:
      return Method::Patch;
    case http::verb::delete_:
      return Method::Delete;
    case http::verb::options:
      return Method::Options;
    default:
      return Method::Other;
  }
}

bool changes_something(http::verb verb) {
  return verb != http::verb::get && verb != http::verb::head && verb != http::verb::options;
}

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string http_date(WallTime now) {
  const std::time_t seconds = now / kNanosecondsPerSecond;
  std::tm parts = {};
  gmtime_r(&seconds, &parts);
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[parts.tm_wday], parts.tm_mday,
                     kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min,
                     parts.tm_sec);
}

std::string_view view_of(beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

Session::Session(asio::ip::tcp::socket socket, const SessionContext& context)
    : context_(context),
      stream_(std::move(socket)),
      timer_(stream_.get_executor()),
      line_timer_(stream_.get_executor()) {
  ++context_.api.traffic.connections;
  ++context_.api.traffic.connections_total;
}

Session::~Session() {
  --context_.api.traffic.connections;
  if (streaming_) --context_.api.traffic.event_streams;
}

void Session::start(bool busy) {
  asio::dispatch(stream_.get_executor(), [self = shared_from_this(), busy] {
    if (!busy) return self->read_header();
    ++self->context_.api.traffic.connections_refused;
    self->must_drain_ = true;
    self->parser_.emplace();
    self->send(error_answer(Format::Json, 503, "Too many connections; try again."));
  });
}

void Session::wake() {
  if (!streaming_) return;
  asio::post(stream_.get_executor(), [self = shared_from_this()] { self->pump(); });
}

void Session::end() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] {
    self->ending_ = true;
    self->keep_alive_ = false;
    if (self->reading_) {
      self->close();
    } else if (self->streaming_) {
      self->pump();
    }
  });
}

void Session::read_header() {
  parser_.emplace();
  parser_->body_limit(context_.limits.body_bytes_max);
  parser_->header_limit(
      static_cast<std::uint32_t>(kTargetBytesMax + context_.limits.field_bytes_max));
  format_ = Format::Json;
  keep_alive_ = false;
  must_drain_ = false;
  reading_ = true;
  if (ending_) return close();
  stream_.expires_after(context_.limits.header_wait);
  http::async_read_header(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](Fault fault, std::size_t) { self->on_header(fault); });
}

void Session::on_header(Fault fault) {
  if (fault) return refuse_reading(fault);
  const http::request<http::string_body>& message = parser_->get();
  const Acceptance acceptance = read_accept(header(http::field::accept));
  format_ = acceptance.format;
  head_only_ = message.method() == http::verb::head;
  if (std::optional<Answer> refusal = check_header()) {
    must_drain_ = !parser_->is_done();
    return send(std::move(*refusal));
  }
  if (parser_->is_done()) return handle();
  if (!beast::iequals(header(http::field::expect), "100-continue")) return read_body();
  head_.emplace(http::status::continue_, message.version());
  head_writer_.emplace(*head_);
  stream_.expires_after(context_.limits.write_wait);
  http::async_write_header(stream_, *head_writer_,
                           [self = shared_from_this()](Fault write_fault, std::size_t) {
                             if (write_fault) return self->close();
                             self->read_body();
                           });
}

void Session::read_body() {
  stream_.expires_after(context_.limits.body_wait);
  http::async_read(stream_, buffer_, *parser_,
                   [self = shared_from_this()](Fault fault, std::size_t) {
                     if (fault) return self->refuse_reading(fault);
                     self->handle();
                   });
}

void Session::refuse_reading(Fault fault) {
  must_drain_ = true;
  if (fault == http::error::body_limit) {
    return send(error_answer(
        format_, 413,
        fmt::format("The body is larger than {} bytes.", context_.limits.body_bytes_max)));
  }
  if (fault == http::error::header_limit || fault == http::error::buffer_overflow) {
    return send(parser_->get().target().empty() ? url_too_long() : fields_too_large());
  }
  if (fault == http::error::partial_message || fault == http::error::end_of_stream) return close();
  if (fault.category() == http::make_error_code(http::error::bad_target).category()) {
    return send(error_answer(format_, 400, "This is no HTTP request: " + fault.message() + "."));
  }
  close();  // timed out, reset or ended
}

Answer Session::url_too_long() const {
  return error_answer(format_, 414,
                      fmt::format("The URL is longer than {} bytes.", kTargetBytesMax));
}

Answer Session::fields_too_large() const {
  return error_answer(
      format_, 431,
      fmt::format("The header is larger than {} bytes.", context_.limits.field_bytes_max));
}

std::string_view Session::header(http::field name) const {
  const auto found = parser_->get().find(name);
  return found == parser_->get().end() ? std::string_view() : view_of(found->value());
}

std::optional<Answer> Session::check_header() const {
  const auto& message = parser_->get();
  if (message.target().size() > kTargetBytesMax) return url_too_long();
  std::size_t field_bytes = 0;
  for (const auto& field : message) {
    field_bytes += field.name_string().size() + field.value().size();
  }
  if (field_bytes > context_.limits.field_bytes_max) return fields_too_large();
  // A page of another site may have its name point here, to have a browser on this machine do what
  // its owner cannot: names that are not ours are refused.
  const std::string host = host_of(header(http::field::host));
  beast::error_code ignored;
  const auto local = stream_.socket().local_endpoint(ignored);
  const bool known = host.empty() || host == "localhost" || host.ends_with(".localhost") ||
                     is_ip_literal(host) ||
                     std::ranges::find(context_.host_names, host) != context_.host_names.end();
  if (!known && local.address().is_loopback()) {
    return error_answer(format_, 403,
                        fmt::format("This server does not go by the name \"{}\"; call it by its "
                                    "address or as localhost.",
                                    host.substr(0, 256)));
  }
  const std::string_view origin = header(http::field::origin);
  // A browser asks nobody before it opens a WebSocket for a page of another site.
  const bool guarded = changes_something(message.method()) || websocket::is_upgrade(message);
  if (guarded && !origin.empty() && !is_same_site(origin, header(http::field::host))) {
    return error_answer(format_, 403,
                        "Pages of other sites may not change or watch anything here.");
  }
  return std::nullopt;
}

void Session::handle() {
  reading_ = false;
  http::request<http::string_body>& message = parser_->get();
  keep_alive_ = message.keep_alive() && !ending_;
  Request request;
  request.method = method_of(message.method());
  const Acceptance acceptance = read_accept(header(http::field::accept));
  request.format = acceptance.format;
  request.acceptable = acceptance.acceptable;
  request.if_match = header(http::field::if_match);
  request.if_none_match = header(http::field::if_none_match);
  request.lines = acceptance.lines;
  request.websocket = websocket::is_upgrade(message);
  if (const auto found = message.find("Last-Event-ID"); found != message.end()) {
    request.last_event_id = view_of(found->value());
  }
  Result<Url> url = parse_url(view_of(message.target()));
  if (!url) return send(error_answer(format_, url.error()));
  request.url = std::move(*url);
  if (const std::string* format = request.url.find("format")) {
    if (*format == "html") request.format = Format::Html;
    if (*format == "json" && request.format == Format::Html) request.format = Format::Json;
    request.acceptable = true;
  }
  format_ = request.format;
  if (format_ == Format::Html) shown_ = request;
  request.body = std::move(message.body());
  // Answers may come from the engine's thread, even after this session has gone.
  const Reply reply = [weak = weak_from_this(), connections = context_.connections,
                       here = std::this_thread::get_id()](Work work) {
    if (std::this_thread::get_id() == here) {
      // While the route is being called, or later by chance on the same thread: then by the gate.
      const auto self = weak.lock();
      if (self && self->dispatching_) return self->run(std::move(work));
    }
    const auto gate = connections.lock();
    if (!gate) return;
    gate->post([weak, work = std::move(work)]() mutable {
      const auto self = weak.lock();
      if (!self) return;
      asio::dispatch(self->stream_.get_executor(),
                     [self, work = std::move(work)]() mutable { self->run(std::move(work)); });
    });
  };
  dispatching_ = true;
  dispatch(context_.router, context_.api, std::move(request), reply);
  dispatching_ = false;
}

void Session::run(Work work) {
  std::optional<Answer> answer = work();
  if (answer) return send(std::move(*answer));
  asio::post(stream_.get_executor(), [self = shared_from_this(), work = std::move(work)]() mutable {
    self->run(std::move(work));
  });
}

template <typename Message>
void Session::fill_header(Message& message, const Answer& answer) {
  message.version(kHttp11);
  message.result(answer.status);
  message.set(http::field::server, "stormd/" + context_.api.version);
  message.set(http::field::date, http_date(context_.clock.wall_now()));
  if (!answer.content_type.empty()) message.set(http::field::content_type, answer.content_type);
  message.set(http::field::cache_control, "no-cache");
  message.set(http::field::vary, "Accept");
  message.set("X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : answer.headers) message.insert(name, value);
  message.keep_alive(keep_alive_);
}

void Session::send(Answer answer) {
  reading_ = false;
  if (must_drain_) keep_alive_ = false;
  if (format_ == Format::Html) answer = to_html(shown_, std::move(answer));
  if (std::holds_alternative<EventsAfter>(answer.body) ||
      std::holds_alternative<StateLines>(answer.body)) {
    Traffic& traffic = context_.api.traffic;
    if (traffic.event_streams >= static_cast<std::int64_t>(context_.limits.event_streams_max)) {
      answer = error_answer(format_, 503, "Too many event streams; try again.");
    } else {
      ++traffic.answers_by_status[answer.status];
      return start_stream(answer);
    }
  }
  if (const auto* start = std::get_if<WatchStart>(&answer.body)) {
    Traffic& traffic = context_.api.traffic;
    if (traffic.watchers < static_cast<std::int64_t>(context_.limits.watchers_max)) {
      ++traffic.answers_by_status[answer.status];
      return start_watch(answer, *start);
    }
    answer = error_answer(format_, 503, "Too many watchers; try again.");
  }
  if (answer.status < Traffic::kStatusMax) {
    ++context_.api.traffic.answers_by_status[answer.status];
  }
  if (std::holds_alternative<std::string>(answer.body)) return send_whole(std::move(answer));
  std::string first;
  if (std::get<Pieces>(answer.body)(first)) return send_pieces(std::move(answer), std::move(first));
  answer.body = std::move(first);
  send_whole(std::move(answer));
}

void Session::send_whole(Answer answer) {
  whole_.emplace();
  fill_header(*whole_, answer);
  const bool has_body = answer.status != 204 && answer.status != 304;
  std::string& body = std::get<std::string>(answer.body);
  if (has_body) whole_->content_length(body.size());
  if (has_body && !head_only_) whole_->body() = std::move(body);
  stream_.expires_after(context_.limits.write_wait);
  http::async_write(stream_, *whole_, [self = shared_from_this()](Fault fault, std::size_t) {
    self->whole_.reset();
    if (fault) return self->close();
    self->on_sent();
  });
}

void Session::send_pieces(Answer answer, std::string first) {
  chunked_ = parser_->get().version() >= kHttp11;
  if (!chunked_) keep_alive_ = false;  // the end of the connection is the end of the body
  head_.emplace();
  fill_header(*head_, answer);
  if (chunked_) head_->chunked(true);
  head_writer_.emplace(*head_);
  stream_.expires_after(context_.limits.write_wait);
  http::async_write_header(
      stream_, *head_writer_,
      [self = shared_from_this(), pieces = std::get<Pieces>(std::move(answer.body)),
       piece = std::move(first)](Fault fault, std::size_t) mutable {
        if (fault) return self->close();
        if (self->head_only_) return self->on_sent();
        self->send_next_piece(std::move(pieces), std::move(piece), true);
      });
}

void Session::send_next_piece(Pieces pieces, std::string piece, bool more) {
  out_ = std::move(piece);
  stream_.expires_after(context_.limits.write_wait);
  auto on_written = [self = shared_from_this(), pieces = std::move(pieces), more](
                        Fault fault, std::size_t) mutable {
    if (fault) return self->close();
    if (more) {
      std::string next;
      const bool further = pieces(next);
      return self->send_next_piece(std::move(pieces), std::move(next), further);
    }
    if (!self->chunked_) return self->on_sent();
    asio::async_write(self->stream_, http::make_chunk_last(),
                      [self](Fault last_fault, std::size_t) {
                        if (last_fault) return self->close();
                        self->on_sent();
                      });
  };
  if (chunked_) {
    asio::async_write(stream_, http::make_chunk(asio::buffer(out_)), std::move(on_written));
  } else {
    asio::async_write(stream_, asio::buffer(out_), std::move(on_written));
  }
}

void Session::on_sent() {
  if (must_drain_) return drain();
  if (!keep_alive_ || ending_) return close();
  read_header();
}

void Session::start_stream(const Answer& answer) {
  chunked_ = parser_->get().version() >= kHttp11;
  keep_alive_ = chunked_;
  head_.emplace();
  fill_header(*head_, answer);
  if (chunked_) head_->chunked(true);
  head_writer_.emplace(*head_);
  if (const auto* after = std::get_if<EventsAfter>(&answer.body)) {
    events_.emplace(after->after);
    blank_due_ = true;  // at once: the client knows that it is heard
  } else {
    lines_ = std::get<StateLines>(answer.body);
  }
  writing_ = true;
  stream_.expires_after(context_.limits.write_wait);
  http::async_write_header(stream_, *head_writer_,
                           [self = shared_from_this()](Fault fault, std::size_t) {
                             if (fault) return self->close();
                             if (self->head_only_) return self->close();
                             // From here on reads and writes overlap: the timer watches both.
                             self->stream_.expires_never();
                             self->writing_ = false;
                             self->streaming_ = true;
                             ++self->context_.api.traffic.event_streams;
                             if (const auto connections = self->context_.connections.lock()) {
                               connections->add_stream(self.get());
                             }
                             self->watch_for_close();
                             self->arm_blank_line();
                             self->pump();
                           });
}

void Session::start_watch(const Answer& answer, const WatchStart& start) {
  const auto connections = context_.connections.lock();
  if (!connections || ending_) return close();
  chunked_ = parser_->get().version() >= kHttp11;
  keep_alive_ = chunked_;
  stream_.expires_never();
  std::shared_ptr<WatchConnection> watch;
  if (start.websocket) {
    watch = WatchConnection::over_websocket(std::move(stream_), parser_->release(), start.watcher,
                                            context_);
  } else {
    WatchConnection::Head head;
    fill_header(head, answer);
    watch = WatchConnection::over_http(std::move(stream_), std::move(head), chunked_, start.watcher,
                                       context_);
  }
  closed_ = true;  // the socket is another's
  connections->add(watch);
  connections->remove(this);
  watch->start();
}

void Session::pump() {
  if (writing_ || closed_ || !streaming_) return;
  std::string text;
  if (blank_due_) text += '\n';
  blank_due_ = false;
  const Snapshot snapshot = context_.api.engine.snapshot();
  if (events_) {
    read_events(*snapshot, text);
  } else {
    read_line(*snapshot, text);
  }
  if (!text.empty()) return write_stream(std::move(text));
  if (!ending_) return;
  if (!chunked_) return close();
  writing_ = true;
  asio::async_write(stream_, http::make_chunk_last(),
                    [self = shared_from_this()](Fault, std::size_t) { self->close(); });
}

void Session::read_events(const State& state, std::string& text) {
  events_->read(state, text, kPieceBytes);
  if (events_->gaps() > gaps_told_) {
    context_.api.traffic.event_gaps += events_->gaps() - gaps_told_;
    gaps_told_ = events_->gaps();
  }
}

void Session::read_line(const State& state, std::string& text) {
  if (line_pause_ || state.revision == line_revision_) return;
  line_revision_ = state.revision;
  const std::optional<std::string> line = lines_.next(state);
  if (!line) {
    ending_ = true;
    return;
  }
  if (!line->empty()) text += *line + '\n';
  line_pause_ = true;
  line_timer_.expires_after(kLinePause);
  line_timer_.async_wait([self = shared_from_this()](Fault fault) {
    self->line_pause_ = false;
    if (!fault) self->pump();
  });
}

void Session::write_stream(std::string text) {
  out_ = std::move(text);
  writing_ = true;
  write_began_ = context_.clock.mono_now();
  auto on_written = [self = shared_from_this()](Fault fault, std::size_t) {
    self->writing_ = false;
    if (fault) return self->close();
    self->pump();
  };
  if (chunked_) {
    asio::async_write(stream_, http::make_chunk(asio::buffer(out_)), std::move(on_written));
  } else {
    asio::async_write(stream_, asio::buffer(out_), std::move(on_written));
  }
}

void Session::arm_blank_line() {
  timer_.expires_after(context_.limits.stream_blank_every);
  timer_.async_wait([self = shared_from_this()](Fault fault) {
    if (fault || self->closed_) return;
    if (self->writing_) {
      // A client that takes nothing for so long is gone or asleep; it can go on later with `start`.
      const MonoTime waited = self->context_.clock.mono_now() - self->write_began_;
      const std::chrono::nanoseconds patience = self->context_.limits.write_wait;
      if (waited > patience.count()) return self->close();
    } else {
      self->blank_due_ = true;
      self->pump();
    }
    self->arm_blank_line();
  });
}

void Session::watch_for_close() {
  scratch_.resize(kScratchBytes);
  stream_.async_read_some(asio::buffer(scratch_),
                          [self = shared_from_this()](Fault fault, std::size_t) {
                            if (fault) return self->close();
                            self->watch_for_close();  // what it says meanwhile is not looked at
                          });
}

void Session::drain() {
  Fault ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  scratch_.resize(kScratchBytes);
  reading_ = true;
  if (ending_) return close();
  stream_.expires_after(context_.limits.drain_wait);
  drain_more();
}

void Session::drain_more() {
  stream_.async_read_some(
      asio::buffer(scratch_), [self = shared_from_this()](Fault fault, std::size_t bytes) {
        self->drained_ += bytes;
        if (fault || self->ending_ || self->drained_ > self->context_.limits.drain_bytes_max) {
          return self->close();
        }
        self->drain_more();
      });
}

void Session::close() {
  if (closed_) return;
  closed_ = true;
  Fault ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  stream_.close();
  timer_.cancel();
  line_timer_.cancel();
  if (const auto connections = context_.connections.lock()) connections->remove(this);
}

}  // namespace storm::rest
