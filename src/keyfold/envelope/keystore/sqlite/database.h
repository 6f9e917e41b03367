#pragma once
// One connection to the SQLite file of a key store. Not safe to use from several threads at once.

#include <filesystem>
#include <string_view>

#include "keyfold/core/base/result.h"
#include "keyfold/core/sqlite/handles.h"

namespace keyfold::keystore {

using sqlite::ResetAtEnd;
using sqlite::Statement;

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
  sqlite::Database database_;
  std::string name_;
};

}  // namespace keyfold::keystore
