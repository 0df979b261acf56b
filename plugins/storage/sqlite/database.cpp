#include "database.hpp"

#include <cerrno>
#include <system_error>

namespace storm::sqlite {
namespace {

bool no_room(int error) { return error == ENOSPC || error == EDQUOT; }

}  // namespace

sdk::Fault system_fault(int error, const std::string& doing) {
  const std::string message = doing + ": " + std::generic_category().message(error);
  if (no_room(error)) {
    return sdk::Fault(STORM_E_QUOTA, message).retry(STORM_RETRY_LATER);
  }
  switch (error) {
    case EACCES:
    case EPERM:
    case EROFS:
      return sdk::Fault(STORM_E_DENIED, message).layer(STORM_LAYER_CONFIG);
    case ENOTDIR:
    case ENAMETOOLONG:
    case ELOOP:
    case EISDIR:
      return sdk::Fault(STORM_E_INVALID, message).layer(STORM_LAYER_CONFIG);
    default:
      return sdk::Fault(STORM_E_UNAVAILABLE, message).retry(STORM_RETRY_LATER);
  }
}

Database::Database(const std::string& path, int flags) : path_(path) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_EXRESCODE, nullptr);
  handle_.reset(raw);
  if (code != SQLITE_OK) throw fault(code, "open");
  sqlite3_busy_timeout(raw, kBusyTimeoutMs);
}

sdk::Fault Database::fault(int code, std::string_view doing) const {
  const std::string where = "cannot " + std::string(doing) + " the store " + path_ + ": ";
  const std::string reason = handle_ ? sqlite3_errmsg(handle()) : sqlite3_errstr(code);
  const int primary = code & 0xff;
  const bool system = primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN;
  const int error = system && handle_ ? sqlite3_system_errno(handle()) : 0;
  if (primary == SQLITE_FULL || no_room(error)) {
    return sdk::Fault(STORM_E_QUOTA,
                      where + "the disk is full; nothing was changed, free some space")
        .retry(STORM_RETRY_LATER)
        .provider_code(sqlite3_errstr(code));
  }
  switch (primary) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return sdk::Fault(STORM_E_BUSY, where + "another program keeps it locked")
          .retry(STORM_RETRY_LATER);
    case SQLITE_NOTADB:
      return sdk::Fault(STORM_E_CORRUPT,
                        where +
                            "the file is not a SQLite database; move it away or name another "
                            "path")
          .layer(STORM_LAYER_CONFIG);
    case SQLITE_CORRUPT:
      return sdk::Fault(STORM_E_CORRUPT,
                        where + "the file is damaged (" + reason +
                            "); restore a backup, or move it away to start with an empty store");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return sdk::Fault(STORM_E_DENIED, where + reason).layer(STORM_LAYER_CONFIG);
    case SQLITE_TOOBIG:
      return sdk::Fault(STORM_E_INVALID, where + reason);
    default:
      break;
  }
  if (error != 0) return system_fault(error, where + reason);
  return sdk::Fault(STORM_E_UNAVAILABLE, where + reason)
      .retry(STORM_RETRY_LATER)
      .provider_code(sqlite3_errstr(code));
}

void Database::run(const char* sql) const {
  const int code = sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw fault(code, "read or write");
}

std::int64_t Database::number(const char* sql) const {
  Statement statement(*this, sql);
  return statement.step() ? statement.number(0) : 0;
}

std::string Database::text(const char* sql) const {
  Statement statement(*this, sql);
  return statement.step() ? std::string(statement.bytes(0)) : std::string();
}

Statement::Statement(const Database& database, std::string_view sql) : database_(&database) {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v3(database.handle(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  handle_.reset(raw);
  if (code != SQLITE_OK) throw database.fault(code, "read or write");
}

void Statement::bound(int code) const {
  if (code != SQLITE_OK) throw database_->fault(code, "read or write");
}

Statement& Statement::bind(int index, std::string_view bytes) {
  // A null pointer would bind NULL, not an empty value.
  const char* at = bytes.empty() ? "" : bytes.data();
  bound(sqlite3_bind_blob64(handle_.get(), index, at, bytes.size(), SQLITE_STATIC));
  return *this;
}

Statement& Statement::bind(int index, std::int64_t number) {
  bound(sqlite3_bind_int64(handle_.get(), index, number));
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  throw database_->fault(code, "read or write");
}

void Statement::run() {
  const Running running(*this);
  while (step()) {
  }
}

void Statement::reset() { sqlite3_reset(handle_.get()); }

std::string_view Statement::bytes(int column) const {
  const auto* at = static_cast<const char*>(sqlite3_column_blob(handle_.get(), column));
  const int length = sqlite3_column_bytes(handle_.get(), column);
  return length == 0 ? std::string_view() : std::string_view(at, static_cast<std::size_t>(length));
}

}  // namespace storm::sqlite
