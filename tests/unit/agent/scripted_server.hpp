// Speaks just enough HTTP to be taken for a stormd that answers as a test wants. One connection
// after the other would do for nobody, so each has a thread.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace storm::test {

class ScriptedServer {
 public:
  struct Request {
    std::string line, body;  // "POST /v1/agents HTTP/1.1"
  };
  struct Answer {
    int status = 204;
    std::string body = {};
  };
  // Called by the threads of connections, one at a time.
  using Script = std::function<Answer(const Request&)>;

  explicit ScriptedServer(Script script);
  ~ScriptedServer();  // ends all connections

  std::uint16_t port() const { return port_; }

 private:
  void accept_all();
  void serve(int connection);

  const Script script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::list<int> connections_;       // Guarded by mutex_.
  std::list<std::thread> speakers_;  // Guarded by mutex_.
  bool ended_ = false;               // Guarded by mutex_.
  std::mutex scripting_;             // held while the script is asked
  std::thread acceptor_;             // last: uses the others
};

}  // namespace storm::test
