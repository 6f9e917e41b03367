#pragma once
// One connection to the SQLite file of the store. Not safe to use from several threads at once.

#include <filesystem>
#include <string_view>

#include "keyfold/core/base/result.h"
#include "keyfold/core/sqlite/handles.h"

namespace keyfold::storage {

using sqlite::Statement;

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
  sqlite::Database database_;
  std::string name_;
};

}  // namespace keyfold::storage
