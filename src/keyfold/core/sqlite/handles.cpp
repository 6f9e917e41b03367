#include "keyfold/core/sqlite/handles.h"

#include <algorithm>
#include <cstdint>

#include "keyfold/core/base/result.h"

namespace keyfold::sqlite {

Database open(const std::filesystem::path& file, int& failed) {
  sqlite3* raw = nullptr;
  failed = sqlite3_open_v2(file.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(raw);
  KEYFOLD_CHECK(raw != nullptr);  // Only without memory.
  sqlite3_extended_result_codes(raw, 1);
  return database;
}

std::optional<Statement> Statement::prepare(sqlite3* database, std::string_view sql) {
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v3(database, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &prepared,
                         nullptr) != SQLITE_OK)
    return std::nullopt;
  Statement statement;
  statement.statement_.reset(prepared);
  return statement;
}

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
  const auto bounded = static_cast<sqlite3_int64>(std::min<std::uint64_t>(number, INT64_MAX));
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

}  // namespace keyfold::sqlite
