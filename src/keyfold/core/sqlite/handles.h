#pragma once
// An SQLite connection and its statements, as values that clean up after themselves. Which error is which is for those
// to say who use them. Not safe to use from several threads at once.

#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

#include "keyfold/core/base/bytes.h"

namespace keyfold::sqlite {

struct Close {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
using Database = std::unique_ptr<sqlite3, Close>;

// A connection to a file that is there, for reading and writing, with extended error codes and without SQLite's own
// mutexes. Never null: when `failed` is not SQLITE_OK it can only be asked why (sqlite3_errmsg).
Database open(const std::filesystem::path& file, int& failed);

// A prepared statement. Parameters count from 1, columns from 0. Reset, and its parameters forgotten, by reset(). Text
// and bytes that are bound must live until then; those that are read, until the next step() or reset().
class Statement {
 public:
  Statement() = default;
  // None when SQLite does not take it: the connection knows why.
  static std::optional<Statement> prepare(sqlite3* database, std::string_view sql);

  Statement& bind(int index, std::string_view text);
  Statement& bind(int index, BytesView bytes);
  Statement& bind(int index, std::uint64_t number);      // At most INT64_MAX is bound: SQLite has no larger ones.
  int step() { return sqlite3_step(statement_.get()); }  // SQLITE_ROW, SQLITE_DONE, or an extended error code.
  void reset();
  std::string_view text(int column) const;
  BytesView bytes(int column) const;
  std::int64_t number(int column) const { return sqlite3_column_int64(statement_.get(), column); }

 private:
  struct Free {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Free> statement_;
};

// Resets a statement when what was begun with it ends, however that is.
class ResetAtEnd {
 public:
  explicit ResetAtEnd(Statement& statement) : statement_(statement) {}
  ~ResetAtEnd() { statement_.reset(); }
  ResetAtEnd(const ResetAtEnd&) = delete;
  ResetAtEnd& operator=(const ResetAtEnd&) = delete;

 private:
  Statement& statement_;
};

}  // namespace keyfold::sqlite
