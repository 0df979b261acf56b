#include "sqlite_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <filesystem>
#include <thread>

namespace storm::sqlite {
namespace {

using sdk::Fault;
using sdk::view;
namespace fs = std::filesystem;

// Rows lie in the order of their coming, and only the small index is in that of their keys: keys
// are random, and a page of the file for each new row would be written twice.
constexpr const char* kRowsTable =
    "CREATE TABLE rows(number INTEGER PRIMARY KEY, space BLOB NOT NULL, key BLOB NOT NULL,"
    " value BLOB NOT NULL, revision INTEGER NOT NULL, UNIQUE(space, key)) STRICT";
constexpr const char* kTransactionsTable =
    "CREATE TABLE transactions(revision INTEGER PRIMARY KEY, id BLOB NOT NULL,"
    " fence INTEGER NOT NULL) STRICT";
// In format 1 rows lay in the order of their keys.
constexpr const char* kRowsOfFormat1 =
    "INSERT INTO rows(space, key, value, revision)"
    " SELECT space, key, value, revision FROM rows_1 ORDER BY space, key;"
    "DROP TABLE rows_1";

void sync_folder(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;  // readable by nobody: its owner decides how durable it is
  fsync(descriptor);
  ::close(descriptor);
}

// Like mkdir -p, with our mode for each folder that is made.
void make_folder(const fs::path& folder) {
  std::error_code ignored;
  if (folder.empty() || fs::is_directory(folder, ignored)) return;
  make_folder(folder.parent_path());
  if (mkdir(folder.c_str(), kFolderMode) != 0 && errno != EEXIST) {
    throw system_fault(errno, "cannot create the folder " + folder.string());
  }
  sync_folder(folder.parent_path());
}

// One name per file however it was spelled, so that two spellings meet at one lock.
std::string real_path(const std::string& configured) {
  std::error_code problem;
  const fs::path whole = fs::absolute(configured, problem);
  make_folder(whole.parent_path());
  const fs::path path = fs::weakly_canonical(whole, problem);
  if (problem) throw system_fault(problem.value(), "cannot reach the store " + configured);
  if (fs::is_directory(path, problem)) {
    throw Fault(STORM_E_INVALID, "the store " + path.string() + " is a folder; name a file in it")
        .layer(STORM_LAYER_CONFIG);
  }
  return path.string();
}

// SQLite would make the file readable by everybody; its -wal and -shm files follow this one's mode.
// Requires: the lock is held.
Database open_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode);
  if (descriptor >= 0) {
    ::close(descriptor);
  } else if (errno != EEXIST) {
    throw system_fault(errno, "cannot create the store " + path);
  }
  return Database(path, SQLITE_OPEN_READWRITE);
}

// Refuses what is not ours before anything is written to it. True for a database with nothing in
// it.
bool is_fresh(const Database& database) {
  const std::int64_t application = database.number("PRAGMA application_id");
  const std::int64_t version = database.number("PRAGMA user_version");
  if (application == kApplicationId) {
    if (version <= kFormatVersion) return version == 0;
    throw Fault(STORM_E_UNSUPPORTED,
                "the store " + database.path() + " has format " + std::to_string(version) +
                    ", written by a newer Perfect Storm; this one reads up to format " +
                    std::to_string(kFormatVersion) +
                    ": upgrade it, or restore a backup made before the upgrade")
        .layer(STORM_LAYER_CONFIG);
  }
  if (application == 0 && version == 0 &&
      database.number("SELECT count(*) FROM sqlite_schema") == 0) {
    return true;
  }
  throw Fault(STORM_E_CORRUPT, "the store " + database.path() +
                                   " is a SQLite database of another program; name another path")
      .layer(STORM_LAYER_CONFIG);
}

void set_format(const Database& database) {
  database.run(("PRAGMA user_version=" + std::to_string(kFormatVersion)).c_str());
}

void create_schema(const Database& database) {
  database.run("BEGIN IMMEDIATE");
  database.run(kRowsTable);
  database.run(kTransactionsTable);
  database.run(("PRAGMA application_id=" + std::to_string(kApplicationId)).c_str());
  set_format(database);
  database.run("COMMIT");
}

