#include <cstdlib>
#include <string>
#include <tuple>

#include "catch.hpp"
#include "runner_fixture.hpp"

namespace storm::runner {
namespace {

Patience impatient() {
  Patience patience;
  patience.load = std::chrono::milliseconds(300 * slowness());
  patience.heartbeat = std::chrono::milliseconds(50);
  patience.after_cancel = std::chrono::milliseconds(300);
  patience.to_leave = std::chrono::milliseconds(100 * slowness());
  return patience;
}

// What stormd says of a runner with such a habit.
std::string refusal(const std::string& habit) {
  test::Isolated isolated({}, impatient(), STORM_HOSTILE_RUNNER);
  const auto started = isolated.start("good", test::unruly(), habit);
  return started ? "accepted" : started.error().message;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("hostile runner: each wrong message ends it, with an error of its own", "[runner]") {
  const auto [habit, words] = GENERATE(table<std::string, std::string>({
      {"leaves", "left with exit code 7"},
      {"silent", "load did not return"},
      {"garbage", "frame.size: 7 bytes are no frame"},
      {"rude", "message.hello: it did not greet first"},
      {"old", "message.protocol: it speaks 2, this stormd 1"},
      {"greets_twice", "message.hello: it greeted before"},
      {"other_epoch", "message.epoch: "},
      {"other_call", "message.call: 101 is not one that could be over"},
      {"publishes", "message.publish: its call publishes nothing"},
      {"pongs", "message.pong: nobody asked"},
      {"commands", "message.kind: that is not for a runner to say"},
      {"unsealed", "frame.seals: "},
  }));
  const std::string said = refusal(habit);
  INFO(said);
  CHECK(has(said, words));
  CHECK(test::children() == 0);
}

TEST_CASE("hostile runner: an answer that was given before ends it", "[runner]") {
  const std::size_t before = test::descriptors();
  {
    test::Isolated isolated({}, impatient(), STORM_HOSTILE_RUNNER);
    static_cast<void>(isolated.start("good", test::unruly(), "answers_twice"));
    CHECK(test::eventually([&] {
      return has(isolated.log(), "is not one that could be over") ||
             has(isolated.log(), "without an instance");
    }));
  }
  CHECK(test::children() == 0);
  CHECK(test::descriptors() == before);
}

TEST_CASE("hostile runner: one that does not answer is ended", "[runner]") {
  test::Isolated isolated({}, impatient(), STORM_HOSTILE_RUNNER);
  const auto started = isolated.start("good", test::unruly(), "deaf");
  REQUIRE_FALSE(started);
  INFO(started.error().message);
  CHECK(has(started.error().message, "it did not answer for 0.2 s"));
}

TEST_CASE("hostile runner: answers with changed bytes are survived", "[runner]") {
  const char* const more = std::getenv("STORM_TEST_HOSTILE");
  const int rounds = more ? std::atoi(more) : 40;
  const std::size_t descriptors = test::descriptors();
  const std::size_t threads = test::threads();
  for (int seed = 1; seed <= rounds; ++seed) {
    CAPTURE(seed);
    static_cast<void>(refusal("mutates " + std::to_string(seed)));
  }
  CHECK(test::children() == 0);
  CHECK(test::descriptors() == descriptors);
  CHECK(test::threads() == threads);
}

}  // namespace
}  // namespace storm::runner
