// Docker's HTTP API over a Unix socket, TCP or TLS with client certificates: requests that never
// block, on kept connections, and one endless answer (/events). Owned by one watch call and used
// on its thread only; `wait` is the one place where that thread sleeps.
#pragma once
#include <curl/curl.h>
#include <poll.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "plugins/executors/swarm/swarm_config.hpp"
#include "storm/cpp/host.hpp"

namespace storm::swarm {

struct HttpAnswer {
  long status = 0;
  std::string body;
  std::string failure;        // one line; empty when there was an answer of any status
  std::int64_t asked_ns = 0;  // on the host's monotonic clock

  bool ok() const { return failure.empty() && status == 200; }
  // One line for the operator; empty when ok().
  std::string fault() const;
};

class DockerClient {
 public:
  // The whole of a short answer; a list may take longer as long as it makes progress this often.
  static constexpr std::chrono::milliseconds kAnswerDeadline{2000};
  static constexpr std::chrono::milliseconds kConnectDeadline{2000};
  static constexpr std::chrono::seconds kTransferDeadline{30};
  static constexpr std::size_t kBodyMax = 256U << 20U;
  static constexpr std::size_t kEventLineMax = 1U << 20U;
  static constexpr std::size_t kRequestsMax = 32;

  using Done = std::function<void(HttpAnswer&&)>;
  // What follows an endless answer.
  struct Follower {
    std::function<void()> on_open;  // it was answered with 200
    std::function<void(std::string_view)> on_line;
    std::function<void(const std::string&)> on_end;  // why; not after stop_following
  };

  DockerClient(const SwarmConfig& config, const sdk::Host& host);
  ~DockerClient();
  DockerClient(const DockerClient&) = delete;
  DockerClient& operator=(const DockerClient&) = delete;

  // `done` is called from `wait`, exactly once unless forget_all comes first.
  void get(const std::string& path, Done done);
  void get_list(const std::string& path, Done done);
  void follow(const std::string& path, Follower follower);
  void stop_following();
  void forget_all();  // requests and the endless answer
  std::uint64_t requests() const { return requests_total_; }

  // Sleeps until something can be done or `timeout` is over; fills in the revents of `extra`.
  void wait(std::span<pollfd> extra, std::chrono::milliseconds timeout);

 private:
  struct Transfer;
  enum class Length { Short, List, Endless };

  Transfer* start(const std::string& path, Length length);
  void request(const std::string& path, Length length, Done done);
  static std::int64_t deadline_of(const Transfer& transfer);  // INT64_MAX: none
  void finish(Transfer& transfer, CURLcode code);
  void drop(Transfer& transfer);
  void collect();
  void check_deadlines();
  void dispatch();
  void dispatch_lines();
  std::chrono::milliseconds next_deadline(std::chrono::milliseconds timeout) const;
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* transfer);

  // Constant after construction.
  const SwarmConfig& config_;
  const sdk::Host& host_;

  CURLM* multi_;
  std::list<std::unique_ptr<Transfer>> transfers_;
  std::list<std::unique_ptr<Transfer>> finished_;
  Transfer* endless_ = nullptr;
  Follower follower_;
  std::uint64_t requests_total_ = 0;
};

// The "message" of Docker's error answers, or the beginning of the body: one line.
std::string docker_message(std::string_view body);

// `text` as part of a URL's query.
std::string url_encoded(std::string_view text);

}  // namespace storm::swarm