void roll_back(const Database& database) {
  // SQLite has rolled back by itself after some failures; then this one is refused, rightly.
  if (database.in_transaction()) {
    sqlite3_exec(database.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

void migrate(const Database& database) {
  if (database.number("PRAGMA user_version") == kFormatVersion) return;
  database.run("BEGIN IMMEDIATE");
  try {
    database.run("ALTER TABLE rows RENAME TO rows_1");
    database.run(kRowsTable);
    database.run(kRowsOfFormat1);
    set_format(database);
    database.run("COMMIT");
  } catch (...) {
    roll_back(database);
    throw;
  }
}

// SQLite looks at its progress callback too seldom during a check, so a thread ends it.
SqliteStore::Check check(const Database& database, std::chrono::milliseconds budget) {
  std::mutex mutex;
  std::condition_variable done;
  bool finished = false;
  bool cut_short = false;
  std::string verdict;
  {
    const std::jthread watchdog([&] {
      std::unique_lock lock(mutex);
      if (done.wait_for(lock, budget, [&] { return finished; })) return;
      cut_short = true;
      sqlite3_interrupt(database.handle());
    });
    const auto finish = [&] {
      const std::lock_guard lock(mutex);
      finished = true;
      done.notify_one();
    };
    try {
      verdict = database.text("PRAGMA quick_check(1)");
    } catch (...) {
      finish();
      // An interrupted check says nothing; damage that stopped it is met again by the reads below.
      const std::lock_guard lock(mutex);
      if (!cut_short) throw;
    }
    finish();
  }
  if (cut_short) return SqliteStore::Check::CutShort;
  if (verdict == "ok") return SqliteStore::Check::Passed;
  std::ranges::replace(verdict, '\n', ' ');
  throw Fault(STORM_E_CORRUPT,
              "the store " + database.path() + " is damaged (" + verdict +
                  "); restore a backup, or move it away to start with an empty store");
}

std::string too_large(std::string_view what, std::size_t size, std::size_t limit) {
  return std::string(what) + " has " + std::to_string(size) + " bytes; the limit is " +
         std::to_string(limit);
}

void check_limits(const sdk::Transaction& transaction) {
  const std::size_t rows = transaction.puts.size() + transaction.deletes.size();
  if (rows > kRowsPerTransactionMax) {
    throw Fault(STORM_E_INVALID, "a transaction has " + std::to_string(rows) +
                                     " rows; the limit is " +
                                     std::to_string(kRowsPerTransactionMax));
  }
  const auto check_row = [](const storm_row& row) {
    if (row.space.n > kSpaceBytesMax) {
      throw Fault(STORM_E_INVALID, too_large("a space", row.space.n, kSpaceBytesMax));
    }
    if (row.key.n > kKeyBytesMax) {
      throw Fault(STORM_E_INVALID, too_large("a key", row.key.n, kKeyBytesMax));
    }
  };
  for (const storm_row& row : transaction.puts) {
    check_row(row);
    if (row.value.n > kValueBytesMax) {
      throw Fault(STORM_E_INVALID, too_large("the value of \"" + std::string(view(row.key)) + "\"",
                                             row.value.n, kValueBytesMax));
    }
  }
  for (const storm_row& row : transaction.deletes) check_row(row);
}

[[noreturn]] void not_open() { throw Fault(STORM_E_INVALID, "the store is not open"); }

std::string_view bytes_of(const std::array<std::uint8_t, 16>& id) {
  return {reinterpret_cast<const char*>(id.data()), id.size()};
}

}  // namespace

SqliteStore::Open::Open(const std::string& path, const std::string& lock_path)
    : lock(lock_path, path), database(open_file(path)) {}

void SqliteStore::prepare(Open& open) {
  const Database& database = open.database;
  open.put.emplace(database,
                   "INSERT INTO rows(space, key, value, revision) VALUES(?1, ?2, ?3, ?4)"
                   " ON CONFLICT(space, key) DO UPDATE SET value=?3, revision=?4");
  open.remove.emplace(database, "DELETE FROM rows WHERE space=?1 AND key=?2");
  open.remember.emplace(database,
                        "INSERT INTO transactions(revision, id, fence) VALUES(?1, ?2, ?3)");
  open.forget.emplace(database, "DELETE FROM transactions WHERE revision <= ?1");
  Statement history(database, "SELECT revision, id, fence FROM transactions ORDER BY revision");
  while (history.step()) {
    Known known{{}, static_cast<std::uint64_t>(history.number(0))};
    const std::string_view id = history.bytes(1);
    std::copy_n(id.begin(), std::min(id.size(), known.id.size()), known.id.begin());
    open.known.push_back(known);
    open.revision = known.revision;
    open.fence = static_cast<std::uint64_t>(history.number(2));
  }
}

SqliteStore::Opened SqliteStore::open(std::chrono::milliseconds check_budget) {
  const std::lock_guard guard(mutex_);
  if (open_) throw Fault(STORM_E_INVALID, "the store is already open");
  Opened result;
  result.path = real_path(configured_path_);
  try {
    Open& open = open_.emplace(result.path, result.path + "-lock");
    const Database& database = open.database;
    result.created = is_fresh(database);
    if (sqlite3_db_readonly(database.handle(), "main") != 0) {
      throw Fault(STORM_E_DENIED, "the store " + result.path + " may only be read by this user")
          .layer(STORM_LAYER_CONFIG);
    }
    if (database.text("PRAGMA journal_mode=WAL") != "wal") {
      throw Fault(STORM_E_UNSUPPORTED,
                  "the file system of " + result.path +
                      " has no shared memory for SQLite; put the store on a local disk")
          .layer(STORM_LAYER_CONFIG);
    }
    database.run("PRAGMA synchronous=FULL; PRAGMA cell_size_check=ON; PRAGMA trusted_schema=OFF;");
    database.run(("PRAGMA journal_size_limit=" + std::to_string(kWalBytesKept)).c_str());
    database.run(("PRAGMA wal_autocheckpoint=" + std::to_string(kWalPages)).c_str());
    database.run(("PRAGMA cache_size=-" + std::to_string(kCacheBytes / 1024)).c_str());
    if (result.created) create_schema(database);
    result.check = check(database, check_budget);
    migrate(database);
    prepare(open);
    result.revision = open.revision;
  } catch (...) {
    open_.reset();
    throw;
  }
  path_ = result.path;
  return result;
}

void SqliteStore::load(std::string_view space, const TakeRow& take) const {
  std::string path;
  {
    const std::lock_guard guard(mutex_);
    path = path_;
  }
  if (path.empty()) not_open();
  // A connection of its own sees one revision for as long as its transaction lasts, and keeps
  // nobody from writing.
  const Database database(path, SQLITE_OPEN_READWRITE);
  database.run("PRAGMA query_only=ON; BEGIN");
  const auto revision =
      static_cast<std::uint64_t>(database.number("SELECT max(revision) FROM transactions"));
  Statement rows(database, "SELECT key, value, revision FROM rows WHERE space=?1 ORDER BY key");
  rows.bind(1, space);
  while (rows.step()) {
    take(sdk::row_of(space, rows.bytes(0), rows.bytes(1),
                     static_cast<std::uint64_t>(rows.number(2))),
         revision);
  }
}

void SqliteStore::write(Open& open, const sdk::Transaction& transaction, std::uint64_t revision,
                        std::uint64_t fence) {
  const auto number = static_cast<std::int64_t>(revision);
  open.database.run("BEGIN IMMEDIATE");
  for (const storm_row& row : transaction.deletes) {
    open.remove->bind(1, view(row.space)).bind(2, view(row.key)).run();
  }
  for (const storm_row& row : transaction.puts) {
    open.put->bind(1, view(row.space)).bind(2, view(row.key)).bind(3, view(row.value));
    open.put->bind(4, number).run();
  }
  open.remember->bind(1, number).bind(2, bytes_of(transaction.txn_id));
  open.remember->bind(3, static_cast<std::int64_t>(fence)).run();
  open.forget->bind(1, number - kTransactionsKept).run();
  open.database.run("COMMIT");
}

std::uint64_t SqliteStore::apply(const sdk::Transaction& transaction) {
  const std::lock_guard guard(mutex_);
  if (!open_) not_open();
  if (transaction.has_id()) {
    const auto found = std::ranges::find(open_->known, transaction.txn_id, &Known::id);
    if (found != open_->known.end()) return found->revision;
  }
  if (transaction.fence != 0 && transaction.fence < open_->fence) {
    throw Fault(STORM_E_FENCED, "the lease was taken over: fence " +
                                    std::to_string(transaction.fence) + " is older than " +
                                    std::to_string(open_->fence));
  }
  if (transaction.expect_revision != 0 && transaction.expect_revision != open_->revision) {
    throw Fault(STORM_E_CONFLICT, "the store is at revision " + std::to_string(open_->revision) +
                                      ", not " + std::to_string(transaction.expect_revision));
  }
  check_limits(transaction);

  const std::uint64_t revision = open_->revision + 1;
  const std::uint64_t fence = std::max(open_->fence, transaction.fence);
  try {
    write(*open_, transaction, revision, fence);
  } catch (const Fault& fault) {
    roll_back(open_->database);
    // Room that the write-ahead file takes may be what the next transaction needs.
    if (fault.code() == STORM_E_QUOTA) {
      sqlite3_wal_checkpoint_v2(open_->database.handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE,
                                nullptr, nullptr);
    }
    throw;
  } catch (...) {
    roll_back(open_->database);
    throw;
  }
  open_->revision = revision;
  open_->fence = fence;
  open_->known.push_back({transaction.txn_id, revision});
  if (open_->known.size() > static_cast<std::size_t>(kTransactionsKept)) open_->known.pop_front();
  return revision;
}

void SqliteStore::close() {
  const std::lock_guard guard(mutex_);
  open_.reset();
  path_.clear();
}

}  // namespace storm::sqlite
