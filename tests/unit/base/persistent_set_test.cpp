#include "core/base/persistent_map.hpp"

#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>

#include "catch.hpp"

using storm::PersistentMap;
using storm::PersistentSet;

namespace {

void check_equal(const PersistentSet<int>& set, const std::set<int>& model) {
  REQUIRE(set.size() == model.size());
  REQUIRE(std::equal(set.begin(), set.end(), model.begin(), model.end()));
}

}  // namespace

TEST_CASE("persistent set: behaves as an ordered set under random insertions and removals",
          "[base]") {
  const unsigned seed = GENERATE(1u, 2u, 3u);
  std::mt19937 random(seed);
  PersistentSet<int> set;
  std::set<int> model;
  for (int step = 0; step < 20000; ++step) {
    const int item = static_cast<int>(random() % 3000);
    // Grows for a while, then shrinks to nothing, then grows again.
    const bool insert = random() % 100 < (step % 10000 < 5000 ? 70u : 20u);
    if (insert) {
      CHECK(set.insert_or_assign(item) == model.insert(item).second);
    } else {
      CHECK(set.erase(item) == (model.erase(item) > 0));
    }
    if (step % 997 == 0) check_equal(set, model);
  }
  check_equal(set, model);
  for (int probe = -1; probe <= 3001; probe += 7) {
    const auto found = set.lower_bound(probe);
    const auto expected = model.lower_bound(probe);
    REQUIRE((found == set.end()) == (expected == model.end()));
    if (expected != model.end()) CHECK(*found == *expected);
    CHECK(set.contains(probe) == model.contains(probe));
  }
  std::size_t index = 0;
  for (const int item : model) REQUIRE(set.nth(index++) == item);
  for (const int item : std::set<int>(model)) REQUIRE(set.erase(item));
  CHECK(set.empty());
  CHECK(set.begin() == set.end());
}

TEST_CASE("persistent set: a copy never sees a later change", "[base]") {
  std::mt19937 random(7);
  PersistentSet<int> set;
  std::set<int> model;
  std::vector<std::pair<PersistentSet<int>, std::set<int>>> copies;
  for (int step = 0; step < 4000; ++step) {
    const int item = static_cast<int>(random() % 1000);
    if (random() % 3) {
      set.insert_or_assign(item);
      model.insert(item);
    } else {
      set.erase(item);
      model.erase(item);
    }
    if (step % 100 == 0) copies.emplace_back(set, model);
  }
  for (const auto& [copy, expected] : copies) check_equal(copy, expected);
}

TEST_CASE("persistent map: replaces the value of a key and finds by a compatible key", "[base]") {
  PersistentMap<std::string, int> map;
  CHECK(map.put("b", 1));
  CHECK_FALSE(map.put("b", 2));
  CHECK(map.put("a", 3));
  REQUIRE(map.get(std::string_view("b")));
  CHECK(*map.get(std::string_view("b")) == 2);
  CHECK_FALSE(map.get(std::string_view("c")));
  CHECK(map.begin()->first == "a");
}

TEST_CASE("persistent set: readers on other threads walk their copies while the writer goes on",
          "[base][threads]") {
  PersistentSet<int> set;
  for (int i = 0; i < 5000; ++i) set.insert_or_assign(i);
  std::vector<std::jthread> readers;
  std::atomic<int> wrong{0};
  for (int round = 0; round < 20; ++round) {
    readers.emplace_back([copy = set, round, &wrong] {
      int count = 0;
      for (const int item : copy) count += item >= 0;
      if (count != 5000 - round * 10) ++wrong;
    });
    for (int i = 0; i < 10; ++i) set.erase(round * 10 + i);
  }
  readers.clear();
  CHECK(wrong == 0);
}
