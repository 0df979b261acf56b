#include "core/daemon/service_notifier.hpp"

#include <unistd.h>

#include <chrono>
#include <map>
#include <string>
#include <utility>

#include "catch.hpp"
#include "notify_socket.hpp"

using namespace storm;
using namespace std::chrono_literals;

namespace {

// Messages are in the socket as soon as they are sent.
constexpr auto kAtOnce = 0ms;

Environment with(std::map<std::string, std::string, std::less<>> variables) {
  Environment environment;
  environment.variables = std::move(variables);
  return environment;
}

std::string refusal(const std::string& socket) {
  const auto notifier = ServiceNotifier::create(with({{"NOTIFY_SOCKET", socket}}));
  return notifier ? "none" : notifier.error().message;
}

}  // namespace

TEST_CASE("service notifier: tells the manager what systemd's protocol has words for", "[daemon]") {
  const NotifySocket manager;
  const auto notifier = ServiceNotifier::create(with({{"NOTIFY_SOCKET", manager.path()}}));
  REQUIRE(notifier);
  CHECK(notifier->has_listener());
  notifier->ready("Listening at http://127.0.0.1:28482");
  CHECK(manager.next(kAtOnce) == "READY=1\nSTATUS=Listening at http://127.0.0.1:28482");
  notifier->reloading(5'000'999);
  CHECK(manager.next(kAtOnce) ==
        "RELOADING=1\nMONOTONIC_USEC=5000\nSTATUS=Reading the configuration again");
  notifier->alive();
  CHECK(manager.next(kAtOnce) == "WATCHDOG=1");
  notifier->stopping();
  CHECK(manager.next(kAtOnce) == "STOPPING=1\nSTATUS=Stopping");
  CHECK(!manager.next(kAtOnce));
}

TEST_CASE("service notifier: a status is one line and has a limit", "[daemon]") {
  const NotifySocket manager;
  const auto notifier = ServiceNotifier::create(with({{"NOTIFY_SOCKET", manager.path()}}));
  REQUIRE(notifier);
  notifier->ready("first\nMAINPID=1\tlast");
  CHECK(manager.next(kAtOnce) == "READY=1\nSTATUS=first MAINPID=1 last");
  notifier->ready(std::string(10'000, 'x'));
  CHECK(manager.next(kAtOnce) == "READY=1\nSTATUS=" + std::string(kStatusBytesMax, 'x'));
}

TEST_CASE("service notifier: says nothing where nobody asked, or nobody listens", "[daemon]") {
  const auto alone = ServiceNotifier::create(with({}));
  REQUIRE(alone);
  CHECK(!alone->has_listener());
  alone->ready("status");
  alone->stopping();
  const auto left = ServiceNotifier::create(with({{"NOTIFY_SOCKET", "/nowhere/at/all"}}));
  REQUIRE(left);
  left->ready("status");
}

TEST_CASE("service notifier: refuses what is no socket's address", "[daemon]") {
  CHECK(refusal("vsock:2:1234") == "NOTIFY_SOCKET \"vsock:2:1234\" is no path of a socket");
  CHECK(refusal("run/notify") == "NOTIFY_SOCKET \"run/notify\" is no path of a socket");
  const std::string deep = "/" + std::string(200, 'x');
  CHECK(refusal(deep) == "NOTIFY_SOCKET \"" + deep + "\" is too long");
}

TEST_CASE("service notifier: the watchdog's time is for the process that it names", "[daemon]") {
  const auto time = [](const std::string& microseconds, const std::string& process) {
    const auto notifier = ServiceNotifier::create(with({{"NOTIFY_SOCKET", "/nowhere/at/all"},
                                                        {"WATCHDOG_USEC", microseconds},
                                                        {"WATCHDOG_PID", process}}));
    REQUIRE(notifier);
    return notifier->watchdog_time();
  };
  CHECK(time("3000000", std::to_string(::getpid())) == 3s);
  CHECK(time("3000000", "") == 3s);
  CHECK(!time("3000000", std::to_string(::getpid() + 1)));
  CHECK(!time("3000000", "somebody"));
  CHECK(!time("0", ""));
  CHECK(!time("-1", ""));
  CHECK(!time("3 s", ""));
  CHECK(!time("", ""));
}

TEST_CASE("service notifier: a name beginning with @ is an abstract one", "[daemon]") {
  const std::string name = "storm-notify-" + std::to_string(::getpid());
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path + 1, name.size());
  const int listener = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  REQUIRE(::bind(listener, reinterpret_cast<const sockaddr*>(&address),
                 static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size())) == 0);
  const auto notifier = ServiceNotifier::create(with({{"NOTIFY_SOCKET", "@" + name}}));
  REQUIRE(notifier);
  notifier->alive();
  char bytes[64] = {};
  CHECK(::recv(listener, bytes, sizeof bytes, 0) == 10);
  CHECK(std::string(bytes) == "WATCHDOG=1");
  ::close(listener);
}
