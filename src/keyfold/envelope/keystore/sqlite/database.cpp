#include "keyfold/envelope/keystore/sqlite/database.h"

#include "keyfold/core/base/try.h"

namespace keyfold::keystore {
namespace {

// Wait for somebody else's transaction this long before giving up.
constexpr int busy_timeout_ms = 5000;

}  // namespace

Statement& Statement::bind(int index, std::string_view text) {
  // A null pointer would bind NULL, and an empty view may have one.
  const char* data = text.empty() ? "" : text.data();
  KEYFOLD_CHECK(sqlite3_bind_text64(statement_.get(), index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8) ==
                SQLITE_OK);
  return *this;
}

Statement& Statement::bind(int index, BytesView bytes) {
  const void* data = bytes.empty() ? static_cast<const void*>("") : bytes.data();
  KEYFOLD_CHECK(sqlite3_bind_blob64(statement_.get(), index, data, bytes.size(), SQLITE_STATIC) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind(int index, std::size_t number) {
  const auto bounded = static_cast<sqlite3_int64>(std::min<std::size_t>(number, INT64_MAX));
  KEYFOLD_CHECK(sqlite3_bind_int64(statement_.get(), index, bounded) == SQLITE_OK);
  return *this;
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

std::string_view Statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  return {data == nullptr ? "" : data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

BytesView Statement::bytes(int column) const {
  const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(statement_.get(), column));
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

Result<Database> Database::open(const std::filesystem::path& file) {
  Database database;
  database.name_ = file.string();
  sqlite3* raw = nullptr;
  // Without SQLite's own mutexes: whoever holds the connection has one.
  const int failed = sqlite3_open_v2(file.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  database.database_.reset(raw);
  KEYFOLD_CHECK(raw != nullptr);  // Only without memory.
  sqlite3_extended_result_codes(raw, 1);
  if (failed != SQLITE_OK) return database.error();
  sqlite3_busy_timeout(raw, busy_timeout_ms);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  return database;
}

Outcome Database::run(const char* sql) {
  if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) return error();
  return ok();
}

Result<Statement> Database::prepare(std::string_view sql) {
  Statement statement;
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                         &prepared, nullptr) != SQLITE_OK)
    return error();
  statement.statement_.reset(prepared);
  return statement;
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
