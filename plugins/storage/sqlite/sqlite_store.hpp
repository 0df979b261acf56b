// SqliteStore: rows of (space, key) -> value in one SQLite file, in write-ahead mode with a sync at
// every commit, so what apply() returned outlives the machine. Owns the file for as long as it is
// open: a second store on it, in any process, is refused.
//
// Threads: apply() and close() are serialised inside; load() reads at one revision on a connection
// of its own, beside any of them. Every failure is a Fault and leaves the store as it was.
//
//   rows          (space, key) -> value, revision of the transaction that wrote it; in the order of
//                 their coming, with an index over space and key
//   transactions  revision -> id, highest fence; the last kTransactionsKept of them
#pragma once
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "database.hpp"
#include "file_lock.hpp"
#include "storm/cpp/storage.hpp"

namespace storm::sqlite {

inline constexpr std::size_t kSpaceBytesMax = 64;
inline constexpr std::size_t kKeyBytesMax = 512;
inline constexpr std::size_t kValueBytesMax = std::size_t{64} << 20;
inline constexpr std::size_t kRowsPerTransactionMax = 100'000;
// A transaction that is repeated within so many later ones is recognised.
inline constexpr std::int64_t kTransactionsKept = 1000;
// The longest that open() looks for damage.
inline constexpr std::chrono::milliseconds kCheckBudget{250};
// The write-ahead file is folded into the database when it has so many pages, so that a page which
// is written by several transactions is folded once; so much of it is left then.
inline constexpr std::int64_t kWalPages = 8000;
inline constexpr std::int64_t kWalBytesKept = 32 << 20;
// Of pages in memory: the index of a million rows, nearly.
inline constexpr std::int64_t kCacheBytes = 32 << 20;

// In the file's header, for file(1) and for us.
inline constexpr std::int64_t kApplicationId = 0x53544f52;  // "STOR"
inline constexpr std::int64_t kFormatVersion = 2;           // user_version

class SqliteStore {
 public:
  enum class Check { Passed, CutShort };
  struct Opened {
    std::string path;  // without symbolic links
    std::uint64_t revision = 0;
    bool created = false;
    Check check = Check::Passed;
  };
  using TakeRow = std::function<void(const storm_row& row, std::uint64_t store_revision)>;

  explicit SqliteStore(std::string path) : configured_path_(std::move(path)) {}

  Opened open(std::chrono::milliseconds check_budget = kCheckBudget);
  // In key order. A Fault thrown by `take` ends the listing.
  void load(std::string_view space, const TakeRow& take) const;
  // Deletes first, then puts in their order. Answers the transaction's revision.
  std::uint64_t apply(const sdk::Transaction& transaction);
  void close();

 private:
  using TransactionId = std::array<std::uint8_t, 16>;
  struct Known {
    TransactionId id;
    std::uint64_t revision;
  };
  // Everything that exists only while the store is open; taken apart in reverse order.
  struct Open {
    Open(const std::string& path, const std::string& lock_path);
    FileLock lock;
    Database database;
    std::optional<Statement> put, remove, remember, forget;
    std::uint64_t revision = 0;
    std::uint64_t fence = 0;
    std::deque<Known> known;
  };

  static void prepare(Open& open);
  static void write(Open& open, const sdk::Transaction& transaction, std::uint64_t revision,
                    std::uint64_t fence);

  const std::string configured_path_;
  mutable std::mutex mutex_;
  std::optional<Open> open_;  // Guarded by mutex_.
  std::string path_;          // Guarded by mutex_; empty while closed.
};

}  // namespace storm::sqlite
