#include "core/daemon/service_notifier.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <system_error>
#include <utility>

namespace storm {
namespace {

std::optional<std::int64_t> positive_number(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  std::int64_t number = 0;
  const char* const end = text->data() + text->size();
  const auto [rest, fault] = std::from_chars(text->data(), end, number);
  if (fault != std::errc() || rest != end || number <= 0) return std::nullopt;
  return number;
}

// The variables are inherited; WATCHDOG_PID says for whom they are.
std::optional<std::chrono::microseconds> watchdog_time_of(const Environment& environment) {
  const auto time = positive_number(environment.variable("WATCHDOG_USEC"));
  const auto process = environment.variable("WATCHDOG_PID");
  if (!time || (process && positive_number(process) != getpid())) return std::nullopt;
  return std::chrono::microseconds(*time);
}

// A line would end the status, and what follows would be taken for a message of its own.
std::string one_line(std::string_view text) {
  std::string line(text.substr(0, kStatusBytesMax));
  std::ranges::replace_if(
      line, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return line;
}

}  // namespace

Result<ServiceNotifier> ServiceNotifier::create(const Environment& environment) {
  ServiceNotifier notifier;
  const auto path = environment.variable("NOTIFY_SOCKET");
  if (!path) return notifier;
  // '@' begins an abstract name; other kinds of address (vsock) are for virtual machines.
  if (path->front() != '/' && path->front() != '@') {
    return Error{Errc::InvalidArgument,
                 fmt::format("NOTIFY_SOCKET \"{}\" is no path of a socket", *path)};
  }
  if (path->size() >= sizeof(notifier.address_.sun_path)) {
    return Error{Errc::InvalidArgument, fmt::format("NOTIFY_SOCKET \"{}\" is too long", *path)};
  }
  notifier.address_.sun_family = AF_UNIX;
  std::memcpy(notifier.address_.sun_path, path->data(), path->size());
  if (path->front() == '@') notifier.address_.sun_path[0] = '\0';
  notifier.address_bytes_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path->size());
  notifier.socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (notifier.socket_ < 0) {
    return Error{Errc::Io, fmt::format("NOTIFY_SOCKET cannot be used: {}",
                                       std::generic_category().message(errno))};
  }
  notifier.watchdog_time_ = watchdog_time_of(environment);
  return notifier;
}

ServiceNotifier::ServiceNotifier(ServiceNotifier&& other) noexcept { *this = std::move(other); }

ServiceNotifier& ServiceNotifier::operator=(ServiceNotifier&& other) noexcept {
  std::swap(socket_, other.socket_);
  std::swap(address_, other.address_);
  std::swap(address_bytes_, other.address_bytes_);
  std::swap(watchdog_time_, other.watchdog_time_);
  return *this;
}

ServiceNotifier::~ServiceNotifier() {
  if (socket_ >= 0) ::close(socket_);
}

void ServiceNotifier::ready(std::string_view status) const {
  send(fmt::format("READY=1\nSTATUS={}", one_line(status)));
}

void ServiceNotifier::reloading(MonoTime now) const {
  send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}\nSTATUS=Reading the configuration again",
                   now / 1'000));
}

void ServiceNotifier::stopping() const { send("STOPPING=1\nSTATUS=Stopping"); }

void ServiceNotifier::alive() const { send("WATCHDOG=1"); }

void ServiceNotifier::send(const std::string& message) const {
  if (socket_ < 0) return;
  // A manager that went away is none of our trouble.
  [[maybe_unused]] const ssize_t sent =
      ::sendto(socket_, message.data(), message.size(), MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&address_), address_bytes_);
}

}  // namespace storm
