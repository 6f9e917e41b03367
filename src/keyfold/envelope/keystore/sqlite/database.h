#pragma once
// One connection to an SQLite file and its statements, as values that clean up after themselves. Not safe to use from
// several threads at once.

#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <string_view>

#include "keyfold/core/base/bytes.h"

namespace keyfold::keystore {

// A prepared statement. Parameters count from 1, columns from 0; what is bound must live until reset().
class Statement {
 public:
  Statement() = default;
  Statement& bind(int index, std::string_view text);
  Statement& bind(int index, BytesView bytes);
  Statement& bind(int index, std::size_t number);
  int step() { return sqlite3_step(statement_.get()); }  // SQLITE_ROW, SQLITE_DONE, or an extended error code.
  void reset();
  std::string_view text(int column) const;
  BytesView bytes(int column) const;
  std::int64_t number(int column) const { return sqlite3_column_int64(statement_.get(), column); }

 private:
  friend class Database;
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

class Database {
 public:
  // Of a file that is there. Fails with `io`, or `invalid_input` when it is no database.
  static Result<Database> open(const std::filesystem::path& file);
  Outcome run(const char* sql);  // Statements without results.
  Result<Statement> prepare(std::string_view sql);
  // What went wrong last, with the file's name: `unavailable` when somebody else holds the file for too long, `corrupt`
  // when it is damaged, else `io`.
  Error error() const;
  int changes() const { return sqlite3_changes(database_.get()); }
  bool is_in_transaction() const { return sqlite3_get_autocommit(database_.get()) == 0; }

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  std::unique_ptr<sqlite3, Close> database_;
  std::string name_;
};

}  // namespace keyfold::keystore
