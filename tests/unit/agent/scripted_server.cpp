#include "scripted_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "catch.hpp"

namespace storm::test {
namespace {

// False at the end of the connection.
bool receive_until(int connection, std::string& received, std::size_t bytes) {
  char buffer[16'384];
  while (received.size() < bytes) {
    const ssize_t got = ::recv(connection, buffer, sizeof(buffer), 0);
    if (got <= 0) return false;
    received.append(buffer, static_cast<std::size_t>(got));
  }
  return true;
}

std::size_t length_of_body(const std::string& head) {
  const std::size_t at = head.find("Content-Length: ");
  return at == std::string::npos ? 0 : std::strtoull(head.c_str() + at + 16, nullptr, 10);
}

}  // namespace

ScriptedServer::ScriptedServer(Script script) : script_(std::move(script)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(listener_ >= 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::listen(listener_, 16) == 0);
  REQUIRE(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

ScriptedServer::~ScriptedServer() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    for (const int connection : connections_) ::shutdown(connection, SHUT_RDWR);
  }
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (std::thread& speaker : speakers_) speaker.join();
  ::close(listener_);
}

void ScriptedServer::accept_all() {
  for (;;) {
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    const std::lock_guard lock(mutex_);
    if (ended_) {
      ::close(connection);
      return;
    }
    connections_.push_back(connection);
    speakers_.emplace_back([this, connection] { serve(connection); });
  }
}

void ScriptedServer::serve(int connection) {
  std::string received;
  for (;;) {
    std::size_t end = std::string::npos;
    while ((end = received.find("\r\n\r\n")) == std::string::npos) {
      if (!receive_until(connection, received, received.size() + 1)) break;
    }
    if (end == std::string::npos) break;
    const std::string head = received.substr(0, end);
    const std::size_t length = length_of_body(head);
    if (!receive_until(connection, received, end + 4 + length)) break;
    Request request{head.substr(0, head.find("\r\n")), received.substr(end + 4, length)};
    received.erase(0, end + 4 + length);
    Answer answer;
    {
      const std::lock_guard lock(scripting_);
      answer = script_(request);
    }
    std::string text = "HTTP/1.1 " + std::to_string(answer.status) + " X\r\nStorm-Life: 1\r\n";
    if (answer.status != 204) {
      text += "Content-Length: " + std::to_string(answer.body.size()) + "\r\n";
    }
    text += "\r\n" + answer.body;
    if (::send(connection, text.data(), text.size(), MSG_NOSIGNAL) < 0) break;
  }
  const std::lock_guard lock(mutex_);
  connections_.remove(connection);
  ::close(connection);
}

}  // namespace storm::test
