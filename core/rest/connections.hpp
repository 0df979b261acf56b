// Connections: the sessions that are alive. Wakes the streams when there is something new, and ends
// all of them at a stop. Also the gate through which threads other than the I/O threads reach
// sessions: closed, what comes late is dropped. [any-thread]
#pragma once
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace storm::rest {

class Session;

class Connections : public std::enable_shared_from_this<Connections> {
 public:
  explicit Connections(boost::asio::io_context& context) : context_(context) {}

  void add(const std::shared_ptr<Session>& session);
  void remove(const Session* session);
  std::size_t size() const;

  // Runs `task` on an I/O thread, if the gate is open.
  void post(std::function<void()> task);
  // Has every stream look for new events. Cheap: any number of calls make one round.
  void wake_streams();
  // Ends all sessions; waits until they are gone or the time is over.
  void end_all(std::chrono::milliseconds wait);
  // After this nothing is posted any more. Drops the sessions.
  void close_gate();

 private:
  std::vector<std::shared_ptr<Session>> all() const;

  boost::asio::io_context& context_;
  std::atomic<bool> round_pending_ = false;
  mutable std::mutex mutex_;
  std::condition_variable gone_;
  bool open_ = true;                                                       // Guarded by mutex_.
  std::unordered_map<const Session*, std::shared_ptr<Session>> sessions_;  // Guarded by mutex_.
};

}  // namespace storm::rest
