#include "keyfold/envelope/keystore/sqlite/database.h"

#include "keyfold/core/base/try.h"

namespace keyfold::keystore {
namespace {

// Wait for somebody else's transaction this long before giving up.
constexpr int busy_timeout_ms = 5000;

}  // namespace

Result<Database> Database::open(const std::filesystem::path& file) {
  Database database;
  database.name_ = file.string();
  int failed = SQLITE_OK;
  database.database_ = sqlite::open(file, failed);
  if (failed != SQLITE_OK) return database.error();
  sqlite3_busy_timeout(database.database_.get(), busy_timeout_ms);
  sqlite3_db_config(database.database_.get(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  return database;
}

Outcome Database::run(const char* sql) {
  if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) return error();
  return ok();
}

Result<Statement> Database::prepare(std::string_view sql) {
  auto statement = Statement::prepare(database_.get(), sql);
  if (!statement) return error();
  return *std::move(statement);
}

Error Database::error() const {
  std::string message = "the key store " + name_ + ": " + sqlite3_errmsg(database_.get());
  switch (sqlite3_errcode(database_.get()) & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorCode::unavailable, std::move(message)};
    case SQLITE_CORRUPT:
      return {ErrorCode::corrupt, std::move(message)};
    case SQLITE_NOTADB:
      return {ErrorCode::invalid_input, std::move(message)};
    case SQLITE_PERM:
    case SQLITE_READONLY:
      return {ErrorCode::access_denied, std::move(message)};
    default:
      return {ErrorCode::io, std::move(message)};
  }
}

}  // namespace keyfold::keystore
