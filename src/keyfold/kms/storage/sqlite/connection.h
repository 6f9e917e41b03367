#pragma once
// One connection to an SQLite file and its statements, as values that clean up after themselves. Not safe to use from
// several threads at once.

#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <string_view>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/result.h"

namespace keyfold::storage {

// A prepared statement. Parameters count from 1, columns from 0. Reset, and its parameters forgotten, by reset() and
// when it is bound anew. Text and bytes that are bound must live until then.
class Statement {
 public:
  Statement() = default;
  Statement& bind(int index, std::string_view text);
  Statement& bind(int index, BytesView bytes);
  Statement& bind(int index, std::uint64_t number);
  // SQLITE_ROW, SQLITE_DONE, or an extended error code.
  int step() { return sqlite3_step(statement_.get()); }
  void reset();
  std::string_view text(int column) const;
  BytesView bytes(int column) const;
  std::uint64_t number(int column) const;

 private:
  friend class Connection;
  struct Free {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Free> statement_;
};

class Connection {
 public:
  static Result<Connection> open(const std::filesystem::path& file);
  // Runs statements without results. SQLITE_OK or an extended error code.
  int run(const char* sql) { return sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr); }
  Result<Statement> prepare(std::string_view sql);
  // The one number that `sql` selects.
  Result<std::uint64_t> number(std::string_view sql);
  // What went wrong last, with the file's name.
  Error error(std::string_view doing) const;
  sqlite3* raw() { return database_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  std::unique_ptr<sqlite3, Close> database_;
  std::string name_;
};

}  // namespace keyfold::storage
