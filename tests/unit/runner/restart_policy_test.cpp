#include "core/runner/restart_policy.hpp"

#include "catch.hpp"

namespace storm::runner {
namespace {

constexpr std::int64_t kSecond = kNanosecondsPerSecond;

TEST_CASE("restarts: pauses double and begin anew after a steady life", "[runner]") {
  RestartPolicy policy({});
  MonoTime now = 1'000 * kSecond;
  const std::int64_t first = policy.died(now, 0, "a", "gone");
  CHECK(first <= 200 * kNanosecondsPerMillisecond);
  CHECK(policy.left(now, "a") == first);
  CHECK(policy.left(now + first, "a") == 0);
  CHECK(policy.died(now + kSecond, 0, "a", "gone") == 2 * first);
  CHECK(policy.died(now + 2 * kSecond, 0, "a", "gone") == 4 * first);
  now += 200 * kSecond;
  CHECK(policy.died(now, 100 * kSecond, "a", "gone") == first);
}

TEST_CASE("restarts: five deaths within a minute are a quarantine, which a new build ends",
          "[runner]") {
  RestartPolicy policy({});
  const MonoTime now = 1'000 * kSecond;
  for (int i = 0; i < 4; ++i) policy.died(now + i * kSecond, 0, "a", "gone");
  CHECK_FALSE(policy.quarantined());
  policy.died(now + 4 * kSecond, 0, "a", "it fell over");
  CHECK(policy.quarantined());
  CHECK(policy.reason() == "it fell over");
  CHECK(policy.left(now + 3'600 * kSecond, "a") > 0);
  CHECK(policy.quarantined());
  CHECK(policy.left(now + 3'600 * kSecond, "b") == 0);
  CHECK_FALSE(policy.quarantined());
}

TEST_CASE("restarts: deaths that are far apart are no row", "[runner]") {
  RestartPolicy policy({});
  for (int i = 0; i < 20; ++i) policy.died((1'000 + i * 30) * kSecond, 20 * kSecond, "a", "gone");
  CHECK_FALSE(policy.quarantined());
}

TEST_CASE("restarts: a quarantine can be cleared", "[runner]") {
  RestartPolicy policy({});
  for (int i = 0; i < 5; ++i) policy.died((1'000 + i) * kSecond, 0, "a", "gone");
  REQUIRE(policy.quarantined());
  policy.clear();
  CHECK_FALSE(policy.quarantined());
  CHECK(policy.left(1'005 * kSecond, "a") == 0);
}

TEST_CASE("restarts: what cannot start is tried less and less often, and is no death", "[runner]") {
  RestartPolicy policy({});
  std::int64_t last = 0;
  for (int i = 0; i < 20; ++i) {
    const std::int64_t pause = policy.could_not_start((1'000 + i) * kSecond);
    CHECK(pause >= last);
    last = pause;
  }
  CHECK(last == RestartPolicy::Limits().pause_max);
  CHECK_FALSE(policy.quarantined());
}

}  // namespace
}  // namespace storm::runner
