// Server: the REST API over HTTP. Listens, serves connections on its own I/O threads, and streams
// events from the engine's snapshots. Knows nothing of what happens behind the engine.
//
// Owned by the daemon; the engine outlives it. HTTP and sockets stay inside this folder.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/config/address.hpp"
#include "core/engine/engine.hpp"
#include "core/rest/access.hpp"
#include "core/rest/limits.hpp"
#include "core/rest/metric.hpp"

namespace storm::rest {

class PluginDesk;

class Server {
 public:
  struct Options {
    std::vector<Address> listen = {{"127.0.0.1", kDefaultPort}};  // port 0: any that is free
    std::vector<std::string> host_names = {};  // further names by which clients may call this host
    // What lets others in: without it, an address that others can reach is refused; with it, such
    // an address speaks TLS and takes nobody without a token.
    std::optional<AccessFiles> access = {};
    unsigned io_threads = 2;
    Limits limits = {};
    PluginDesk* plugins = nullptr;  // outlives the server; null: nothing is told of plugins
    std::function<std::vector<Metric>()> more_metrics = {};  // [any-thread], must not wait
  };

  // Binds and listens; connections are taken from start() on. Registers with the engine, so before
  // the engine starts. An address in use, unknown or refused is an error that names it.
  static Result<std::unique_ptr<Server>> create(Engine& engine, Options options);
  ~Server();  // stops

  std::vector<Address> endpoints() const;  // what is bound, with real ports
  std::vector<std::string> urls() const;   // of these: "https://10.0.0.7:28482"
  // Reads the files of the certificate and the tokens again. After an error all is as it was.
  Result<void> renew_access();
  void start();
  // Takes no more connections, ends the streams, lets requests under way finish for a moment.
  void stop();

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace storm::rest
