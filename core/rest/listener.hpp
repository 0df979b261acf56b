// Listener: one bound address. Takes connections and makes sessions of them. On the thread of the
// first loop.
#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>

#include "core/base/result.hpp"
#include "core/config/address.hpp"
#include "core/rest/session.hpp"

namespace storm::rest {

class Listener : public std::enable_shared_from_this<Listener> {
 public:
  // Binds and listens. `address` is for the error's words. `secure`: speaks TLS and asks for
  // tokens.
  static Result<std::shared_ptr<Listener>> create(IoLoops& loops,
                                                  boost::asio::ip::tcp::endpoint endpoint,
                                                  const Address& address,
                                                  const SessionContext& context, bool secure);

  Address endpoint() const;
  bool is_secure() const { return secure_; }
  void start();
  void stop();  // [any-thread]

 private:
  Listener(IoLoops& loops, const SessionContext& context, bool secure);
  void accept();
  void on_accept(boost::beast::error_code fault, Socket socket, IoLoop& loop);

  IoLoops& loops_;
  SessionContext context_;
  const bool secure_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
};

}  // namespace storm::rest
