#include "core/rest/connections.hpp"

#include <boost/asio/post.hpp>

namespace storm::rest {

void Connections::add(const std::shared_ptr<Connection>& connection) {
  const std::lock_guard lock(mutex_);
  if (open_) connections_.emplace(connection.get(), connection);
}

void Connections::add_stream(const Connection* connection) {
  const std::lock_guard lock(mutex_);
  if (connections_.contains(connection)) streams_.insert(connection);
}

void Connections::remove(const Connection* connection) {
  std::shared_ptr<Connection> dying;  // outside the lock
  {
    const std::lock_guard lock(mutex_);
    streams_.erase(connection);
    const auto found = connections_.find(connection);
    if (found == connections_.end()) return;
    dying = std::move(found->second);
    connections_.erase(found);
    if (connections_.empty()) gone_.notify_all();
  }
}

std::size_t Connections::size() const {
  const std::lock_guard lock(mutex_);
  return connections_.size();
}

std::vector<std::shared_ptr<Connection>> Connections::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Connection>> found;
  found.reserve(connections_.size());
  for (const auto& [key, connection] : connections_) found.push_back(connection);
  return found;
}

std::vector<std::shared_ptr<Connection>> Connections::streams() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Connection>> found;
  found.reserve(streams_.size());
  for (const Connection* stream : streams_) found.push_back(connections_.at(stream));
  return found;
}

void Connections::post(const boost::asio::io_context::executor_type& there,
                       std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (open_) boost::asio::post(there, std::move(task));
}

void Connections::wake_streams() {
  if (round_pending_.exchange(true)) return;
  post(context_.get_executor(), [self = shared_from_this()] {
    self->round_pending_ = false;
    for (const std::shared_ptr<Connection>& stream : self->streams()) stream->wake();
  });
}

void Connections::end_all(std::chrono::milliseconds wait) {
  for (const std::shared_ptr<Connection>& connection : all()) connection->end();
  std::unique_lock lock(mutex_);
  gone_.wait_for(lock, wait, [this] { return connections_.empty(); });
}

void Connections::close_gate() {
  std::unordered_map<const Connection*, std::shared_ptr<Connection>> dying;  // outside the lock
  {
    const std::lock_guard lock(mutex_);
    open_ = false;
    dying.swap(connections_);
    streams_.clear();
  }
}

}  // namespace storm::rest
