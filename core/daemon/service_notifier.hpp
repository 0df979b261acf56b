// ServiceNotifier: tells the service manager that started stormd, systemd say, whether it is ready,
// reads its configuration again, stops, and lives: datagrams to the socket that NOTIFY_SOCKET
// names. Without one it says nothing. Nobody waits: what the manager has no room for is lost. Owns
// its socket. [any-thread]
#pragma once
#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "core/base/result.hpp"
#include "core/config/environment.hpp"

namespace storm {

inline constexpr std::size_t kStatusBytesMax = 512;  // of a status; the rest is cut off

class ServiceNotifier {
 public:
  // Fails when NOTIFY_SOCKET names nothing that one can send to.
  static Result<ServiceNotifier> create(const Environment& environment);
  ServiceNotifier() = default;  // says nothing
  ServiceNotifier(ServiceNotifier&& other) noexcept;
  ServiceNotifier& operator=(ServiceNotifier&& other) noexcept;
  ~ServiceNotifier();

  bool has_listener() const { return socket_ >= 0; }
  // Ends starting and reloading. The status is for people: one line.
  void ready(std::string_view status) const;
  void reloading(MonoTime now) const;
  void stopping() const;
  void alive() const;
  // Without alive() for so long this process is taken for stuck; absent when nobody looks.
  std::optional<std::chrono::microseconds> watchdog_time() const { return watchdog_time_; }

 private:
  void send(const std::string& message) const;

  // Constant after construction.
  int socket_ = -1;
  sockaddr_un address_ = {};
  socklen_t address_bytes_ = 0;
  std::optional<std::chrono::microseconds> watchdog_time_;
};

}  // namespace storm
