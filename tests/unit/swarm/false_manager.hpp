// A manager's control socket as a test wants it: TLS with a certificate of its own making, HTTP/2,
// and the answers that it was given. Serves one connection on a thread until it goes away.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

namespace storm::swarm::testing {

struct FalseAnswers {
  std::string node_id = "node-one";  // in the certificate
  bool alpn = true;
  std::string health = std::string("\0\0\0\0\2\x08\1", 7);  // whole gRPC frames
  std::string watch = std::string("\0\0\0\0\0", 5);
  std::string watch_status;  // trailers end the stream when this is not empty
};

class FalseManager {
 public:
  explicit FalseManager(FalseAnswers answers);
  ~FalseManager();
  FalseManager(const FalseManager&) = delete;
  FalseManager& operator=(const FalseManager&) = delete;

  const std::string& socket_path() const { return path_; }
  const std::string& trust_root() const { return root_; }  // PEM
  std::string paths() const;   // that were asked for, one per line; after the client is gone
  std::string bodies() const;  // what was sent to them
  void join();

  struct Session;

 private:
  void serve();

  FalseAnswers answers_;
  std::string path_;
  std::string root_;
  int fd_ = -1;
  std::unique_ptr<Session> session_;
  std::thread thread_;
};

}  // namespace storm::swarm::testing
