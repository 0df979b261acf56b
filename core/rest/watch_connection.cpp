#include "core/rest/watch_connection.hpp"

#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket.hpp>
#include <optional>
#include <string>

namespace storm::rest {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;

constexpr std::size_t kScratchBytes = 512;          // for what the client of a stream says, unheard
constexpr std::size_t kHeardBytesMax = 128 * 1024;  // of one message of a WebSocket
constexpr std::string_view kSseGreeting = "retry: 1000\n\n";

class HttpWatch final : public WatchConnection {
 public:
  HttpWatch(beast::tcp_stream stream, Head head, bool chunked, std::shared_ptr<Watcher> watcher,
            const SessionContext& context)
      : WatchConnection(stream.get_executor(), std::move(watcher), context),
        stream_(std::move(stream)),
        head_(std::move(head)),
        chunked_(chunked),
        write_wait_(context.limits.write_wait) {
    if (chunked_) head_.chunked(true);
    head_writer_.emplace(head_);
  }

 private:
  std::shared_ptr<HttpWatch> me() { return std::static_pointer_cast<HttpWatch>(self()); }

  void open() override {
    stream_.expires_after(write_wait_);
    http::async_write_header(stream_, *head_writer_, [me = me()](Fault fault, std::size_t) {
      me->head_writer_.reset();
      me->head_ = {};
      if (fault) return me->on_open(fault);
      me->stream_.expires_never();  // from here on reads and writes overlap
      me->watch_for_close();
      if (me->watcher().form() != WatchForm::Sse) return me->on_open({});
      me->greeting_ = true;
      me->write({std::make_shared<const std::string>(kSseGreeting)});
    });
  }

  void write(std::vector<Frame> frames) override {
    frames_ = std::move(frames);
    std::vector<asio::const_buffer> buffers;
    buffers.reserve(frames_.size());
    for (const Frame& frame : frames_) buffers.push_back(asio::buffer(*frame));
    auto done = [me = me()](Fault fault, std::size_t) {
      me->frames_.clear();
      if (std::exchange(me->greeting_, false)) return me->on_open(fault);
      me->on_written(fault);
    };
    if (chunked_) {
      asio::async_write(stream_, http::make_chunk(std::move(buffers)), std::move(done));
    } else {
      asio::async_write(stream_, std::move(buffers), std::move(done));
    }
  }

  void watch_for_close() {
    stream_.async_read_some(asio::buffer(scratch_), [me = me()](Fault fault, std::size_t) {
      if (fault) return me->close();
      me->watch_for_close();  // what it says meanwhile is not looked at
    });
  }

  void say_goodbye() override {
    if (!chunked_) return close();
    asio::async_write(stream_, http::make_chunk_last(),
                      [me = me()](Fault, std::size_t) { me->close(); });
  }

  void shut() override {
    Fault ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
    stream_.close();
  }

  beast::tcp_stream stream_;
  Head head_;
  std::optional<http::response_serializer<http::empty_body>> head_writer_;
  const bool chunked_;
  const std::chrono::milliseconds write_wait_;
  bool greeting_ = false;
  std::vector<Frame> frames_;  // that are being written
  std::array<char, kScratchBytes> scratch_ = {};
};

class SocketWatch final : public WatchConnection {
 public:
  SocketWatch(beast::tcp_stream stream, Upgrade request, std::shared_ptr<Watcher> watcher,
              const SessionContext& context)
      : WatchConnection(stream.get_executor(), std::move(watcher), context),
        socket_(std::move(stream)),
        request_(std::move(request)) {
    websocket::stream_base::timeout timeout =
        websocket::stream_base::timeout::suggested(beast::role_type::server);
    timeout.handshake_timeout = context.limits.write_wait;
    socket_.set_option(timeout);
    socket_.read_message_max(kHeardBytesMax);
    socket_.text(true);
  }

 private:
  std::shared_ptr<SocketWatch> me() { return std::static_pointer_cast<SocketWatch>(self()); }

  void open() override {
    beast::get_lowest_layer(socket_).expires_never();  // the WebSocket has its own
    socket_.async_accept(*request_, [me = me()](Fault fault) {
      me->request_.reset();
      if (!fault) me->listen();
      me->on_open(fault);
    });
  }

  void listen() {
    socket_.async_read(heard_, [me = me()](Fault fault, std::size_t) {
      if (fault) return me->close();
      const auto said = me->heard_.cdata();
      const std::string_view text(static_cast<const char*>(said.data()), said.size());
      if (!me->watcher().hear(text)) return me->close();
      me->heard_.consume(me->heard_.size());
      me->watcher().wake();
      me->listen();
    });
  }

