// A service manager for tests: the socket it listens at, and what is said there.
#pragma once
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>

#include "catch.hpp"

class NotifySocket {
 public:
  NotifySocket() {
    std::string folder = (std::filesystem::temp_directory_path() / "storm-notify-XXXXXX").string();
    REQUIRE(::mkdtemp(folder.data()) != nullptr);
    folder_ = folder;
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path().c_str(), path().size());
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    REQUIRE(socket_ >= 0);
    REQUIRE(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;
  ~NotifySocket() {
    ::close(socket_);
    std::filesystem::remove_all(folder_);
  }

  std::string path() const { return folder_ + "/socket"; }
  // The next message; none when there was none for so long.
  std::optional<std::string> next(std::chrono::milliseconds patience) const {
    pollfd wait = {socket_, POLLIN, 0};
    if (::poll(&wait, 1, static_cast<int>(patience.count())) <= 0) return std::nullopt;
    std::array<char, 4096> bytes = {};
    const ssize_t count = ::recv(socket_, bytes.data(), bytes.size(), 0);
    REQUIRE(count >= 0);
    return std::string(bytes.data(), static_cast<std::size_t>(count));
  }

 private:
  std::string folder_;
  int socket_ = -1;
};
