// What every store does, plugin or not.
#include <atomic>
#include <thread>

#include "catch.hpp"
#include "store_under_test.hpp"

namespace storm::conformance {
namespace {

using namespace std::string_literals;

struct Opened {
  ScratchFolder folder;
  std::unique_ptr<StoreUnderTest> store = make_store(folder.path());
  Opened() {
    const Outcome outcome = store->open();
    INFO(outcome.message);
    REQUIRE(outcome.ok());
  }
  StoreUnderTest* operator->() { return store.get(); }
  StoreUnderTest& operator*() { return *store; }
};

Change put(std::vector<StoredRow> rows) {
  Change change;
  change.puts = std::move(rows);
  return change;
}

Change remove(std::vector<StoredRow> rows) {
  Change change;
  change.deletes = std::move(rows);
  return change;
}

}  // namespace

TEST_CASE("store: rows come back in the order of their keys' bytes", "[storage]") {
  Opened store;
  REQUIRE(store->apply(put({{"s", "b", "2"}, {"s", "a", "1"}, {"s", "\xff", "5"}})).ok());
  REQUIRE(store->apply(put({{"s", "a\x01", "1a"}, {"s", "Z", "0"}, {"s", "\xc3\xa9", "4"}})).ok());
  CHECK(text_of(*store, "s") == "Z=0 a=1 a\x01=1a b=2 \xc3\xa9=4 \xff=5");
}

TEST_CASE("store: keys and values are bytes, NUL and nothing among them", "[storage]") {
  Opened store;
  std::string every;
  for (int byte = 0; byte < 256; ++byte) every.push_back(static_cast<char>(byte));
  REQUIRE(store->apply(put({{"s", "k\0b"s, every}, {"s", "k", "short"}, {"s", "k\0a"s, ""}})).ok());
  REQUIRE(store->apply(put({{"s", "", "empty key"}, {"s", every, "k"}})).ok());
  const auto rows = rows_of(*store, "s");
  REQUIRE(rows.size() == 5);
  CHECK(rows.at(0).key.empty());
  CHECK(rows.at(0).value == "empty key");
  CHECK(rows[1].key == every);
  CHECK(rows[2].key == "k");
  CHECK(rows[3].key == "k\0a"s);
  CHECK(rows[3].value.empty());
  CHECK(rows[4].key == "k\0b"s);
  CHECK(rows[4].value == every);
  REQUIRE(store->apply(remove({{"s", "k\0a"s, ""}, {"s", "", ""}})).ok());
  CHECK(rows_of(*store, "s").size() == 3);
}

TEST_CASE("store: a put replaces, a delete removes, deleting nothing is no error", "[storage]") {
  Opened store;
  REQUIRE(store->apply(put({{"s", "a", "1"}, {"s", "b", "1"}})).ok());
  REQUIRE(store->apply(put({{"s", "a", "2"}})).ok());
  CHECK(text_of(*store, "s") == "a=2 b=1");
  REQUIRE(store->apply(remove({{"s", "b", ""}, {"s", "absent", ""}, {"nowhere", "a", ""}})).ok());
  CHECK(text_of(*store, "s") == "a=2");
  CHECK(text_of(*store, "nowhere").empty());
}

TEST_CASE("store: within a transaction deletes go first and the last put counts", "[storage]") {
  Opened store;
  REQUIRE(store->apply(put({{"s", "a", "old"}, {"s", "b", "old"}})).ok());
  Change change = put({{"s", "a", "1"}, {"s", "c", "1"}, {"s", "c", "2"}});
  change.deletes = {{"s", "a", ""}, {"s", "b", ""}};
  REQUIRE(store->apply(change).ok());
  CHECK(text_of(*store, "s") == "a=1 c=2");
}

TEST_CASE("store: spaces do not see each other's rows", "[storage]") {
  Opened store;
  REQUIRE(store->apply(put({{"group", "a", "1"}, {"groups", "a", "2"}, {"", "a", "3"}})).ok());
  CHECK(text_of(*store, "group") == "a=1");
  CHECK(text_of(*store, "groups") == "a=2");
  CHECK(text_of(*store, "").substr(0, 3) == "a=3");
  REQUIRE(store->apply(remove({{"group", "a", ""}})).ok());
  CHECK(text_of(*store, "group").empty());
  CHECK(text_of(*store, "groups") == "a=2");
}

TEST_CASE("store: the taker of a listing can end it", "[storage]") {
  Opened store;
  REQUIRE(store->apply(put({{"s", "a", "1"}, {"s", "b", "2"}, {"s", "c", "3"}})).ok());
  int taken = 0;
  const Outcome outcome = store->load("s", [&](const StoredRow&) -> storm_rc {
    return ++taken == 2 ? STORM_E_CANCELLED : STORM_OK;
  });
  CHECK(outcome.code == STORM_E_CANCELLED);
  CHECK(taken == 2);
  CHECK(rows_of(*store, "s").size() == 3);
}

TEST_CASE("store: takes the largest space, key, value and transaction it must take", "[storage]") {
  Opened store;
  const std::string space(64, 's');
  const std::string key(512, 'k');
  const std::string value(std::size_t{64} << 20, 'v');
  REQUIRE(store->apply(put({{space, key, value}})).ok());
  const auto rows = rows_of(*store, space);
  REQUIRE(rows.size() == 1);
  CHECK(rows.at(0).key == key);
  CHECK((rows.at(0).value == value));
  REQUIRE(store->apply(remove({{space, key, ""}})).ok());

  Change many;
  for (int i = 0; i < 100'000; ++i) many.puts.push_back({"many", std::to_string(i), "x"});
  REQUIRE(store->apply(many).ok());
  CHECK(rows_of(*store, "many").size() == 100'000);
  many.deletes.swap(many.puts);
  REQUIRE(store->apply(many).ok());
  CHECK(rows_of(*store, "many").empty());
}

TEST_CASE("store: a listing during writes is one revision", "[storage]") {
  constexpr int kRows = 200;
  constexpr int kListings = 30;
  constexpr int kWrites = 30;
  Opened store;
  const auto generation = [](int number) {
    Change change;
    for (int i = 0; i < kRows; ++i) {
      change.puts.push_back({"s", std::to_string(i), std::to_string(number)});
    }
    return change;
  };
  REQUIRE(store->apply(generation(0)).ok());

  std::atomic<bool> stop = false;
  std::atomic<int> writes = 0;
  std::atomic<int> refused = 0;
  std::jthread writer([&] {
    for (int number = 1; !stop; ++number) {
      if (!store->apply(generation(number)).ok()) ++refused;
      ++writes;
    }
  });
  bool mixed = false;
  bool incomplete = false;
  int listings = 0;
  for (; listings < kListings || writes < kWrites; ++listings) {
    std::string first;
    int rows = 0;
    const Outcome outcome = store->load("s", [&](const StoredRow& row) {
      if (rows++ == 0) first = row.value;
      mixed = mixed || row.value != first;
      return STORM_OK;
    });
    incomplete = incomplete || !outcome.ok() || rows != kRows;
  }
  stop = true;
  writer.join();
  CHECK_FALSE(mixed);
  CHECK_FALSE(incomplete);
  CHECK(refused == 0);
}

}  // namespace storm::conformance
