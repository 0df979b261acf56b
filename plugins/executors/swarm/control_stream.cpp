#include "plugins/executors/swarm/control_stream.hpp"

#include <fcntl.h>
#include <nghttp2/nghttp2.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <iterator>
#include <new>
#include <string_view>
#include <utility>

namespace storm::swarm {
namespace {

// gRPC frames: one byte 0, the length in four bytes, the message.
constexpr std::size_t kFrameHead = 5;
// Health/Check of "ControlAPI".
constexpr std::string_view kHealthRequest(
    "\0\0\0\0\x0c\x0a\x0a"
    "ControlAPI",
    kFrameHead + 12);
// Watch of created, updated and removed (mask 7) tasks, services and nodes: these three kinds and
// never another, for others carry keys and secrets. No resume_from: a client that goes away while
// it is behind leaves the manager collecting events for ever.
constexpr std::string_view kWatchRequest(
    "\0\0\0\0\x21"
    "\x0a\x08\x0a\x04task\x10\x07"
    "\x0a\x0b\x0a\x07service\x10\x07"
    "\x0a\x08\x0a\x04node\x10\x07",
    kFrameHead + 33);
constexpr std::string_view kHealthPath = "/docker.swarmkit.v1.Health/Check";
constexpr std::string_view kWatchPath = "/docker.swarmkit.v1.Watch/Watch";
constexpr std::uint32_t kServing = 1;
constexpr std::size_t kReadBytes = 256U << 10U;

// Bytes that are wiped before they are given back.
class WipedBytes {
 public:
  ~WipedBytes() { wipe(); }
  WipedBytes() = default;
  WipedBytes(const WipedBytes&) = delete;
  WipedBytes& operator=(const WipedBytes&) = delete;

  void append(const std::uint8_t* data, std::size_t size) {
    if (bytes_.capacity() < bytes_.size() + size) {
      std::vector<std::uint8_t> larger;
      larger.reserve(2 * (bytes_.size() + size));
      larger.insert(larger.end(), bytes_.begin(), bytes_.end());
      wipe();
      bytes_ = std::move(larger);
    }
    bytes_.insert(bytes_.end(), data, data + size);
  }
  void drop_front(std::size_t count) {
    const std::size_t left = bytes_.size() - count;
    if (left > 0) std::memmove(bytes_.data(), bytes_.data() + count, left);
    OPENSSL_cleanse(bytes_.data() + left, count);
    bytes_.resize(left);
  }
  const std::uint8_t* data() const { return bytes_.data(); }
  std::size_t size() const { return bytes_.size(); }

 private:
  void wipe() {
    if (!bytes_.empty()) OPENSSL_cleanse(bytes_.data(), bytes_.size());
  }
  std::vector<std::uint8_t> bytes_;
};

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using SslContext = std::unique_ptr<SSL_CTX, Freer<&SSL_CTX_free>>;
using Ssl = std::unique_ptr<SSL, Freer<&SSL_free>>;
using Http2 = std::unique_ptr<nghttp2_session, Freer<&nghttp2_session_del>>;
using Certificate = std::unique_ptr<X509, Freer<&X509_free>>;

struct Descriptor {
  int fd = -1;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

// In our own words: the manager's could quote what it was asked about.
std::string status_text(std::string_view grpc_status) {
  constexpr std::array<std::string_view, 17> kMeanings = {
      "no error",           "cancelled",         "unknown error",
      "invalid request",    "deadline exceeded", "not found",
      "exists already",     "permission denied", "out of resources",
      "precondition fails", "aborted",           "out of range",
      "not implemented",    "internal error",    "manager not available",
      "data loss",          "not authenticated"};
  std::size_t code = 0;
  const char* const end = grpc_status.data() + grpc_status.size();
  const auto [rest, error] = std::from_chars(grpc_status.data(), end, code);
  if (error != std::errc() || rest != end || code >= kMeanings.size()) {
    return "the manager ended the stream with an unknown status";
  }
  return "the manager ended the stream with status " + std::to_string(code) + " (" +
         std::string(kMeanings[code]) + ")";
}

}  // namespace

struct ControlStream::Connection {
  explicit Connection(ControlTarget target_in) : target(std::move(target_in)) {}

  ControlTarget target;
  std::vector<WatchEvent> events;
  State state = State::Opening;
  std::string failure;

