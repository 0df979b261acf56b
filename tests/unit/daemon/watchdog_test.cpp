#include "core/daemon/watchdog.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <thread>

#include "catch.hpp"
#include "notify_socket.hpp"
#include "slowness.hpp"

using namespace storm;
using namespace std::chrono_literals;

namespace {

const auto kPatience = std::chrono::milliseconds(2'000 * slowness());

ServiceNotifier notifier_to(const NotifySocket& manager) {
  Environment environment;
  environment.variables.emplace("NOTIFY_SOCKET", manager.path());
  auto notifier = ServiceNotifier::create(environment);
  REQUIRE(notifier);
  return std::move(*notifier);
}

}  // namespace

TEST_CASE("watchdog: pings as long as the engine answers", "[daemon]") {
  const NotifySocket manager;
  const ServiceNotifier notifier = notifier_to(manager);
  const Watchdog watchdog(notifier, 1ms, [](const auto&, auto answered) { answered(); });
  for (int i = 0; i < 5; ++i) CHECK(manager.next(kPatience) == "WATCHDOG=1");
}

TEST_CASE("watchdog: is silent while the engine does not answer, and pings when it does",
          "[daemon]") {
  const NotifySocket manager;
  const ServiceNotifier notifier = notifier_to(manager);
  std::promise<std::function<void()>> asked;
  std::atomic<int> probes = 0;
  const Watchdog watchdog(notifier, 1ms, [&](const auto&, std::function<void()> answered) {
    if (probes++ == 0) asked.set_value(std::move(answered));
  });
  CHECK(manager.next(kPatience) == "WATCHDOG=1");  // the start counts as an answer
  auto first = asked.get_future();
  REQUIRE(first.wait_for(kPatience) == std::future_status::ready);
  CHECK(!manager.next(50ms));
  CHECK(probes == 1);
  first.get()();
  CHECK(manager.next(kPatience) == "WATCHDOG=1");
}

TEST_CASE("watchdog: ends while it waits for room, and an answer may come later", "[daemon]") {
  const NotifySocket manager;
  const ServiceNotifier notifier = notifier_to(manager);
  std::function<void()> late;
  std::promise<void> waiting;
  {
    const Watchdog watchdog(notifier, 1ms, [&](const auto& give_up, auto answered) {
      late = std::move(answered);
      waiting.set_value();
      while (!give_up()) std::this_thread::yield();
    });
    REQUIRE(waiting.get_future().wait_for(kPatience) == std::future_status::ready);
  }
  late();
}
