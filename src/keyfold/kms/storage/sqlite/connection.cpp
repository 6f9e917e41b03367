#include "keyfold/kms/storage/sqlite/connection.h"

#include <system_error>

#include "keyfold/core/base/try.h"

namespace keyfold::storage {

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

Statement& Statement::bind(int index, std::uint64_t number) {
  KEYFOLD_CHECK(sqlite3_bind_int64(statement_.get(), index, static_cast<sqlite3_int64>(number)) == SQLITE_OK);
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

std::uint64_t Statement::number(int column) const {
  return static_cast<std::uint64_t>(sqlite3_column_int64(statement_.get(), column));
}

Result<Connection> Connection::open(const std::filesystem::path& file) {
  Connection connection;
  connection.name_ = file.string();
  sqlite3* database = nullptr;
  // Without SQLite's own mutexes: whoever holds the connection has one.
  const int failed = sqlite3_open_v2(file.c_str(), &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  connection.database_.reset(database);
  KEYFOLD_CHECK(database != nullptr);  // Only without memory.
  sqlite3_extended_result_codes(database, 1);
  if (failed != SQLITE_OK) return connection.error("cannot open");
  // SQLite would fall back to reading, and the first change would be the first to hear of it.
  if (sqlite3_db_readonly(database, "main") == 1) return Error{ErrorCode::io, connection.name_ + ": may only be read"};
  return connection;
}

Result<Statement> Connection::prepare(std::string_view sql) {
  Statement statement;
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v3(raw(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &prepared,
                         nullptr) != SQLITE_OK)
    return error("cannot read");
  statement.statement_.reset(prepared);
  return statement;
}

Result<std::uint64_t> Connection::number(std::string_view sql) {
  TRY_ASSIGN(auto statement, prepare(sql));
  if (statement.step() != SQLITE_ROW) return error("cannot read");
  return statement.number(0);
}

Error Connection::error(std::string_view doing) const {
  sqlite3* database = database_.get();
  std::string message = std::string(doing) + " " + name_ + ": " + sqlite3_errmsg(database);
  if (const int os = sqlite3_system_errno(database); os != 0 && sqlite3_errcode(database) != SQLITE_CONSTRAINT)
    message += " (" + std::generic_category().message(os) + ")";
  const int code = sqlite3_errcode(database) & 0xff;
  return {code == SQLITE_CORRUPT || code == SQLITE_NOTADB ? ErrorCode::corrupt : ErrorCode::io, std::move(message)};
}

}  // namespace keyfold::storage
