// IoLoop: what one I/O thread runs, and what only it uses. A connection belongs to one loop for its
// life, so nothing of it needs a strand, and a request wakes no other thread than its own.
//
// Owned by the server. Everything but `io` and `connections` belongs to the loop's thread.
#pragma once
#include <atomic>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "core/rest/head_printer.hpp"

namespace storm::rest {

using Executor = boost::asio::io_context::executor_type;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;
using Timer = boost::asio::basic_waitable_timer<
    std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;

struct IoLoop {
  explicit IoLoop(const std::string& version) : heads(version) {}

  static constexpr int kThreads = 1;
  boost::asio::io_context io{kThreads};
  std::atomic<std::size_t> connections = 0;  // that it has; new ones go where there are fewest
  HeadPrinter heads;
};

using IoLoops = std::vector<std::unique_ptr<IoLoop>>;  // at least one

}  // namespace storm::rest
