#include "sqlite_store.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "catch.hpp"

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using storm::sdk::Fault;
using storm::sqlite::Database;
using storm::sqlite::SqliteStore;

namespace {

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "storm-sqlite-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = fs::canonical(name);
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string operator/(std::string_view name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

struct Refusal {
  storm_rc code = STORM_OK;
  std::string message;
};

template <typename Body>
Refusal refusal_of(const Body& body) {
  try {
    body();
  } catch (const Fault& fault) {
    return {fault.code(), fault.message()};
  }
  return {};
}

Refusal refusal_to_open(const std::string& path) {
  return refusal_of([&] { SqliteStore(path).open(); });
}

std::uint64_t put(SqliteStore& store, const std::string& key, const std::string& value) {
  const storm_row row = storm::sdk::row_of("s", key, value, 0);
  const storm_list rows{&row, 1, sizeof row};
  using Rows = storm::sdk::List<storm_row>;
  return store.apply({{}, 0, 0, Rows(rows), Rows(storm_list{nullptr, 0, sizeof row})});
}

std::string text_of(const SqliteStore& store) {
  std::string text;
  store.load("s", [&](const storm_row& row, std::uint64_t) {
    text += std::string(storm::sdk::view(row.key)) + "=" +
            std::string(storm::sdk::view(row.value)) + ";";
  });
  return text;
}

mode_t mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777;
}

void write_file(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

}  // namespace

TEST_CASE("sqlite store: makes missing folders and keeps its files from strangers", "[sqlite]") {
  const Folder folder;
  SqliteStore store(folder / "a/b/storm.db");
  const auto opened = store.open();
  CHECK(opened.created);
  CHECK(opened.path == folder / "a/b/storm.db");
  CHECK(opened.revision == 0);
  put(store, "k", "v");
  CHECK((mode_of(folder / "a") & 07) == 0);
  CHECK((mode_of(folder / "a/b") & 07) == 0);
  CHECK((mode_of(folder / "a/b/storm.db") & 07) == 0);
  CHECK((mode_of(folder / "a/b/storm.db-wal") & 07) == 0);
}

TEST_CASE("sqlite store: every commit is synced, in write-ahead mode", "[sqlite]") {
  const Folder folder;
  SqliteStore store(folder / "storm.db");
  store.open();
  const Database other(folder / "storm.db", SQLITE_OPEN_READONLY);
  CHECK(other.text("PRAGMA journal_mode") == "wal");
  CHECK(other.number("PRAGMA application_id") == storm::sqlite::kApplicationId);
  CHECK(other.number("PRAGMA user_version") == storm::sqlite::kFormatVersion);
}

TEST_CASE("sqlite store: opens what it closed", "[sqlite]") {
  const Folder folder;
  SqliteStore store(folder / "storm.db");
  store.open();
  CHECK(put(store, "k", "v") == 1);
  CHECK(refusal_of([&] { store.open(); }).code == STORM_E_INVALID);
  store.close();
  CHECK_FALSE(fs::exists(folder / "storm.db-wal"));
  CHECK(refusal_of([&] { put(store, "k", "v"); }).code == STORM_E_INVALID);
  CHECK(refusal_of([&] { text_of(store); }).code == STORM_E_INVALID);
  const auto opened = store.open();
  CHECK_FALSE(opened.created);
  CHECK(opened.check == SqliteStore::Check::Passed);
  CHECK(opened.revision == 1);
  CHECK(text_of(store) == "k=v;");
}

TEST_CASE("sqlite store: a second holder is refused whatever name it uses", "[sqlite]") {
  const Folder folder;
  SqliteStore store(folder / "storm.db");
  store.open();
  fs::create_symlink(folder / "storm.db", folder / "link.db");
  fs::create_directory(folder / "sub");
  for (const char* name : {"storm.db", "link.db", "sub/../storm.db"}) {
    const Refusal refusal = refusal_to_open(folder / name);
    INFO(name);
    CHECK(refusal.code == STORM_E_BUSY);
    CHECK_THAT(refusal.message,
               Contains(folder / "storm.db") && Contains("by process " + std::to_string(getpid())));
  }
  put(store, "k", "v");
  CHECK(text_of(store) == "k=v;");
}

TEST_CASE("sqlite store: a store of a newer version is refused and left alone", "[sqlite]") {
  const Folder folder;
  {
    SqliteStore store(folder / "storm.db");
    store.open();
    put(store, "k", "v");
  }
  Database(folder / "storm.db", SQLITE_OPEN_READWRITE).run("PRAGMA user_version=9");
  const Refusal refusal = refusal_to_open(folder / "storm.db");
  CHECK(refusal.code == STORM_E_UNSUPPORTED);
  CHECK_THAT(refusal.message, Contains("format 9") && Contains("up to format 2") &&
                                  Contains(folder / "storm.db") && Contains("upgrade"));
  Database(folder / "storm.db", SQLITE_OPEN_READWRITE).run("PRAGMA user_version=2");
  SqliteStore store(folder / "storm.db");
  store.open();
  CHECK(text_of(store) == "k=v;");
}

TEST_CASE("sqlite store: a store of format 1 keeps its rows and its revision", "[sqlite]") {
  const Folder folder;
  {
    SqliteStore store(folder / "storm.db");
    store.open();
    put(store, "b", "2");
    put(store, "a", "1");
  }
  Database(folder / "storm.db", SQLITE_OPEN_READWRITE)
      .run(
          "ALTER TABLE rows RENAME TO rows_2;"
          "CREATE TABLE rows(space BLOB NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,"
          " revision INTEGER NOT NULL, PRIMARY KEY(space, key)) STRICT, WITHOUT ROWID;"
          "INSERT INTO rows SELECT space, key, value, revision FROM rows_2;"
          "DROP TABLE rows_2; PRAGMA user_version=1;");
  SqliteStore store(folder / "storm.db");
  CHECK(store.open().revision == 2);
  CHECK(text_of(store) == "a=1;b=2;");
  CHECK(put(store, "a", "3") == 3);
  CHECK(text_of(store) == "a=3;b=2;");
  const Database other(folder / "storm.db", SQLITE_OPEN_READONLY);
  CHECK(other.number("PRAGMA user_version") == 2);
  CHECK(other.number("SELECT count(*) FROM sqlite_schema WHERE name='rows_1'") == 0);
}

TEST_CASE("sqlite store: a file that is no database is refused and left alone", "[sqlite]") {
  const Folder folder;
  const std::string content =
      GENERATE(as<std::string>(), "listen: []\n", std::string(100'000, 'x'));
  write_file(folder / "storm.db", content);
  const Refusal refusal = refusal_to_open(folder / "storm.db");
  CHECK(refusal.code == STORM_E_CORRUPT);
  CHECK_THAT(refusal.message, Contains(folder / "storm.db") && Contains("not a SQLite database"));
  std::ifstream in(folder / "storm.db", std::ios::binary);
  CHECK((std::string(std::istreambuf_iterator<char>(in), {}) == content));
}

TEST_CASE("sqlite store: another program's database is refused and left alone", "[sqlite]") {
  const Folder folder;
  {
    const Database other(folder / "other.db", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    other.run("CREATE TABLE theirs(x); INSERT INTO theirs VALUES(1)");
  }
  const Refusal refusal = refusal_to_open(folder / "other.db");
  CHECK(refusal.code == STORM_E_CORRUPT);
  CHECK_THAT(refusal.message, Contains("another program"));
  const Database other(folder / "other.db", SQLITE_OPEN_READONLY);
  CHECK(other.text("PRAGMA journal_mode") == "delete");
}

TEST_CASE("sqlite store: damage is found when it opens", "[sqlite]") {
  const Folder folder;
  {
    SqliteStore store(folder / "storm.db");
    store.open();
    for (int i = 0; i < 200; ++i) put(store, std::to_string(i), std::string(500, 'v'));
  }
  {
    std::fstream file(folder / "storm.db", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096 * 5);
    file << std::string(4096 * 3, '\x55');
  }
  const Refusal refusal = refusal_to_open(folder / "storm.db");
  CHECK(refusal.code == STORM_E_CORRUPT);
  CHECK_THAT(refusal.message,
             Contains(folder / "storm.db") && Contains("damaged") && Contains("backup"));
}

TEST_CASE(
    "sqlite store: a check that takes too long is cut short, and the store opens all the same",
    "[sqlite]") {
  const Folder folder;
  SqliteStore store(folder / "storm.db");
  store.open();
  {
    const Database other(folder / "storm.db", SQLITE_OPEN_READWRITE);
    other.run(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000)"
        " INSERT INTO rows(space, key, value, revision) SELECT CAST('big' AS BLOB), CAST(i AS "
        "BLOB), randomblob(500), 1 FROM n");
  }
  put(store, "k", "v");
  // On a busy machine the check may be over before its time is.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  auto check = SqliteStore::Check::Passed;
  while (check == SqliteStore::Check::Passed && std::chrono::steady_clock::now() < deadline) {
    store.close();
    check = store.open(std::chrono::milliseconds(1)).check;
  }
  CHECK(check == SqliteStore::Check::CutShort);
  CHECK(text_of(store) == "k=v;");
  CHECK(put(store, "k", "w") == 2);
}

TEST_CASE("sqlite store: a path that cannot be one is refused", "[sqlite]") {
  const Folder folder;
  CHECK(refusal_to_open(folder / "").code == STORM_E_INVALID);
  write_file(folder / "file", "x");
  const Refusal refusal = refusal_to_open(folder / "file/storm.db");
  CHECK(refusal.code < 0);
  CHECK_THAT(refusal.message, Contains(folder / "file"));
}

TEST_CASE("sqlite store: remembers so many transactions and no more", "[sqlite]") {
  const Folder folder;
  SqliteStore store(folder / "storm.db");
  store.open();
  const auto extra = static_cast<int>(storm::sqlite::kTransactionsKept) + 10;
  for (int i = 0; i < extra; ++i) put(store, "k", std::to_string(i));
  const Database other(folder / "storm.db", SQLITE_OPEN_READONLY);
  CHECK(other.number("SELECT count(*) FROM transactions") == storm::sqlite::kTransactionsKept);
  CHECK(other.number("SELECT max(revision) FROM transactions") == extra);
}

TEST_CASE("sqlite store: a listing does not keep anybody from writing", "[sqlite]") {
  const Folder folder;
  SqliteStore store(folder / "storm.db");
  store.open();
  put(store, "a", "1");
  put(store, "b", "1");
  std::string seen;
  store.load("s", [&](const storm_row& row, std::uint64_t revision) {
    put(store, "b", "2");
    seen += std::string(storm::sdk::view(row.value)) + "@" + std::to_string(revision) + " ";
  });
  CHECK(seen == "1@2 1@2 ");
  CHECK(text_of(store) == "a=1;b=2;");
}
