// What a storage plugin does beyond any store: revisions, repeated and conflicting transactions,
// limits, locking, and keeping what it acknowledged through a crash and a full disk.
#include <poll.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>

#include "catch.hpp"
#include "plugin_store.hpp"

namespace storm::conformance {
namespace {

using Catch::Matchers::Contains;

struct Fixture {
  ScratchFolder folder;
  std::unique_ptr<PluginStore> store = make_plugin_store(folder.path());
  Fixture() { reopen(); }
  ~Fixture() { CHECK(store->breaches() == ""); }
  void reopen() {
    const Outcome outcome = store->open();
    INFO(outcome.message);
    REQUIRE(outcome.ok());
  }
  bool keeps() const { return (store->caps() & STORM_STORE_DURABLE) != 0; }
  PluginStore* operator->() { return store.get(); }
  PluginStore& operator*() { return *store; }
};

Change put(std::string key, std::string value) {
  Change change;
  change.puts.push_back({"s", std::move(key), std::move(value)});
  return change;
}

Change with_id(Change change, std::uint8_t id) {
  change.id.fill(id);
  return change;
}

}  // namespace

TEST_CASE("storage plugin: revisions rise, and rows carry the one that wrote them", "[storage]") {
  Fixture store;
  CHECK(store->revision_at_open() == 0);
  const Outcome first = store->apply(put("a", "1"));
  const Outcome second = store->apply(put("b", "2"));
  REQUIRE(first.ok());
  REQUIRE(second.ok());
  CHECK(first.revision > 0);
  CHECK(second.revision > first.revision);
  const auto rows = rows_of(*store, "s");
  REQUIRE(rows.size() == 2);
  CHECK(rows.at(0).revision == first.revision);
  CHECK(rows[1].revision == second.revision);
}

TEST_CASE("storage plugin: reopening keeps rows and revision", "[storage]") {
  Fixture store;
  if (!store.keeps()) return;
  REQUIRE(store->apply(put("a", "1")).ok());
  const Outcome last = store->apply(put("b", "2"));
  REQUIRE(last.ok());
  REQUIRE(store->close().ok());
  store.reopen();
  CHECK(store->revision_at_open() == last.revision);
  CHECK(text_of(*store, "s") == "a=1 b=2");
  CHECK(store->apply(put("c", "3")).revision > last.revision);
}

TEST_CASE("storage plugin: a transaction that is repeated answers its first revision",
          "[storage]") {
  Fixture store;
  const Outcome first = store->apply(with_id(put("a", "1"), 7));
  REQUIRE(first.ok());
  const Outcome second = store->apply(put("a", "2"));
  REQUIRE(second.ok());
  Change again = with_id(put("a", "1"), 7);
  CHECK(store->apply(again).revision == first.revision);
  CHECK(text_of(*store, "s") == "a=2");
  again.expect_revision = first.revision;  // long past, and still the same transaction
  CHECK(store->apply(again).revision == first.revision);
  if (store.keeps()) {
    REQUIRE(store->close().ok());
    store.reopen();
    CHECK(store->apply(again).revision == first.revision);
    CHECK(text_of(*store, "s") == "a=2");
  }
  CHECK(store->apply(with_id(put("a", "3"), 8)).revision > second.revision);
}

TEST_CASE("storage plugin: transactions without an id are never taken for each other",
          "[storage]") {
  Fixture store;
  REQUIRE(store->apply(put("a", "1")).ok());
  REQUIRE(store->apply(put("a", "2")).ok());
  CHECK(text_of(*store, "s") == "a=2");
}

TEST_CASE("storage plugin: another revision than the expected one is a conflict", "[storage]") {
  Fixture store;
  const Outcome first = store->apply(put("a", "1"));
  Change change = put("a", "2");
  change.expect_revision = first.revision + 5;
  const Outcome refused = store->apply(change);
  CHECK(refused.code == STORM_E_CONFLICT);
  CHECK(text_of(*store, "s") == "a=1");
  change.expect_revision = first.revision;
  CHECK(store->apply(change).ok());
  CHECK(text_of(*store, "s") == "a=2");
}

TEST_CASE("storage plugin: a lower fence than the highest seen is refused", "[storage]") {
  Fixture store;
  Change change = put("a", "1");
  change.fence = 5;
  REQUIRE(store->apply(change).ok());
  change.fence = 4;
  change.puts[0].value = "2";
  CHECK(store->apply(change).code == STORM_E_FENCED);
  if (store.keeps()) {
    REQUIRE(store->apply(put("b", "1")).ok());
    REQUIRE(store->close().ok());
    store.reopen();
    CHECK(store->apply(change).code == STORM_E_FENCED);
  }
  CHECK(rows_of(*store, "s").at(0).value == "1");
  change.fence = 5;
  CHECK(store->apply(change).ok());
}

TEST_CASE("storage plugin: what is over a limit is refused whole", "[storage]") {
  Fixture store;
  REQUIRE(store->apply(put("a", "1")).ok());
  Change change = put("b", "1");
  SECTION("space") { change.puts.push_back({std::string(65, 's'), "k", "v"}); }
  SECTION("key") { change.puts.push_back({"s", std::string(513, 'k'), "v"}); }
  SECTION("key of a delete") { change.deletes.push_back({"s", std::string(513, 'k'), ""}); }
  SECTION("value") {
    change.puts.push_back({"s", "c", std::string((std::size_t{64} << 20) + 1, 'v')});
  }
  SECTION("rows") {
    for (int i = 0; i < 100'000; ++i) change.puts.push_back({"s", std::to_string(i), "v"});
  }
  const Outcome outcome = store->apply(change);
  CHECK(outcome.code == STORM_E_INVALID);
  CHECK_THAT(outcome.message, Contains("limit"));
  CHECK(text_of(*store, "s") == "a=1");
}

TEST_CASE("storage plugin: a store that is not shared has one holder", "[storage]") {
  Fixture store;
  if ((store->caps() & STORM_STORE_SHARED) != 0) return;
  REQUIRE(store->apply(put("a", "1")).ok());
  const std::string here = std::to_string(getpid());

  auto second = make_plugin_store(store.folder.path());
  const Outcome refused = second->open();
  CHECK(refused.code == STORM_E_BUSY);
  CHECK_THAT(refused.message, Contains(store.folder.path().string()) && Contains(here));
  CHECK(second->breaches() == "");

  // From another process as well, and its attempt does not loosen our hold.
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const Outcome outcome = make_plugin_store(store.folder.path())->open();
    _exit(outcome.code == STORM_E_BUSY && outcome.message.find(here) != std::string::npos ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(make_plugin_store(store.folder.path())->open().code == STORM_E_BUSY);

  REQUIRE(store->close().ok());
  CHECK(second->open().ok());
  CHECK(text_of(*second, "s") == "a=1");
  REQUIRE(second->close().ok());
  store.reopen();
}

namespace {

// The transactions of the crash test: number n writes three rows and takes one away, so that a half
// of it would show.
Change crash_change(std::uint64_t n) {
  const std::string number = std::to_string(n);
  Change change;
  change.puts = {{"s", "counter", number},
                 {"s", "row-" + number, std::string(1 + (n * 37) % 5000, 'x') + number},
                 {"s", "pair-" + std::to_string(n % 50), number}};
  if (n % 3 == 0) change.deletes = {{"s", "row-" + std::to_string(n / 3), ""}};
  return change;
}

std::map<std::string, std::string> crash_rows(std::uint64_t last) {
  std::map<std::string, std::string> rows;
  for (std::uint64_t n = 1; n <= last; ++n) {
    const Change change = crash_change(n);
    for (const StoredRow& row : change.deletes) rows.erase(row.key);
    for (const StoredRow& row : change.puts) rows[row.key] = row.value;
  }
  return rows;
}

// Writes transactions until it is killed, and the number of each acknowledged one into `acks`.
[[noreturn]] void write_until_killed(const std::filesystem::path& folder, std::uint64_t next,
                                     int acks) {
  const auto store = make_plugin_store(folder);
  if (!store->open().ok()) _exit(1);
  for (;; ++next) {
    if (!store->apply(crash_change(next)).ok()) _exit(2);
    if (write(acks, &next, sizeof next) != sizeof next) _exit(3);
  }
}

std::uint64_t next_ack(int acks, std::uint64_t last) {
  std::uint64_t number = 0;
  return read(acks, &number, sizeof number) == sizeof number ? number : last;
}

}  // namespace

TEST_CASE("storage plugin: killed while writing, it has all it acknowledged and nothing by half",
          "[storage]") {
  constexpr int kKills = 20;
  Fixture store;
  if (!store.keeps()) return;
  REQUIRE(store->close().ok());

  const std::uint32_t seed = std::random_device{}();
  std::mt19937 engine(seed);
  const auto random = [&](int below) {
    return std::uniform_int_distribution(0, below - 1)(engine);
  };
  std::uint64_t done = 0;
  for (int kill_number = 0; kill_number < kKills; ++kill_number) {
    INFO("seed " << seed << ", kill " << kill_number);
    int acks[2];
    REQUIRE(pipe(acks) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      close(acks[0]);
      write_until_killed(store.folder.path(), done + 1, acks[1]);
    }
    close(acks[1]);
    std::uint64_t acknowledged = done;
    for (int wait = 1 + random(40); wait > 0; --wait) {
      acknowledged = next_ack(acks[0], acknowledged);
    }
    // Anywhere within the next transactions.
    usleep(static_cast<useconds_t>(random(3000)));
    REQUIRE(kill(child, SIGKILL) == 0);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    for (std::uint64_t before = 0; before != acknowledged;) {
      before = acknowledged;
      acknowledged = next_ack(acks[0], acknowledged);
    }
    close(acks[0]);
    REQUIRE(acknowledged > done);

    store.reopen();
    std::map<std::string, std::string> rows;
    for (const StoredRow& row : rows_of(*store, "s")) rows[row.key] = row.value;
    // The one after the last acknowledged may have been written, its answer lost.
    const bool one_more = rows["counter"] == std::to_string(acknowledged + 1);
    done = acknowledged + (one_more ? 1 : 0);
    CHECK((rows == crash_rows(done)));
    REQUIRE(store->close().ok());
  }
  store.reopen();
}

namespace {

// A file system of a few MiB of its own, if we may make one.
class SmallDisk {
 public:
  explicit SmallDisk(const std::filesystem::path& at) : at_(at) {
    mounted_ = mount("tmpfs", at.c_str(), "tmpfs", 0, "size=4m") == 0;
  }
  ~SmallDisk() {
    if (mounted_) umount2(at_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool mounted() const { return mounted_; }

 private:
  std::filesystem::path at_;
  bool mounted_ = false;
};

// Takes all the room there is; the file's size.
void fill_disk(const std::filesystem::path& file) {
  std::FILE* out = std::fopen(file.c_str(), "ab");
  REQUIRE(out != nullptr);
  const std::string block(4096, 'f');
  while (std::fwrite(block.data(), 1, block.size(), out) == block.size() && std::fflush(out) == 0) {
  }
  std::fclose(out);
}

}  // namespace

TEST_CASE(
    "storage plugin: on a full disk a transaction is refused whole, and later ones work again",
    "[storage]") {
  ScratchFolder folder;
  const SmallDisk disk(folder.path());
  if (!disk.mounted()) {
    WARN("SKIPPED: the full-disk test needs to mount a tmpfs, which takes root: "
         << std::strerror(errno));
    return;
  }
  const auto store = make_plugin_store(folder.path());
  REQUIRE(store->open().ok());
  if ((store->caps() & STORM_STORE_DURABLE) == 0) return;
  REQUIRE(store->apply(put("small", "1")).ok());

  SECTION("one transaction is larger than the room left") {
    Change change = put("small", "2");
    change.puts.push_back({"s", "large", std::string(std::size_t{6} << 20, 'x')});
    const Outcome outcome = store->apply(change);
    CHECK(outcome.code == STORM_E_QUOTA);
    CHECK_THAT(outcome.message, Contains(folder.path().string()) && Contains("full"));
    CHECK(text_of(*store, "s") == "small=1");
    CHECK(store->apply(put("small", "3")).ok());
    CHECK(text_of(*store, "s") == "small=3");
  }
  SECTION("somebody else fills the disk") {
    fill_disk(folder.path() / "other");
    Outcome outcome;
    int applied = 0;
    for (; outcome.ok() && applied < 1000; ++applied) {
      outcome = store->apply(put("n", std::to_string(applied)));
    }
    --applied;  // the last was refused
    CHECK(outcome.code == STORM_E_QUOTA);
    const auto rows = rows_of(*store, "s");
    if (applied > 0) {
      REQUIRE(rows.size() == 2);
      CHECK(rows.at(0).value == std::to_string(applied - 1));
    } else {
      CHECK(rows.size() == 1);
    }
    std::filesystem::remove(folder.path() / "other");
    CHECK(store->apply(put("n", "again")).ok());
    CHECK(rows_of(*store, "s").at(0).value == "again");
  }
  SECTION("the disk is full when the store opens") {
    REQUIRE(store->close().ok());
    fill_disk(folder.path() / "other");
    const Outcome outcome = store->open();
    INFO(outcome.message);
    CHECK((outcome.ok() || outcome.code == STORM_E_QUOTA));
    if (outcome.ok()) {
      CHECK(text_of(*store, "s") == "small=1");
      REQUIRE(store->close().ok());
    }
    std::filesystem::remove(folder.path() / "other");
    REQUIRE(store->open().ok());
    CHECK(text_of(*store, "s") == "small=1");
  }
  CHECK(store->breaches() == "");
  REQUIRE(store->close().ok());
  CHECK(store->open().ok());
  const auto rows = rows_of(*store, "s");
  REQUIRE_FALSE(rows.empty());
  CHECK(rows.back().key == "small");
  REQUIRE(store->close().ok());
}

// Run by hand: PROGRAM "[bench]". STORM_BENCH_DIR names the disk to measure.
TEST_CASE("storage plugin: transactions a second", "[.][bench]") {
  constexpr auto kTime = std::chrono::seconds(3);
  Fixture store;
  if (const char* disk = std::getenv("STORM_BENCH_DIR")) {
    REQUIRE(store->close().ok());
    store.store = make_plugin_store(disk);
    store.reopen();
  }
  for (const int rows : {1, 1000}) {
    int done = 0;
    int key = 0;
    const auto start = std::chrono::steady_clock::now();
    auto now = start;
    for (; now - start < kTime; now = std::chrono::steady_clock::now()) {
      Change change;
      for (int i = 0; i < rows; ++i) {
        change.puts.push_back({"s", std::to_string(key++ % 20'000), std::string(400, 'v')});
      }
      REQUIRE(store->apply(change).ok());
      ++done;
    }
    const double seconds = std::chrono::duration<double>(now - start).count();
    WARN(rows << " rows of 400 bytes: " << done / seconds << " transactions/s, "
              << rows * done / seconds << " rows/s");
  }
}

}  // namespace storm::conformance