  Descriptor socket;
  SslContext context;
  Ssl ssl;  // reads and writes memory; the socket is ours
  bool handshaken = false;
  Http2 http2;
  std::vector<std::uint8_t> incoming = std::vector<std::uint8_t>(kReadBytes);  // encrypted
  std::vector<std::uint8_t> outgoing;  // encrypted, not yet written
  std::int32_t health_stream = -1;
  std::int32_t watch_stream = -1;
  std::string grpc_status;  // of the stream that ended
  std::string http_status;
  WipedBytes received;  // of the stream that is being read
  bool serving = false;

  bool fail(std::string why) {
    if (state != State::Failed) {
      state = State::Failed;
      failure = target.socket_path + ": " + std::move(why);
    }
    return false;
  }

  bool open_socket();
  bool open_tls();
  bool open_http2();
  bool submit(std::string_view path, const std::string_view& body, std::int32_t& stream);
  bool handshake();
  bool read_socket(bool& ended);
  bool write_socket();
  bool pull_plain();
  bool push_plain();
  void flush_tls();
  void advance();
  bool take_messages(std::int32_t stream);
  void stream_closed(std::int32_t stream);
  std::string tls_reason() const;
};

bool ControlStream::Connection::open_socket() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (target.socket_path.size() >= sizeof address.sun_path) return fail("the path is too long");
  std::memcpy(address.sun_path, target.socket_path.data(), target.socket_path.size());
  socket.fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket.fd < 0) return fail(std::strerror(errno));
  if (::connect(socket.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == EAGAIN) return fail("its queue of connections is full");
    return fail(std::strerror(errno));
  }
  return true;
}

bool ControlStream::Connection::open_tls() {
  context.reset(SSL_CTX_new(TLS_client_method()));
  if (!context) return fail("no TLS");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_CLEANSE_PLAINTEXT);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  std::unique_ptr<BIO, Freer<&BIO_free>> pem(
      BIO_new_mem_buf(target.trust_root.data(), static_cast<int>(target.trust_root.size())));
  int roots = 0;
  X509_STORE* store = SSL_CTX_get_cert_store(context.get());
  while (Certificate root{PEM_read_bio_X509(pem.get(), nullptr, nullptr, nullptr)}) {
    X509_STORE_add_cert(store, root.get());
    ++roots;
  }
  ERR_clear_error();
  if (roots == 0) return fail("/info names no root certificate of the swarm");
  ssl.reset(SSL_new(context.get()));
  if (!ssl) return fail("no TLS");
  X509_VERIFY_PARAM* check = SSL_get0_param(ssl.get());
  X509_VERIFY_PARAM_set_hostflags(check, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (target.node_id.empty() ||
      X509_VERIFY_PARAM_set1_host(check, target.node_id.data(), target.node_id.size()) != 1) {
    return fail("/info names no node id");
  }
  // Offered, not required: a manager that was promoted, or whose certificate was renewed, answers
  // without it (Docker before 28).
  static constexpr unsigned char kAlpn[] = {2, 'h', '2'};
  SSL_set_alpn_protos(ssl.get(), kAlpn, sizeof kAlpn);
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_connect_state(ssl.get());
  return true;
}

bool ControlStream::Connection::open_http2() {
  nghttp2_session_callbacks* raw = nullptr;
  if (nghttp2_session_callbacks_new(&raw) != 0) return fail("out of memory");
  const std::unique_ptr<nghttp2_session_callbacks, Freer<&nghttp2_session_callbacks_del>> callbacks(
      raw);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      raw,
      [](nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* data,
         std::size_t size, void* self_raw) -> int {
        auto& self = *static_cast<Connection*>(self_raw);
        try {
          self.received.append(data, size);
          if (self.take_messages(stream)) return 0;
        } catch (const std::bad_alloc&) {  // may not pass through C
          self.state = State::Failed;
        }
        return NGHTTP2_ERR_CALLBACK_FAILURE;
      });
  nghttp2_session_callbacks_set_on_header_callback(
      raw,
      [](nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name, std::size_t name_size,
         const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* self_raw) -> int {
        auto& self = *static_cast<Connection*>(self_raw);
        constexpr std::size_t kValueMax = 200;
        const std::string_view key(reinterpret_cast<const char*>(name), name_size);
        const std::string_view text(reinterpret_cast<const char*>(value),
                                    std::min(value_size, kValueMax));
        if (key == ":status") self.http_status = text;
        if (key == "grpc-status") self.grpc_status = text;
        return 0;
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      raw, [](nghttp2_session*, std::int32_t stream, std::uint32_t, void* self_raw) -> int {
        static_cast<Connection*>(self_raw)->stream_closed(stream);
        return 0;
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      raw, [](nghttp2_session*, const nghttp2_frame* frame, void* self_raw) -> int {
        if (frame->hd.type == NGHTTP2_GOAWAY) {
          static_cast<Connection*>(self_raw)->fail("the manager said goodbye");
        }
        return 0;
      });
  nghttp2_session* session = nullptr;
  if (nghttp2_session_client_new(&session, raw, this) != 0) return fail("out of memory");
  http2.reset(session);
  const std::array<nghttp2_settings_entry, 2> settings = {
      {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<std::uint32_t>(kWindowBytes)},
       {NGHTTP2_SETTINGS_ENABLE_PUSH, 0}}};
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, kWindowBytes);
  return submit(kHealthPath, kHealthRequest, health_stream);
}

