#include "keyfold/envelope/keystore/sqlite/create_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "keyfold/core/base/random.h"
#include "keyfold/core/base/try.h"
#include "keyfold/envelope/keystore/sqlite/database.h"

namespace keyfold::keystore {
namespace {

// Texts are compared as bytes (BINARY). docs/formats/branch-key-records.md says what is in the columns.
constexpr const char* schema =
    "PRAGMA synchronous = FULL;"
    "BEGIN;"
    "CREATE TABLE branch_key_store (only_one INTEGER PRIMARY KEY CHECK (only_one = 1), logical_name TEXT NOT NULL);"
    "CREATE TABLE branch_key (branch_key_id TEXT NOT NULL, type TEXT NOT NULL, version TEXT NOT NULL,"
    " create_time TEXT NOT NULL, kms_arn TEXT NOT NULL, hierarchy_version TEXT NOT NULL, attributes BLOB NOT NULL,"
    " enc BLOB NOT NULL, PRIMARY KEY (branch_key_id, type));"
    "PRAGMA application_id = 1262895691;"
    "PRAGMA user_version = 1;"
    "COMMIT;";
static_assert(sqlite_application_id == 1262895691 && sqlite_schema_version == 1, "as the statements above say");

Error os_error(std::string_view doing, const std::filesystem::path& file) {
  return {ErrorCode::io, std::string(doing) + " " + file.string() + ": " + std::generic_category().message(errno)};
}

Outcome sync_folder_of(const std::filesystem::path& file) {
  const auto folder = file.has_parent_path() ? file.parent_path() : ".";
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return os_error("cannot open", folder);
  const bool synced = fsync(fd) == 0;
  close(fd);
  return synced ? ok() : Outcome(os_error("cannot sync", folder));
}

// When it is done, everything is in the file itself, and synced.
Outcome fill(const std::filesystem::path& file, const std::string& logical_name) {
  TRY_ASSIGN(auto database, Database::open(file));
  TRY(database.run(schema));
  TRY_ASSIGN(auto name, database.prepare("INSERT INTO branch_key_store VALUES (1, ?1)"));
  if (name.bind(1, logical_name).step() != SQLITE_DONE) return database.error();
  // Not before: what is in a write-ahead log comes into the file only when the database is closed, and whether that
  // fails nobody hears.
  TRY_ASSIGN(auto log, database.prepare("PRAGMA journal_mode = WAL"));
  if (log.step() != SQLITE_ROW || log.text(0) != "wal" || log.step() != SQLITE_DONE) return database.error();
  return ok();
}

}  // namespace

Outcome create_sqlite_file(const std::filesystem::path& file, const std::string& logical_name) {
  SystemRandom random;
  const std::filesystem::path unfinished = file.string() + "." + to_hex(random.bytes<8>()) + ".new";
  const int fd = ::open(unfinished.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return os_error("cannot create", unfinished);
  close(fd);
  auto filled = fill(unfinished, logical_name);
  // Unlike rename(), never in the place of a file that is there.
  if (filled && link(unfinished.c_str(), file.c_str()) != 0 && errno != EEXIST) filled = os_error("cannot name", file);
  for (const char* part : {"", "-journal", "-wal", "-shm"}) unlink((unfinished.string() + part).c_str());
  TRY(std::move(filled));
  return sync_folder_of(file);
}

}  // namespace keyfold::keystore
