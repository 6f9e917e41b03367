#include "keyfold/kms/storage/sqlite/schema.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/try.h"
#include "keyfold/kms/storage/data_directory.h"
#include "keyfold/kms/storage/os_error.h"
#include "keyfold/kms/storage/sqlite/connection.h"

namespace keyfold::storage {
namespace {

// `name` in TEXT, so that a person with sqlite3 can read it; compared as bytes. Values of some KiB: an ordinary table
// keeps them in its leaves, one WITHOUT ROWID would spill each above 1 KiB to a page of its own.
constexpr const char* schema =
    "BEGIN;"
    "CREATE TABLE record (name TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, value BLOB NOT NULL);"
    "CREATE TABLE store (only INTEGER PRIMARY KEY CHECK (only = 0), revision INTEGER NOT NULL);"
    "INSERT INTO store VALUES (0, 0);"
    "PRAGMA application_id = 1262899020;"
    "PRAGMA user_version = 1;"
    "COMMIT;"
    "PRAGMA journal_mode = WAL;";
static_assert(application_id == 1262899020 && schema_version == 1, "as the statements above say");

Outcome create_private_file(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return os_error("cannot create", file);
  close(fd);
  return ok();
}

}  // namespace

Outcome make_sqlite_file(const std::filesystem::path& file) {
  if (access(file.c_str(), F_OK) == 0) return ok();
  if (errno != ENOENT) return os_error("cannot look at", file);
  const std::filesystem::path unfinished = file.string() + ".new";
  for (const char* part : {"", "-journal", "-wal", "-shm"}) unlink((unfinished.string() + part).c_str());
  TRY(create_private_file(unfinished));
  {
    TRY_ASSIGN(auto connection, Connection::open(unfinished));
    if (connection.run(schema) != SQLITE_OK) return connection.error("cannot set up");
  }  // Closed: everything is in the file itself, and synced.
  if (rename(unfinished.c_str(), file.c_str()) != 0) return os_error("cannot name", file);
  return sync_directory(file.has_parent_path() ? file.parent_path() : ".");
}

Outcome check_sqlite_file(const std::filesystem::path& file) {
  struct stat status{};
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return os_error("cannot open", file);
  Bytes header(100);
  const bool regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  const ssize_t size = regular ? pread(fd, header.data(), header.size(), 0) : 0;
  close(fd);
  if (size < 0) return os_error("cannot read", file);
  // https://www.sqlite.org/fileformat.html, "The Database Header".
  Reader in(header);
  TRY_ASSIGN(const auto magic, in.bytes(16));
  TRY(in.bytes(44));
  TRY_ASSIGN(const auto version, in.u32());
  TRY(in.bytes(4));
  TRY_ASSIGN(const auto application, in.u32());
  if (static_cast<std::size_t>(size) != header.size() || as_text(magic) != std::string_view("SQLite format 3\0", 16) ||
      application != application_id)
    return Error{ErrorCode::invalid_input, file.string() + " is not a keyfold store"};
  if (version != schema_version)
    return Error{ErrorCode::invalid_input, file.string() + " was written by " +
                                               (version > schema_version ? "a newer" : "an unfinished") +
                                               " keyfold (schema " + std::to_string(version) + "; this one knows " +
                                               std::to_string(schema_version) + ")"};
  return ok();
}

}  // namespace keyfold::storage
