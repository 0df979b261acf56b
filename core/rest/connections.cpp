#include "core/rest/connections.hpp"

#include <boost/asio/post.hpp>

#include "core/rest/session.hpp"

namespace storm::rest {

void Connections::add(const std::shared_ptr<Session>& session) {
  const std::lock_guard lock(mutex_);
  if (open_) sessions_.emplace(session.get(), session);
}

void Connections::remove(const Session* session) {
  std::shared_ptr<Session> dying;  // outside the lock
  {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(session);
    if (found == sessions_.end()) return;
    dying = std::move(found->second);
    sessions_.erase(found);
    if (sessions_.empty()) gone_.notify_all();
  }
}

std::size_t Connections::size() const {
  const std::lock_guard lock(mutex_);
  return sessions_.size();
}

std::vector<std::shared_ptr<Session>> Connections::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Session>> sessions;
  sessions.reserve(sessions_.size());
  for (const auto& [key, session] : sessions_) sessions.push_back(session);
  return sessions;
}

void Connections::post(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (open_) boost::asio::post(context_, std::move(task));
}

void Connections::wake_streams() {
  if (round_pending_.exchange(true)) return;
  post([self = shared_from_this()] {
    self->round_pending_ = false;
    for (const std::shared_ptr<Session>& session : self->all()) session->wake();
  });
}

void Connections::end_all(std::chrono::milliseconds wait) {
  for (const std::shared_ptr<Session>& session : all()) session->end();
  std::unique_lock lock(mutex_);
  gone_.wait_for(lock, wait, [this] { return sessions_.empty(); });
}

void Connections::close_gate() {
  std::unordered_map<const Session*, std::shared_ptr<Session>> dying;  // outside the lock
  {
    const std::lock_guard lock(mutex_);
    open_ = false;
    dying.swap(sessions_);
  }
}

}  // namespace storm::rest
