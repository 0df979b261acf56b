#include "core/rest/server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <thread>

#include "core/rest/etag.hpp"
#include "core/rest/host_name.hpp"
#include "core/rest/listener.hpp"
#include "core/rest/watch_feed.hpp"

namespace storm::rest {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

IoLoops make_loops(unsigned count) {
  IoLoops loops;
  for (unsigned i = 0; i < std::max(count, 1U); ++i) {
    loops.push_back(std::make_unique<IoLoop>(STORM_VERSION));
  }
  return loops;
}

}  // namespace

// Members in the order in which they need each other; the loops die before what their handlers
// use.
struct Server::Impl {
  Impl(Engine& engine_used, Options options_given)
      : options(std::move(options_given)),
        listings(clock),
        api{engine_used,
            listings,
            census,
            rendered,
            traffic,
            nullptr,
            options.more_metrics,
            STORM_VERSION,
            fingerprint(to_base62(Uuid::random())),
            options.plugins},
        router(all_routes()),
        loops(make_loops(options.io_threads)),
        connections(std::make_shared<Connections>(loops.front()->io)),
        context{router, api, options.limits, options.host_names, clock, connections, access} {
    api.feed = std::make_shared<WatchFeed>(loops.back()->io, engine_used, connections);
  }
  ~Impl() { api.feed.reset(); }  // it posts to a loop

  Result<void> listen(const Address& address);

  // Constant after construction.
  Options options;
  const SystemClock clock;
  PagedListings listings;
  CensusCache census;
  RenderedResources rendered;
  Traffic traffic;
  Api api;
  const Router router;
  IoLoops loops;
  std::shared_ptr<Connections> connections;
  Published<Access> access{nullptr};
  SessionContext context;
  // The daemon's thread only.
  std::vector<std::shared_ptr<Listener>> listeners;
  std::vector<asio::executor_work_guard<Executor>> work;
  std::vector<std::jthread> threads;
  bool stopped = false;
};

Result<void> Server::Impl::listen(const Address& address) {
  boost::system::error_code fault;
  tcp::resolver resolver(loops.front()->io);
  const auto found =
      resolver.resolve(address.host, std::to_string(address.port), tcp::resolver::passive, fault);
  if (fault) {
    return Error{Errc::InvalidArgument,
                 fmt::format("cannot listen on {}: the host is not known: {}", to_text(address),
                             fault.message())};
  }
  std::optional<Error> first_error;
  bool bound = false;
  for (const auto& entry : found) {
    const tcp::endpoint endpoint = entry.endpoint();
    const bool remote = !endpoint.address().is_loopback();
    if (remote && !options.access) {
      return Error{Errc::InvalidArgument,
                   fmt::format("refusing to listen on {}: others can reach this address, which "
                               "takes TLS and tokens; set tls and tokens, or listen on 127.0.0.1 "
                               "or [::1]",
                               to_text(address))};
    }
    Result<std::shared_ptr<Listener>> listener =
        Listener::create(loops, endpoint, address, context, remote);
    if (listener) {
      listeners.push_back(std::move(*listener));
      bound = true;
      if (address.port == 0) break;  // one port is enough, and which one is told
    } else if (listener.error().code == Errc::AlreadyExists) {
      return listener.error();
    } else if (!first_error) {
      first_error = listener.error();  // a name may stand for an address that this host lacks
    }
  }
  if (!bound && first_error) return *first_error;
  return {};
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() { stop(); }

Result<std::unique_ptr<Server>> Server::create(Engine& engine, Options options) {
  for (std::string& name : options.host_names) name = host_of(name);
  std::unique_ptr<Server> server(new Server(std::make_unique<Impl>(engine, std::move(options))));
  if (server->impl_->options.access) STORM_TRY(server->renew_access());
  for (const Address& address : server->impl_->options.listen) {
    if (Result<void> listening = server->impl_->listen(address); !listening)
      return listening.error();
  }
  engine.on_publish([weak = std::weak_ptr<Connections>(server->impl_->connections)] {
    if (const auto connections = weak.lock()) connections->wake_streams();
  });
  engine.on_publish([weak = std::weak_ptr<WatchFeed>(server->impl_->api.feed)] {
    if (const auto feed = weak.lock()) feed->notify();
  });
  return server;
}

std::vector<Address> Server::endpoints() const {
  std::vector<Address> bound;
  for (const std::shared_ptr<Listener>& listener : impl_->listeners) {
    bound.push_back(listener->endpoint());
  }
  return bound;
}

std::vector<std::string> Server::urls() const {
  std::vector<std::string> urls;
  for (const std::shared_ptr<Listener>& listener : impl_->listeners) {
    urls.push_back((listener->is_secure() ? "https://" : "http://") +
                   to_text(listener->endpoint()));
  }
  return urls;
}

Result<void> Server::renew_access() {
  if (!impl_->options.access) return {};
  impl_->access.store(STORM_TRY(Access::read(*impl_->options.access)));
  return {};
}

void Server::start() {
  for (const auto& loop : impl_->loops) impl_->work.emplace_back(loop->io.get_executor());
  for (const std::shared_ptr<Listener>& listener : impl_->listeners) listener->start();
  for (const auto& loop : impl_->loops) {
    impl_->threads.emplace_back([&io = loop->io] { io.run(); });
  }
}

void Server::stop() {
  if (impl_->stopped) return;
  impl_->stopped = true;
  for (const std::shared_ptr<Listener>& listener : impl_->listeners) listener->stop();
  if (!impl_->threads.empty()) impl_->connections->end_all(impl_->options.limits.stop_wait);
  impl_->connections->close_gate();
  impl_->work.clear();
  for (const auto& loop : impl_->loops) loop->io.stop();
  impl_->threads.clear();
  impl_->api.feed->clear();
}

}  // namespace storm::rest
