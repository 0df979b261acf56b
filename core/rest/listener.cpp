#include "core/rest/listener.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>

namespace storm::rest {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// When the system has no descriptor left, trying again at once would only spin.
constexpr std::chrono::milliseconds kPauseAfterFault{100};
// Beyond the limit so many get a proper 503; further ones are closed without a word.
constexpr std::size_t kRefusedAtOnceMax = 64;

}  // namespace

Listener::Listener(IoLoops& loops, const SessionContext& context, bool secure)
    : loops_(loops),
      context_(context),
      secure_(secure),
      acceptor_(loops.front()->io),
      pause_(acceptor_.get_executor()) {}

Result<std::shared_ptr<Listener>> Listener::create(IoLoops& loops, tcp::endpoint endpoint,
                                                   const Address& address,
                                                   const SessionContext& context, bool secure) {
  std::shared_ptr<Listener> listener(new Listener(loops, context, secure));
  tcp::acceptor& acceptor = listener->acceptor_;
  boost::system::error_code fault;
  acceptor.open(endpoint.protocol(), fault);
  if (!fault) acceptor.set_option(asio::socket_base::reuse_address(true), fault);
  if (!fault && endpoint.protocol() == tcp::v6()) {
    acceptor.set_option(asio::ip::v6_only(true), fault);
  }
  if (!fault) acceptor.bind(endpoint, fault);
  if (!fault) acceptor.listen(asio::socket_base::max_listen_connections, fault);
  if (!fault) return listener;
  if (fault == asio::error::address_in_use) {
    return Error{Errc::AlreadyExists,
                 fmt::format("cannot listen on {}: the port is in use by another program",
                             to_text(address))};
  }
  return Error{Errc::Io, fmt::format("cannot listen on {}: {}", to_text(address), fault.message())};
}

Address Listener::endpoint() const {
  boost::system::error_code ignored;
  const tcp::endpoint bound = acceptor_.local_endpoint(ignored);
  return {bound.address().to_string(), bound.port()};
}

void Listener::start() {
  asio::post(acceptor_.get_executor(), [self = shared_from_this()] { self->accept(); });
}

void Listener::stop() {
  asio::post(acceptor_.get_executor(), [self = shared_from_this()] {
    boost::system::error_code ignored;
    self->acceptor_.close(ignored);
    self->pause_.cancel();
  });
}

void Listener::accept() {
  const auto busy = [](const std::unique_ptr<IoLoop>& loop) { return loop->connections.load(); };
  IoLoop& loop = **std::ranges::min_element(loops_, {}, busy);
  acceptor_.async_accept(
      loop.io, [self = shared_from_this(), &loop](boost::system::error_code fault, Socket socket) {
        self->on_accept(fault, std::move(socket), loop);
      });
}

void Listener::on_accept(boost::system::error_code fault, Socket socket, IoLoop& loop) {
  if (!acceptor_.is_open()) return;
  if (fault) {
    pause_.expires_after(kPauseAfterFault);
    pause_.async_wait([self = shared_from_this()](boost::system::error_code cancelled) {
      if (!cancelled) self->accept();
    });
    return;
  }
  const auto connections = context_.connections.lock();
  const std::size_t alive = connections ? connections->size() : 0;
  const std::size_t limit = context_.limits.connections_max;
  if (connections && alive < limit + kRefusedAtOnceMax) {
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    const std::shared_ptr<const Access> access = context_.access.load();
    Stream stream =
        secure_ ? Stream(std::move(socket), access->context()) : Stream(std::move(socket));
    const auto session = std::make_shared<Session>(std::move(stream), context_, loop);
    connections->add(session);
    session->start(alive >= limit);
  }
  accept();
}

}  // namespace storm::rest
