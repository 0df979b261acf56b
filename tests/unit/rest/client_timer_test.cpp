#include "core/rest/client_timer.hpp"

#include <chrono>
#include <memory>

#include "catch.hpp"
#include "core/rest/io_loop.hpp"

namespace storm::rest {
namespace {

using std::chrono::milliseconds;

// A loop with a connection's timer, and how often it was heard of.
struct Bench {
  explicit Bench() {
    timer.start(owner, [this] { ++late; });
  }
  // Runs until `done` or for so long that nothing more is to be expected.
  template <typename Done>
  bool run_until(const Done& done) {
    const MonoTime end = clock.mono_now() + 5 * kNanosecondsPerSecond;
    while (!done() && clock.mono_now() < end) {
      loop.io.restart();
      loop.io.run_one_for(milliseconds(10));
    }
    return done();
  }

  SystemClock clock;
  IoLoop loop{"0"};
  std::shared_ptr<int> owner = std::make_shared<int>();
  int late = 0;
  int beats = 0;
  ClientTimer timer{loop.io.get_executor(), clock};
};

TEST_CASE("client timer: tells once that the client took too long", "[rest]") {
  Bench bench;
  bench.timer.allow(milliseconds(5));
  CHECK(bench.run_until([&] { return bench.late > 0; }));
  bench.loop.io.restart();
  bench.loop.io.run_for(milliseconds(30));
  CHECK(bench.late == 1);
}

TEST_CASE("client timer: more time puts the end off, less brings it near", "[rest]") {
  Bench bench;
  bench.timer.allow(milliseconds(20));
  const MonoTime begin = bench.clock.mono_now();
  bench.timer.allow(milliseconds(60));
  CHECK(bench.run_until([&] { return bench.late > 0; }));
  CHECK(bench.clock.mono_now() - begin >= 60 * kNanosecondsPerMillisecond);
  bench.timer.allow(std::chrono::hours(1));
  bench.timer.allow(milliseconds(5));
  CHECK(bench.run_until([&] { return bench.late > 1; }));
}

TEST_CASE("client timer: a client with any time is never late, and the pulse goes on", "[rest]") {
  Bench bench;
  bench.timer.allow(milliseconds(5));
  bench.timer.allow_any_time();
  bench.timer.beat(milliseconds(5), [&] { ++bench.beats; });
  CHECK(bench.run_until([&] { return bench.beats > 3; }));
  CHECK(bench.late == 0);
  bench.timer.stop();
  bench.loop.io.restart();
  bench.loop.io.run();  // nothing is left to wait for
  CHECK(bench.beats == 4);
}

TEST_CASE("client timer: is silent when its connection has gone", "[rest]") {
  Bench bench;
  bench.timer.allow(milliseconds(5));
  bench.owner.reset();
  bench.loop.io.run();
  CHECK(bench.late == 0);
}

}  // namespace
}  // namespace storm::rest
