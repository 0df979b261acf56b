#include "core/rest/watch_connection.hpp"

#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <optional>
#include <string>

#include "core/rest/chunk_frame.hpp"
#include "core/rest/write_now.hpp"

namespace storm::rest {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;

constexpr std::size_t kScratchBytes = 512;          // for what the client of a stream says, unheard
constexpr std::size_t kHeardBytesMax = 128 * 1024;  // of one message of a WebSocket
constexpr std::string_view kSseGreeting = "retry: 1000\n\n";

asio::const_buffer buffer_of(std::string_view text) { return {text.data(), text.size()}; }

class HttpWatch final : public WatchConnection {
 public:
  HttpWatch(Stream stream, std::string head, bool chunked, std::shared_ptr<Watcher> watcher,
            const SessionContext& context, IoLoop& loop)
      : WatchConnection(std::move(watcher), context, loop),
        stream_(std::move(stream)),
        head_(std::move(head)),
        chunked_(chunked) {
    if (this->watcher().form() != WatchForm::Sse) return;
    if (chunked_) head_ += chunk_.open(kSseGreeting.size());
    head_ += kSseGreeting;
    if (chunked_) head_ += ChunkFrame::kClose;
  }

 private:
  std::shared_ptr<HttpWatch> me() { return std::static_pointer_cast<HttpWatch>(self()); }

  void open() override {
    asio::async_write(stream_, asio::buffer(head_), [me = me()](Fault fault, std::size_t) {
      me->head_ = {};
      if (fault) return me->on_open(fault);
      me->watch_for_close();
      me->on_open({});
    });
  }

  bool write(std::vector<Frame> frames) override {
    frames_ = std::move(frames);
    std::vector<asio::const_buffer> buffers;
    buffers.reserve(frames_.size() + 2);
    std::size_t bytes = 0;
    for (const Frame& frame : frames_) bytes += frame->size();
    if (chunked_) buffers.push_back(buffer_of(chunk_.open(bytes)));
    for (const Frame& frame : frames_) buffers.push_back(asio::buffer(*frame));
    if (chunked_) buffers.push_back(buffer_of(ChunkFrame::kClose));
    if (const std::optional<Fault> done = write_now(stream_, buffers)) {
      frames_.clear();
      if (*done) close();
      return true;
    }
    asio::async_write(stream_, std::move(buffers), [me = me()](Fault fault, std::size_t) {
      me->frames_.clear();
      me->on_written(fault);
    });
    return false;
  }

  void watch_for_close() {
    stream_.async_read_some(asio::buffer(scratch_), [me = me()](Fault fault, std::size_t) {
      if (fault) return me->close();
      me->watch_for_close();  // what it says meanwhile is not looked at
    });
  }

  void say_goodbye() override {
    if (!chunked_) return close();
    asio::async_write(stream_, buffer_of(ChunkFrame::kEnd),
                      [me = me()](Fault, std::size_t) { me->close(); });
  }

  void shut() override {
    stream_.shutdown(Socket::shutdown_both);
    stream_.close();
  }

  Stream stream_;
  std::string head_;
  const bool chunked_;
  std::vector<Frame> frames_;  // that are being written
  ChunkFrame chunk_;           // around them
  std::array<char, kScratchBytes> scratch_ = {};
};

class SocketWatch final : public WatchConnection {
 public:
  SocketWatch(Stream stream, Upgrade request, std::shared_ptr<Watcher> watcher,
              const SessionContext& context, IoLoop& loop)
      : WatchConnection(std::move(watcher), context, loop),
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
  bool write(std::vector<Frame> frames) override {
    frames_ = std::move(frames);
    next_ = 0;
    write_next();
    return false;
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

  void shut() override { socket_.next_layer().close(); }

  websocket::stream<Stream> socket_;
  std::optional<Upgrade> request_;
  beast::flat_buffer heard_;
  std::vector<Frame> frames_;  // that are being written
  std::size_t next_ = 0;
};

}  // namespace

std::shared_ptr<WatchConnection> WatchConnection::over_http(Stream stream, std::string head,
                                                            bool chunked,
                                                            std::shared_ptr<Watcher> watcher,
                                                            const SessionContext& context,
                                                            IoLoop& loop) {
  return std::make_shared<HttpWatch>(std::move(stream), std::move(head), chunked,
                                     std::move(watcher), context, loop);
}

std::shared_ptr<WatchConnection> WatchConnection::over_websocket(Stream stream, Upgrade request,
                                                                 std::shared_ptr<Watcher> watcher,
                                                                 const SessionContext& context,
                                                                 IoLoop& loop) {
  return std::make_shared<SocketWatch>(std::move(stream), std::move(request), std::move(watcher),
                                       context, loop);
}

WatchConnection::WatchConnection(std::shared_ptr<Watcher> watcher, const SessionContext& context,
                                 IoLoop& loop)
    : context_(context),
      loop_(loop),
      watcher_(std::move(watcher)),
      timer_(loop.io.get_executor(), context.clock) {
  ++loop_.connections;
  ++context_.api.traffic.connections;
  ++context_.api.traffic.watchers;
}

WatchConnection::~WatchConnection() {
  --loop_.connections;
  --context_.api.traffic.connections;
  --context_.api.traffic.watchers;
}

void WatchConnection::start() {
  timer_.start(weak_from_this(), [this] { close(); });
  timer_.allow(context_.limits.write_wait);
  watcher_->on_wake([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->post_pump();
  });
  open();
}

void WatchConnection::post_pump() {
  asio::post(loop_.io, [self = self()] { self->pump(); });
}

void WatchConnection::end() {
  asio::post(loop_.io, [self = self()] {
    self->ending_ = true;
    if (!self->open_) return self->close();
    self->pump();
  });
}

void WatchConnection::on_open(Fault fault) {
  if (fault) return close();
  if (closed_) return;
  open_ = true;
  timer_.allow_any_time();
  timer_.beat(context_.limits.watch_bookmark_every, [this] { on_quiet(); });
  pump();
}

void WatchConnection::on_written(Fault fault) {
  writing_ = false;
  if (fault) return close();
  timer_.allow_any_time();
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
  if (write(std::move(taken.frames))) {
    if (taken.more) post_pump();
    return;
  }
  writing_ = true;
  // A client that takes nothing for so long is gone or asleep; it can go on from its cursor.
  timer_.allow(context_.limits.write_wait);
}

void WatchConnection::on_quiet() {
  if (writing_ || closed_) return;
  bookmark_due_ = true;
  pump();
}

void WatchConnection::close() {
  if (closed_) return;
  closed_ = true;
  shut();
  timer_.stop();
  watcher_->end();
  if (const auto connections = context_.connections.lock()) connections->remove(this);
}

}  // namespace storm::rest