// Requires: `body` is a constant, it is read later.
bool ControlStream::Connection::submit(std::string_view path, const std::string_view& body,
                                       std::int32_t& stream) {
  const auto header = [](std::string_view name, std::string_view value) {
    return nghttp2_nv{reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
                      reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(),
                      value.size(), NGHTTP2_NV_FLAG_NONE};
  };
  const std::array<nghttp2_nv, 6> headers = {
      header(":method", "POST"), header(":scheme", "https"),
      header(":path", path),     header(":authority", "swarm"),
      header("te", "trailers"),  header("content-type", "application/grpc")};
  nghttp2_data_provider provider{};
  provider.source.ptr = const_cast<std::string_view*>(&body);
  provider.read_callback = [](nghttp2_session*, std::int32_t, std::uint8_t* out, std::size_t room,
                              std::uint32_t* flags, nghttp2_data_source* source, void*) -> ssize_t {
    const auto& text = *static_cast<const std::string_view*>(source->ptr);
    if (text.size() > room) return NGHTTP2_ERR_CALLBACK_FAILURE;  // 38 bytes at most
    std::memcpy(out, text.data(), text.size());
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(text.size());
  };
  stream = nghttp2_submit_request(http2.get(), nullptr, headers.data(), headers.size(), &provider,
                                  nullptr);
  return stream > 0 || fail("HTTP/2 does not start");
}

// Handles the whole messages of `received`. False once the connection has failed.
bool ControlStream::Connection::take_messages(std::int32_t stream) {
  while (received.size() >= kFrameHead) {
    const std::uint8_t* head = received.data();
    const std::size_t size = (static_cast<std::size_t>(head[1]) << 24U) |
                             (static_cast<std::size_t>(head[2]) << 16U) |
                             (static_cast<std::size_t>(head[3]) << 8U) | head[4];
    if (head[0] != 0) return fail("a message is compressed, or this is not gRPC");
    if (size > kMessageMax) return fail("a message is larger than 16 MB");
    if (received.size() < kFrameHead + size) return true;
    const std::span<const std::uint8_t> message(head + kFrameHead, size);
    if (stream == health_stream) {
      serving = read_health_response(message) == kServing;
      if (!serving) return fail("the manager's control API is not serving");
    } else {
      std::optional<std::vector<WatchEvent>> news = read_watch_message(message);
      if (!news) return fail("a message is not one of SwarmKit's Watch");
      if (state == State::Opening) {
        state = State::Watching;  // the first message is empty: the stream stands
      }
      std::ranges::move(*news, std::back_inserter(events));
    }
    received.drop_front(kFrameHead + size);
  }
  return true;
}

void ControlStream::Connection::stream_closed(std::int32_t stream) {
  if (stream == health_stream && serving) {
    received.drop_front(received.size());
    grpc_status.clear();
    submit(kWatchPath, kWatchRequest, watch_stream);
    return;
  }
  if (!grpc_status.empty() && grpc_status != "0") {
    fail(status_text(grpc_status));
  } else if (!http_status.empty() && http_status != "200") {
    fail("HTTP status " + http_status);
  } else {
    fail("the manager ended the stream");
  }
}

std::string ControlStream::Connection::tls_reason() const {
  const long verdict = SSL_get_verify_result(ssl.get());
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  if (verdict == X509_V_ERR_HOSTNAME_MISMATCH) {
    return "its certificate is not that of node " + target.node_id +
           ": it belongs to another daemon";
  }
  if (verdict != X509_V_OK) {
    return std::string("its certificate does not belong to this swarm: ") +
           X509_verify_cert_error_string(verdict);
  }
  const char* reason = ERR_reason_error_string(code);
  return std::string("no TLS: ") + (reason != nullptr ? reason : "the handshake failed");
}

