// Database and Statement: SQLite's C interface as two owning classes whose failures are Faults.
// A Database and its Statements belong to one thread at a time.
#pragma once
#include <sqlite3.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "storm/cpp/fault.hpp"

namespace storm::sqlite {

inline constexpr mode_t kFileMode = 0640;
inline constexpr mode_t kFolderMode = 0750;
// How long a statement waits for another program that reads or writes the file, such as a backup.
inline constexpr int kBusyTimeoutMs = 2000;

// What errno means to the operator; `doing` says what was tried and where.
sdk::Fault system_fault(int error, const std::string& doing);

class Database {
 public:
  // `flags`: SQLITE_OPEN_*.
  Database(const std::string& path, int flags);

  sqlite3* handle() const { return handle_.get(); }
  const std::string& path() const { return path_; }
  void run(const char* sql) const;
  std::int64_t number(const char* sql) const;
  std::string text(const char* sql) const;
  bool in_transaction() const { return sqlite3_get_autocommit(handle()) == 0; }
  // The Fault for the last failed call; `doing` completes "cannot ...".
  sdk::Fault fault(int code, std::string_view doing) const;

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  std::string path_;
  std::unique_ptr<sqlite3, Close> handle_;
};

// Prepared once, run many times.
class Statement {
 public:
  Statement(const Database& database, std::string_view sql);

  // `index` counts from 1. The bytes are borrowed until reset().
  Statement& bind(int index, std::string_view bytes);
  Statement& bind(int index, std::int64_t number);
  // True when there is a row.
  bool step();
  // Runs to its end and resets.
  void run();
  void reset();

  // Of the current row; `column` counts from 0. Bytes are valid until the next step.
  std::string_view bytes(int column) const;
  std::int64_t number(int column) const { return sqlite3_column_int64(handle_.get(), column); }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  void bound(int code) const;

  const Database* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

// Resets a statement on every way out, so that no cursor keeps an old revision open.
class Running {
 public:
  explicit Running(Statement& statement) : statement_(statement) {}
  ~Running() { statement_.reset(); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  Statement& statement_;
};

}  // namespace storm::sqlite
