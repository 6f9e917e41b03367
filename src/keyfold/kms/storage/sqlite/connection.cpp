#include "keyfold/kms/storage/sqlite/connection.h"

#include <system_error>

#include "keyfold/core/base/try.h"

namespace keyfold::storage {

Result<Connection> Connection::open(const std::filesystem::path& file) {
  Connection connection;
  connection.name_ = file.string();
  int failed = SQLITE_OK;
  connection.database_ = sqlite::open(file, failed);
  if (failed != SQLITE_OK) return connection.error("cannot open");
  // SQLite would fall back to reading, and the first change would be the first to hear of it.
  if (sqlite3_db_readonly(connection.raw(), "main") == 1)
    return Error{ErrorCode::io, connection.name_ + ": may only be read"};
  return connection;
}

Result<Statement> Connection::prepare(std::string_view sql) {
  auto statement = Statement::prepare(raw(), sql);
  if (!statement) return error("cannot read");
  return *std::move(statement);
}

Result<std::uint64_t> Connection::number(std::string_view sql) {
  TRY_ASSIGN(auto statement, prepare(sql));
  if (statement.step() != SQLITE_ROW) return error("cannot read");
  return static_cast<std::uint64_t>(statement.number(0));
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