bool ControlStream::Connection::handshake() {
  ERR_clear_error();
  const int rc = SSL_do_handshake(ssl.get());
  flush_tls();
  if (rc == 1) {
    handshaken = true;
    return open_http2();
  }
  const int error = SSL_get_error(ssl.get(), rc);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return true;
  return fail(tls_reason());
}

// Moves what TLS wants to send into `outgoing`.
void ControlStream::Connection::flush_tls() {
  std::array<std::uint8_t, 16384> chunk;
  int count = 0;
  while ((count = BIO_read(SSL_get_wbio(ssl.get()), chunk.data(), static_cast<int>(chunk.size()))) >
         0) {
    outgoing.insert(outgoing.end(), chunk.begin(), chunk.begin() + count);
  }
}

bool ControlStream::Connection::write_socket() {
  std::size_t written = 0;
  while (written < outgoing.size()) {
    const ssize_t count = ::send(socket.fd, outgoing.data() + written, outgoing.size() - written,
                                 MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (count < 0) return fail(std::string("connection lost: ") + std::strerror(errno));
    written += static_cast<std::size_t>(count);
  }
  outgoing.erase(outgoing.begin(), outgoing.begin() + static_cast<std::ptrdiff_t>(written));
  return true;
}

// Reads once; the caller polls again when there is more.
bool ControlStream::Connection::read_socket(bool& ended) {
  std::vector<std::uint8_t>& chunk = incoming;
  const ssize_t count = ::recv(socket.fd, chunk.data(), chunk.size(), MSG_DONTWAIT);
  if (count > 0) {
    const int taken = BIO_write(SSL_get_rbio(ssl.get()), chunk.data(), static_cast<int>(count));
    return taken == count || fail("out of memory");
  }
  if (count == 0) {
    ended = true;
    return true;
  }
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return true;
  return fail(std::string("connection lost: ") + std::strerror(errno));
}

// Decrypts what has come and hands it to HTTP/2.
bool ControlStream::Connection::pull_plain() {
  std::array<std::uint8_t, 16384> chunk;
  while (state != State::Failed) {
    ERR_clear_error();
    const int count = SSL_read(ssl.get(), chunk.data(), static_cast<int>(chunk.size()));
    if (count <= 0) {
      const int error = SSL_get_error(ssl.get(), count);
      if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return true;
      if (error == SSL_ERROR_ZERO_RETURN) return fail("the manager closed the connection");
      return fail(tls_reason());
    }
    const ssize_t taken =
        nghttp2_session_mem_recv(http2.get(), chunk.data(), static_cast<std::size_t>(count));
    OPENSSL_cleanse(chunk.data(), static_cast<std::size_t>(count));
    if (taken != count) return fail("this is not HTTP/2");
  }
  return false;
}

// Encrypts what HTTP/2 wants to send.
bool ControlStream::Connection::push_plain() {
  while (true) {
    const std::uint8_t* data = nullptr;
    const ssize_t count = nghttp2_session_mem_send(http2.get(), &data);
    if (count == 0) break;
    if (count < 0) return fail(nghttp2_strerror(static_cast<int>(count)));
    ERR_clear_error();
    if (SSL_write(ssl.get(), data, static_cast<int>(count)) != count) return fail(tls_reason());
  }
  flush_tls();
  return true;
}

void ControlStream::Connection::advance() {
  bool ended = false;
  if (state == State::Failed || !read_socket(ended)) return;
  if (!handshaken && !handshake()) return;
  if (handshaken && (!pull_plain() || !push_plain())) return;
  if (!write_socket()) return;
  if (ended) fail("the manager closed the connection");
}

ControlStream::ControlStream(ControlTarget target)
    : connection_(std::make_unique<Connection>(std::move(target))) {
  if (connection_->open_socket() && connection_->open_tls()) connection_->advance();
}

ControlStream::~ControlStream() = default;

ControlStream::State ControlStream::state() const { return connection_->state; }
const std::string& ControlStream::failure() const { return connection_->failure; }
int ControlStream::fd() const { return connection_->socket.fd; }
short ControlStream::wanted_events() const {
  return static_cast<short>(connection_->outgoing.empty() ? POLLIN : POLLIN | POLLOUT);
}
void ControlStream::advance() { connection_->advance(); }
std::vector<WatchEvent> ControlStream::take_events() {
  return std::exchange(connection_->events, {});
}

}  // namespace storm::swarm
