#include "core/rest/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <cstdint>
#include <iterator>
#include <thread>

#include "core/rest/host_name.hpp"
#include "core/rest/html_page.hpp"
#include "core/rest/http_error.hpp"
#include "core/rest/watch_connection.hpp"
#include "core/rest/write_now.hpp"

namespace storm::rest {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;

constexpr std::size_t kReadBytes = 4 * 1024;       // at a time, of a header
constexpr std::size_t kReadBodyBytes = 64 * 1024;  // and of a body that is larger
constexpr std::size_t kScratchBytes = 16 * 1024;
constexpr unsigned kHttp11 = 11;
// Changes that follow each other more closely make one line.
constexpr std::chrono::milliseconds kLinePause(100);
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

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

std::string_view view_of(beast::string_view text) { return {text.data(), text.size()}; }
asio::const_buffer buffer_of(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

Session::Session(Stream stream, const SessionContext& context, IoLoop& loop)
    : context_(context),
      loop_(loop),
      stream_(std::move(stream)),
      timer_(stream_.get_executor(), context.clock),
      line_timer_(stream_.get_executor()) {
  ++loop_.connections;
  ++context_.api.traffic.connections;
  ++context_.api.traffic.connections_total;
}

Session::~Session() {
  --loop_.connections;
  --context_.api.traffic.connections;
  if (streaming_) --context_.api.traffic.event_streams;
}

void Session::start(bool busy) {
  asio::post(stream_.get_executor(), [self = shared_from_this(), busy] {
    Fault ignored;
    self->stream_.socket().non_blocking(true, ignored);
    self->timer_.start(self, [session = self.get()] { session->close(); });
    if (!self->stream_.is_secure()) return self->begin(busy);
    self->reading_ = true;
    self->timer_.allow(self->context_.limits.header_wait);
    self->stream_.async_handshake([self, busy](Fault fault) {
      if (fault || self->closed_) return self->close();
      self->begin(busy);
    });
  });
}

void Session::begin(bool busy) {
  if (!busy) return read_header();
  ++context_.api.traffic.connections_refused;
  must_drain_ = true;
  parser_.emplace();
  send(error_answer(Format::Json, 503, "Too many connections; try again."));
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

void Session::read_some(Step next) {
  // What the parser does not take stays here: no more than a header may have.
  const std::size_t unparsed_max = kTargetBytesMax + context_.limits.field_bytes_max + kReadBytes;
  if (buffer_.size() > unparsed_max) return refuse_reading(http::error::buffer_overflow);
  std::size_t bytes = kReadBytes;
  if (next == &Session::parse_body) {
    const std::uint64_t left = parser_->content_length_remaining().value_or(kReadBodyBytes);
    bytes = static_cast<std::size_t>(std::clamp<std::uint64_t>(left, kReadBytes, kReadBodyBytes));
  }
  stream_.async_read_some(buffer_.prepare(bytes),
                          [self = shared_from_this(), next](Fault fault, std::size_t read) {
                            if (self->closed_) return;
                            self->buffer_.commit(read);
                            (*self.*next)(fault);
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
  timer_.allow(context_.limits.header_wait);
  if (buffer_.size() > 0) return parse_header({});
  read_some(&Session::parse_header);
}

void Session::parse_header(Fault fault) {
  if (fault) return close();  // reset or ended
  buffer_.consume(parser_->put(buffer_.data(), fault));
  if (fault && fault != http::error::need_more) return refuse_reading(fault);
  if (!parser_->is_header_done()) return read_some(&Session::parse_header);
  on_header();
}

void Session::on_header() {
  const http::request<http::string_body>& message = parser_->get();
  acceptance_ = read_accept(header(http::field::accept));
  format_ = acceptance_.format;
  head_only_ = message.method() == http::verb::head;
  if (std::optional<Answer> refusal = check_header()) {
    must_drain_ = !parser_->is_done();
    return send(std::move(*refusal));
  }
  if (parser_->is_done()) return handle();
  if (!beast::iequals(header(http::field::expect), "100-continue")) return read_body();
  timer_.allow(context_.limits.write_wait);
  asio::async_write(stream_, buffer_of(kContinue),
                    [self = shared_from_this()](Fault write_fault, std::size_t) {
                      if (write_fault) return self->close();
                      self->read_body();
                    });
}

void Session::read_body() {
  timer_.allow(context_.limits.body_wait);
  parser_->eager(true);
  if (buffer_.size() > 0) return parse_body({});
  read_some(&Session::parse_body);
}

void Session::parse_body(Fault fault) {
  if (fault) return close();  // reset or ended
  buffer_.consume(parser_->put(buffer_.data(), fault));
  if (fault && fault != http::error::need_more) return refuse_reading(fault);
  if (!parser_->is_done()) return read_some(&Session::parse_body);
  handle();
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
  if (fault.category() == http::make_error_code(http::error::bad_target).category()) {
    return send(error_answer(format_, 400, "This is no HTTP request: " + fault.message() + "."));
  }
  close();
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

bool Session::is_loopback() const {
  Fault ignored;
  return stream_.socket().local_endpoint(ignored).address().is_loopback();
}

bool Session::is_let_in() const {
  if (!stream_.is_secure()) return true;
  const std::shared_ptr<const Access> access = context_.access.load();
  return access && access->tokens().holder_of(header(http::field::authorization));
}

std::optional<Answer> Session::check_header() const {
  const auto& message = parser_->get();
  if (message.target().size() > kTargetBytesMax) return url_too_long();
  std::size_t field_bytes = 0;
  for (const auto& field : message) {
    field_bytes += field.name_string().size() + field.value().size();
  }
  if (field_bytes > context_.limits.field_bytes_max) return fields_too_large();
  if (!is_let_in()) {
    return error_answer(format_, 401,
                        "This address takes a token, in the field Authorization: Bearer TOKEN.")
        .with("WWW-Authenticate", "Bearer, Basic realm=\"Perfect Storm\", charset=\"UTF-8\"");
  }
  // A page of another site may have its name point here, to have a browser on this machine do what
  // its owner cannot: names that are not ours are refused.
  const std::string host = host_of(header(http::field::host));
  const bool known = host.empty() || host == "localhost" || host.ends_with(".localhost") ||
                     is_ip_literal(host) ||
                     std::ranges::find(context_.host_names, host) != context_.host_names.end();
  if (!known && !stream_.is_secure() && is_loopback()) {
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
  timer_.allow_any_time();
  http::request<http::string_body>& message = parser_->get();
  keep_alive_ = message.keep_alive() && !ending_;
  Request request;
  request.method = method_of(message.method());
  request.format = acceptance_.format;
  request.acceptable = acceptance_.acceptable;
  request.if_match = header(http::field::if_match);
  request.if_none_match = header(http::field::if_none_match);
  request.lines = acceptance_.lines;
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
                       executor = stream_.get_executor(),
                       here = std::this_thread::get_id()](Work work) {
    if (std::this_thread::get_id() == here) {
      // While the route is being called, or later by chance on the same thread: then by the gate.
      const auto self = weak.lock();
      if (self && self->dispatching_) return self->run(std::move(work));
    }
    const auto gate = connections.lock();
    if (!gate) return;
    gate->post(executor, [weak, work = std::move(work)]() mutable {
      if (const auto self = weak.lock()) self->run(std::move(work));
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

// Leaves out the fields that tell how long the body is, and the empty line at the end.
void Session::begin_head(const Answer& answer) {
  head_.clear();
  loop_.heads.append(head_, answer, keep_alive_, context_.clock.wall_now());
}

void Session::send(Answer answer) {
  if (closed_) return;
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
  Pieces pieces = std::get<Pieces>(std::move(answer.body));
  std::string first;
  if (pieces(first, kLargePieceBytes))
    return send_pieces(answer, std::move(pieces), std::move(first));
  answer.body = std::move(first);
  send_whole(std::move(answer));
}

void Session::send_whole(Answer answer) {
  begin_head(answer);
  const bool has_body = answer.status != 204 && answer.status != 304;
  out_ = std::get<std::string>(std::move(answer.body));
  if (has_body) {
    fmt::format_to(std::back_inserter(head_), "Content-Length: {}\r\n", out_.size());
  }
  if (!has_body || head_only_) out_.clear();
  head_ += "\r\n";
  // Nearly always the system takes all of it at once.
  std::array<asio::const_buffer, 2> buffers = {asio::buffer(head_), asio::buffer(out_)};
  if (const std::optional<Fault> done = write_now(stream_, buffers)) return on_whole_sent(*done);
  timer_.allow(context_.limits.write_wait);
  asio::async_write(stream_, buffers, [self = shared_from_this()](Fault fault, std::size_t) {
    self->on_whole_sent(fault);
  });
}

void Session::on_whole_sent(Fault fault) {
  if (fault) return close();
  on_sent();
}

void Session::send_pieces(const Answer& answer, Pieces pieces, std::string first) {
  chunked_ = parser_->get().version() >= kHttp11;
  if (!chunked_) keep_alive_ = false;  // the end of the connection is the end of the body
  begin_head(answer);
  head_ += chunked_ ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n";
  out_ = std::move(first);
  if (!head_only_) return send_piece(std::move(pieces), true);
  timer_.allow(context_.limits.write_wait);
  asio::async_write(
      stream_, asio::buffer(head_),
      [self = shared_from_this()](Fault fault, std::size_t) { self->on_whole_sent(fault); });
}

// Writes what is printed, the head before the first piece.
void Session::send_piece(Pieces pieces, bool more) {
  std::array<asio::const_buffer, 4> buffers = {asio::buffer(head_), {}, asio::buffer(out_), {}};
  if (chunked_) {
    if (!out_.empty()) buffers[1] = buffer_of(chunk_.open(out_.size()));
    if (out_.empty()) {
      buffers[3] = buffer_of(more ? std::string_view() : ChunkFrame::kEnd);
    } else {
      buffers[3] = buffer_of(more ? ChunkFrame::kClose : ChunkFrame::kCloseLast);
    }
  }
  timer_.allow(context_.limits.write_wait);
  if (const std::optional<Fault> done = write_now(stream_, buffers)) {
    if (*done) return close();
    if (!more) return on_sent();
    // Others get their turn between two pieces.
    asio::post(stream_.get_executor(),
               [self = shared_from_this(), pieces = std::move(pieces)]() mutable {
                 self->send_next_piece(std::move(pieces), true);
               });
    return;
  }
  asio::async_write(stream_, buffers,
                    [self = shared_from_this(), pieces = std::move(pieces), more](
                        Fault fault, std::size_t) mutable {
                      if (fault) return self->close();
                      if (!more) return self->on_sent();
                      self->send_next_piece(std::move(pieces), false);
                    });
}

// A client that makes us wait gets smaller pieces: each holds memory until it is taken.
void Session::send_next_piece(Pieces pieces, bool took_at_once) {
  if (closed_) return;
  head_.clear();
  out_.clear();
  if (!took_at_once) out_.shrink_to_fit();
  const bool more = pieces(out_, took_at_once ? kLargePieceBytes : kPieceBytes);
  send_piece(std::move(pieces), more);
}

void Session::on_sent() {
  out_ = {};
  // What a large body needed is not kept while the connection is idle.
  if (buffer_.size() == 0 && buffer_.capacity() > 2 * kReadBytes) buffer_.shrink_to_fit();
  if (must_drain_) return drain();
  if (!keep_alive_ || ending_) {
    stream_.say_end();
    return close();
  }
  if (buffer_.size() == 0) return read_header();
  // The client has sent more than one request at a time: others get their turn between them.
  asio::post(stream_.get_executor(), [self = shared_from_this()] {
    if (!self->closed_) self->read_header();
  });
}

void Session::start_stream(const Answer& answer) {
  chunked_ = parser_->get().version() >= kHttp11;
  keep_alive_ = chunked_;
  begin_head(answer);
  head_ += chunked_ ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n";
  if (const auto* after = std::get_if<EventsAfter>(&answer.body)) {
    events_.emplace(after->after);
    blank_due_ = true;  // at once: the client knows that it is heard
  } else {
    lines_ = std::get<StateLines>(answer.body);
  }
  writing_ = true;
  timer_.allow(context_.limits.write_wait);
  asio::async_write(stream_, asio::buffer(head_),
                    [self = shared_from_this()](Fault fault, std::size_t) {
                      if (fault || self->head_only_) return self->close();
                      self->timer_.allow_any_time();
                      self->writing_ = false;
                      self->streaming_ = true;
                      ++self->context_.api.traffic.event_streams;
                      if (const auto connections = self->context_.connections.lock()) {
                        connections->add_stream(self.get());
                      }
                      self->watch_for_close();
                      self->timer_.beat(self->context_.limits.stream_blank_every,
                                        [session = self.get()] { session->on_quiet(); });
                      self->pump();
                    });
}

void Session::start_watch(const Answer& answer, const WatchStart& start) {
  const auto connections = context_.connections.lock();
  if (!connections || ending_) return close();
  chunked_ = parser_->get().version() >= kHttp11;
  keep_alive_ = chunked_;
  timer_.stop();
  std::shared_ptr<WatchConnection> watch;
  if (start.websocket) {
    watch = WatchConnection::over_websocket(std::move(stream_), parser_->release(), start.watcher,
                                            context_, loop_);
  } else {
    begin_head(answer);
    head_ += chunked_ ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n";
    watch = WatchConnection::over_http(std::move(stream_), std::move(head_), chunked_,
                                       start.watcher, context_, loop_);
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
  asio::async_write(stream_, buffer_of(ChunkFrame::kEnd),
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
  // A client that takes nothing for so long is gone or asleep; it can go on later with `start`.
  timer_.allow(context_.limits.write_wait);
  std::array<asio::const_buffer, 3> buffers = {{{}, asio::buffer(out_), {}}};
  if (chunked_) {
    buffers[0] = buffer_of(chunk_.open(out_.size()));
    buffers[2] = buffer_of(ChunkFrame::kClose);
  }
  asio::async_write(stream_, buffers, [self = shared_from_this()](Fault fault, std::size_t) {
    self->writing_ = false;
    if (fault) return self->close();
    self->timer_.allow_any_time();
    self->pump();
  });
}

void Session::on_quiet() {
  if (writing_ || closed_) return;
  blank_due_ = true;
  pump();
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
  stream_.say_end();
  stream_.shutdown(Socket::shutdown_send);
  scratch_.resize(kScratchBytes);
  reading_ = true;
  if (ending_) return close();
  timer_.allow(context_.limits.drain_wait);
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
  stream_.shutdown(Socket::shutdown_both);
  stream_.close();
  timer_.stop();
  line_timer_.cancel();
  if (const auto connections = context_.connections.lock()) connections->remove(this);
}

}  // namespace storm::rest