  // A message each.
  void write(std::vector<Frame> frames) override {
    frames_ = std::move(frames);
    next_ = 0;
    write_next();
  }

  void write_next() {
    socket_.async_write(asio::buffer(*frames_[next_]), [me = me()](Fault fault, std::size_t) {
      if (!fault && ++me->next_ < me->frames_.size()) return me->write_next();
      me->frames_.clear();
      me->on_written(fault);
    });
  }

  void say_goodbye() override {
    socket_.async_close(websocket::close_code::going_away, [me = me()](Fault) { me->close(); });
  }

  void shut() override { beast::get_lowest_layer(socket_).close(); }

  websocket::stream<beast::tcp_stream> socket_;
  std::optional<Upgrade> request_;
  beast::flat_buffer heard_;
  std::vector<Frame> frames_;  // that are being written
  std::size_t next_ = 0;
};

}  // namespace

std::shared_ptr<WatchConnection> WatchConnection::over_http(beast::tcp_stream stream, Head head,
                                                            bool chunked,
                                                            std::shared_ptr<Watcher> watcher,
                                                            const SessionContext& context) {
  return std::make_shared<HttpWatch>(std::move(stream), std::move(head), chunked,
                                     std::move(watcher), context);
}

std::shared_ptr<WatchConnection> WatchConnection::over_websocket(beast::tcp_stream stream,
                                                                 Upgrade request,
                                                                 std::shared_ptr<Watcher> watcher,
                                                                 const SessionContext& context) {
  return std::make_shared<SocketWatch>(std::move(stream), std::move(request), std::move(watcher),
                                       context);
}

WatchConnection::WatchConnection(const asio::any_io_executor& strand,
                                 std::shared_ptr<Watcher> watcher, const SessionContext& context)
    : context_(context), watcher_(std::move(watcher)), timer_(strand) {
  ++context_.api.traffic.connections;
  ++context_.api.traffic.watchers;
}

WatchConnection::~WatchConnection() {
  --context_.api.traffic.connections;
  --context_.api.traffic.watchers;
}

void WatchConnection::start() {
  watcher_->on_wake([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->post_pump();
  });
  open();
}

void WatchConnection::post_pump() {
  asio::post(timer_.get_executor(), [self = self()] { self->pump(); });
}

void WatchConnection::end() {
  asio::post(timer_.get_executor(), [self = self()] {
    self->ending_ = true;
    if (!self->open_) return self->close();
    self->pump();
  });
}

void WatchConnection::on_open(Fault fault) {
  if (fault) return close();
  if (closed_) return;
  open_ = true;
  arm_timer();
  pump();
}

void WatchConnection::on_written(Fault fault) {
  writing_ = false;
  if (fault) return close();
  pump();
}

void WatchConnection::pump() {
  if (!open_ || writing_ || closed_) return;
  if (ending_) {
    writing_ = true;
    return say_goodbye();
  }
  Watcher::Taken taken = watcher_->take();
  if (taken.frames.empty() && !taken.more && bookmark_due_) {
    if (Frame frame = watcher_->bookmark()) taken.frames.push_back(std::move(frame));
  }
  if (taken.frames.empty()) {
    // Others get their turn between slices of reading.
    if (taken.more) post_pump();
    return;
  }
  bookmark_due_ = false;
  writing_ = true;
  write_began_ = context_.clock.mono_now();
  write(std::move(taken.frames));
}

void WatchConnection::arm_timer() {
  timer_.expires_after(context_.limits.watch_bookmark_every);
  timer_.async_wait([self = self()](Fault fault) {
    if (fault || self->closed_) return;
    if (self->writing_) {
      // A client that takes nothing for so long is gone or asleep; it can go on from its cursor.
      const MonoTime waited = self->context_.clock.mono_now() - self->write_began_;
      const std::chrono::nanoseconds patience = self->context_.limits.write_wait;
      if (waited > patience.count()) return self->close();
    } else {
      self->bookmark_due_ = true;
      self->pump();
    }
    self->arm_timer();
  });
}

void WatchConnection::close() {
  if (closed_) return;
  closed_ = true;
  shut();
  timer_.cancel();
  watcher_->end();
  if (const auto connections = context_.connections.lock()) connections->remove(this);
}

}  // namespace storm::rest
