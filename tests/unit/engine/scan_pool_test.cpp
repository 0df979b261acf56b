#include "core/engine/scan_pool.hpp"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "catch.hpp"

using namespace storm;

namespace {

const auto kNever = [] { return false; };

}  // namespace

TEST_CASE("scan pool: every part of every job is done once, whoever does it", "[engine]") {
  ScanPool pool(3);
  std::vector<std::thread> askers;
  std::vector<std::vector<std::atomic<int>>> done(8);
  for (auto& parts : done) {
    parts = std::vector<std::atomic<int>>(500);
    askers.emplace_back([&pool, &parts] {
      const auto job =
          std::make_shared<ScanJob>(parts.size(), [&parts](std::size_t part) { ++parts[part]; });
      pool.help(job);
      job->run(kNever);
    });
  }
  for (std::thread& asker : askers) asker.join();
  for (const auto& parts : done) {
    for (const auto& times : parts) REQUIRE(times == 1);
  }
}

TEST_CASE("scan pool: a job is done without threads, and goes on after a pause", "[engine]") {
  ScanPool pool(0);
  std::vector<std::size_t> done;
  const auto job = std::make_shared<ScanJob>(5, [&](std::size_t part) { done.push_back(part); });
  pool.help(job);
  int runs = 1;
  while (!job->run([] { return true; })) ++runs;
  CHECK(runs == 6);
  CHECK(done == std::vector<std::size_t>{0, 1, 2, 3, 4});
}

TEST_CASE("scan pool: nobody works for a job after it was cancelled", "[engine]") {
  ScanPool pool(2);
  for (int round = 0; round < 50; ++round) {
    auto done = std::make_unique<std::atomic<int>>(0);
    const auto job =
        std::make_shared<ScanJob>(1'000'000'000, [at = done.get()](std::size_t) { ++*at; });
    pool.help(job);
    CHECK_FALSE(job->run([] { return true; }));
    job->cancel();
    done.reset();  // a sanitizer tells when somebody is still at it
    CHECK_FALSE(job->work());
  }
}

TEST_CASE("scan pool: ends while jobs wait", "[engine]") {
  std::atomic<int> done{0};
  const auto job = std::make_shared<ScanJob>(1'000'000, [&](std::size_t) { ++done; });
  { ScanPool(2).help(job); }
  job->cancel();
  CHECK(done < 1'000'000);
}
