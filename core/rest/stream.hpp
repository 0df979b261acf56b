// Stream: a client's socket, plain or under TLS, as one type, so that whoever reads and writes need
// not know which. Asynchronous operations like those of a socket, one read and one write at a time.
// On the thread of its loop.
#pragma once
#include <boost/asio/async_result.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/teardown.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <memory>
#include <utility>

#include "core/rest/io_loop.hpp"

namespace storm::rest {

class Stream {
 public:
  using executor_type = Executor;
  using Fault = boost::system::error_code;
  using Tls = boost::asio::ssl::stream<Socket>;

  explicit Stream(Socket socket) : plain_(std::move(socket)) {}
  // Under TLS once async_handshake has succeeded. The context's certificate is kept alive by it.
  Stream(Socket socket, boost::asio::ssl::context& context)
      : plain_(socket.get_executor()), tls_(std::make_unique<Tls>(std::move(socket), context)) {}

  bool is_secure() const { return tls_ != nullptr; }
  Socket& socket() { return tls_ ? tls_->next_layer() : plain_; }
  const Socket& socket() const { return tls_ ? tls_->next_layer() : plain_; }
  executor_type get_executor() { return socket().get_executor(); }

  // Requires: is_secure().
  template <typename Handler>
  void async_handshake(Handler&& handler) {
    tls_->async_handshake(boost::asio::ssl::stream_base::server, std::forward<Handler>(handler));
  }

  template <typename Buffers, typename Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(Fault, std::size_t)>(
        [this](auto&& handler, const Buffers& into) {
          if (tls_) {
            tls_->async_read_some(into, std::forward<decltype(handler)>(handler));
          } else {
            plain_.async_read_some(into, std::forward<decltype(handler)>(handler));
          }
        },
        token, buffers);
  }
  template <typename Buffers, typename Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(Fault, std::size_t)>(
        [this](auto&& handler, const Buffers& from) {
          if (tls_) {
            tls_->async_write_some(from, std::forward<decltype(handler)>(handler));
          } else {
            plain_.async_write_some(from, std::forward<decltype(handler)>(handler));
          }
        },
        token, buffers);
  }

  // Under TLS, tells the client that nothing was cut off. Requires: no operation is under way, and
  // the socket does not block.
  void say_end() {
    Fault ignored;  // it does not wait for the client's word
    if (tls_) tls_->shutdown(ignored);
  }
  void shutdown(Socket::shutdown_type what) {
    Fault ignored;
    socket().shutdown(what, ignored);
  }
  void close() {
    Fault ignored;
    socket().close(ignored);
  }

 private:
  friend void beast_close_socket(Stream& stream) { stream.close(); }
  template <typename Handler>
  friend void async_teardown(boost::beast::role_type role, Stream& stream, Handler&& handler) {
    using boost::beast::websocket::async_teardown;
    if (stream.tls_) {
      async_teardown(role, *stream.tls_, std::forward<Handler>(handler));
    } else {
      async_teardown(role, stream.plain_, std::forward<Handler>(handler));
    }
  }

  Socket plain_;  // not open when there is TLS
  std::unique_ptr<Tls> tls_;
};

}  // namespace storm::rest
