#include "core/base/bounded_queue.hpp"

#include <thread>

#include "catch.hpp"

using storm::BoundedQueue;

TEST_CASE("bounded queue: a full queue refuses, and keeps the item with its sender", "[base]") {
  BoundedQueue<std::string> queue(1);
  std::string first = "a", second = "b";
  CHECK(queue.try_push(first));
  CHECK_FALSE(queue.try_push(second));
  CHECK(second == "b");
  CHECK(queue.pop_all(std::chrono::seconds(1)) == std::vector<std::string>{"a"});
}

TEST_CASE("bounded queue: push waits for room and gives up when told to stop", "[base][threads]") {
  BoundedQueue<int> queue(1);
  int item = 1;
  REQUIRE(queue.try_push(item));
  std::jthread sender([&] {
    int next = 2;
    CHECK(queue.push(next, [] { return false; }));
  });
  int seen = 0;
  while (seen < 2) seen += static_cast<int>(queue.pop_all(std::chrono::seconds(5)).size());
  sender.join();
  REQUIRE(queue.try_push(item));
  CHECK_FALSE(queue.push(item, [] { return true; }));
}

TEST_CASE("bounded queue: a closed queue takes nothing more and gives what it has", "[base]") {
  BoundedQueue<int> queue(4);
  int item = 1;
  REQUIRE(queue.try_push(item));
  queue.close();
  CHECK_FALSE(queue.try_push(item));
  CHECK(queue.pop_all(std::chrono::seconds(1)).size() == 1);
  CHECK(queue.pop_all(std::chrono::seconds(1)).empty());
}
