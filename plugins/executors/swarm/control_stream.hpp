// SwarmKit's Watch stream over the manager's own socket: HTTP/2 over TLS over a Unix socket,
// without a client certificate. Whoever opens that socket could rule the swarm; this class asks for
// the health of the control API and for changes of tasks, services and nodes, and for nothing else.
// Received bytes are wiped once they are read, and no message is ever logged.
//
// Owned by one watch call, used on its thread only; never blocks. Poll fd() for wanted_events() and
// call advance().
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "plugins/executors/swarm/watch_message.hpp"

namespace storm::swarm {

struct ControlTarget {
  std::string socket_path;
  std::string trust_root;  // PEM, from /info
  std::string node_id;     // from /info: proves that both sockets belong to one daemon
};

class ControlStream {
 public:
  static constexpr std::size_t kMessageMax = 16U << 20U;
  static constexpr std::int32_t kWindowBytes = 8 << 20;

  enum class State {
    Opening,  // connecting, asking for health, or waiting for the stream's first message
    Watching,
    Failed,
  };

  explicit ControlStream(ControlTarget target);
  ~ControlStream();
  ControlStream(const ControlStream&) = delete;
  ControlStream& operator=(const ControlStream&) = delete;

  State state() const;
  const std::string& failure() const;  // one line, when Failed
  int fd() const;
  short wanted_events() const;
  // Reads and writes what can be without waiting.
  void advance();
  // The events of the whole messages that came since the last call.
  std::vector<WatchEvent> take_events();

 private:
  struct Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace storm::swarm
