#include "http_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

namespace storm::rest {
namespace {

constexpr int kWaitMs = 10'000;

}  // namespace

std::string HttpAnswer::header(std::string_view name) const {
  std::size_t at = 0;
  while ((at = head.find("\r\n", at)) != std::string::npos) {
    at += 2;
    if (head.size() - at > name.size() && head[at + name.size()] == ':' &&
        strncasecmp(head.data() + at, name.data(), name.size()) == 0) {
      const std::size_t begin = head.find_first_not_of(' ', at + name.size() + 1);
      return head.substr(begin, head.find("\r\n", begin) - begin);
    }
  }
  return "";
}

HttpClient::HttpClient(std::uint16_t port, int receive_bytes) {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_bytes > 0) {
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
  }
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(socket_);
    socket_ = -1;
  }
}

HttpClient::~HttpClient() {
  if (socket_ >= 0) ::close(socket_);
}

bool HttpClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool HttpClient::fill() {
  pollfd waiting = {socket_, POLLIN, 0};
  if (::poll(&waiting, 1, kWaitMs) <= 0) return false;
  char bytes[65536];
  const ssize_t count = ::recv(socket_, bytes, sizeof bytes, 0);
  if (count <= 0) return false;
  received_.append(bytes, static_cast<std::size_t>(count));
  return true;
}

std::optional<std::string> HttpClient::take_line() {
  std::size_t end = 0;
  while ((end = received_.find("\r\n")) == std::string::npos) {
    if (!fill()) return std::nullopt;
  }
  std::string line = received_.substr(0, end);
  received_.erase(0, end + 2);
  return line;
}

std::optional<std::string> HttpClient::take(std::size_t bytes) {
  while (received_.size() < bytes) {
    if (!fill()) return std::nullopt;
  }
  std::string taken = received_.substr(0, bytes);
  received_.erase(0, bytes);
  return taken;
}

HttpAnswer HttpClient::receive(bool without_body) {
  HttpAnswer answer;
  while (auto line = take_line()) {
    if (line->empty()) {
      answer.status = std::atoi(answer.head.c_str() + answer.head.find(' '));
      break;
    }
    answer.head += *line + "\r\n";
  }
  if (answer.status == 0 || without_body || answer.status == 204 || answer.status == 304) {
    return answer;
  }
  if (const std::string length = answer.header("Content-Length"); !length.empty()) {
    answer.body = take(std::strtoul(length.c_str(), nullptr, 10)).value_or("");
  } else if (answer.header("Transfer-Encoding") == "chunked") {
    while (const auto size = take_line()) {
      const std::size_t bytes = std::strtoul(size->c_str(), nullptr, 16);
      answer.body += take(bytes).value_or("");
      take_line();
      if (bytes == 0) break;
    }
  } else {
    while (fill()) {
    }
    answer.body = std::move(received_);
  }
  return answer;
}

HttpAnswer HttpClient::request(std::string_view method, std::string_view target,
                               std::string_view body, std::string_view headers) {
  std::string text = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\n";
  text += "Host: localhost\r\n" + std::string(headers);
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  text += "\r\n" + std::string(body);
  if (!send(text)) return {};
  return receive(method == "HEAD");
}

std::optional<std::string> HttpClient::read_line() {
  std::size_t end = 0;
  while ((end = chunk_.find('\n')) == std::string::npos) {
    const auto size = take_line();
    if (!size) return std::nullopt;
    const std::size_t bytes = std::strtoul(size->c_str(), nullptr, 16);
    const auto text = take(bytes);
    take_line();
    if (!text || bytes == 0) return std::nullopt;
    chunk_ += *text;
  }
  std::string line = chunk_.substr(0, end);
  chunk_.erase(0, end + 1);
  return line;
}

bool HttpClient::ended() {
  while (fill()) {
  }
  pollfd waiting = {socket_, POLLIN, 0};
  return ::poll(&waiting, 1, 0) == 1;
}

}  // namespace storm::rest
