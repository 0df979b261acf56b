// Connections: those that are alive. Wakes the event streams when there is something new, and ends
// all of them at a stop. Also the gate through which threads other than the I/O threads reach
// them: closed, what comes late is dropped. [any-thread]
#pragma once
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace storm::rest {

class Connection {
 public:
  virtual ~Connection() = default;
  virtual void wake() {}   // there may be new events  [any-thread]
  virtual void end() = 0;  // after what is under way  [any-thread]
};

class Connections : public std::enable_shared_from_this<Connections> {
 public:
  // `context` wakes the streams.
  explicit Connections(boost::asio::io_context& context) : context_(context) {}

  void add(const std::shared_ptr<Connection>& connection);
  // Is to be woken from now on.
  void add_stream(const Connection* connection);
  void remove(const Connection* connection);
  std::size_t size() const;

  // Runs `task` there, if the gate is open.
  void post(const boost::asio::io_context::executor_type& there, std::function<void()> task);
  // Has every stream look for new events. Cheap: any number of calls make one round.
  void wake_streams();
  // Ends all; waits until they are gone or the time is over.
  void end_all(std::chrono::milliseconds wait);
  // After this nothing is posted any more. Drops all.
  void close_gate();

 private:
  std::vector<std::shared_ptr<Connection>> all() const;
  std::vector<std::shared_ptr<Connection>> streams() const;

  boost::asio::io_context& context_;
  std::atomic<bool> round_pending_ = false;
  mutable std::mutex mutex_;
  std::condition_variable gone_;
  // Guarded by mutex_.
  bool open_ = true;
  std::unordered_map<const Connection*, std::shared_ptr<Connection>> connections_;
  std::unordered_set<const Connection*> streams_;
};

}  // namespace storm::rest
