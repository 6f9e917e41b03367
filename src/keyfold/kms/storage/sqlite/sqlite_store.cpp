// The store in one SQLite file. One connection under one mutex: reads are rare, because what is asked often is served
// from snapshots in memory.

#include <mutex>

#include "keyfold/core/base/try.h"
#include "keyfold/kms/storage/sqlite/connection.h"
#include "keyfold/kms/storage/sqlite/schema.h"
#include "keyfold/kms/storage/store.h"
#include "keyfold/kms/storage/transaction.h"

namespace keyfold::storage {
namespace {

// Wait for somebody else's transaction (a backup, a person with sqlite3) this long before giving up.
constexpr int busy_timeout_ms = 5000;
// Copied back into the file when the log has grown to this: 4 MiB, SQLite's own default.
constexpr int log_pages_max = 1000;

// Checkpoints are ours to make (wal_autocheckpoint = 0): SQLite's own drops their errors, and a failed fsync must not
// be dropped.
constexpr const char* settings =
    "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 0; PRAGMA trusted_schema = OFF;"
    "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;";

class SqliteStore final : public Store {
 public:
  static Result<std::unique_ptr<Store>> open(const std::filesystem::path& file);

  Result<std::optional<Record>> get(std::string_view name) override;
  Result<std::vector<Record>> scan(std::string_view prefix, std::string_view after, std::size_t limit) override;
  Result<std::uint64_t> commit(std::span<const Condition> conditions, std::span<const Write> writes) override;
  Result<std::uint64_t> revision() override;
  Outcome truncate_log() override;

 private:
  Outcome set_up(const std::filesystem::path& file);
  Outcome usable() const;
  Error failed(std::string_view doing);
  Result<std::uint64_t> read_revision();
  Result<std::uint64_t> version_of(std::string_view name);
  Outcome check(std::span<const Condition> conditions, std::uint64_t revision);
  Outcome apply(std::span<const Write> writes, std::uint64_t revision);
  Outcome run(Statement& statement, std::string_view doing);
  Result<std::uint64_t> commit_locked(std::span<const Condition> conditions, std::span<const Write> writes);
  Error roll_back(Error because);
  Outcome checkpoint(int mode);

  std::mutex mutex_;
  std::optional<std::string> broken_;  // Why every further call is refused.
  int log_pages_ = 0;
  Connection connection_;  // Before the statements, which must go first.
  Statement begin_, commit_, rollback_, get_, scan_, scan_to_end_, version_, put_, remove_, read_revision_,
      write_revision_;
};

Result<std::unique_ptr<Store>> SqliteStore::open(const std::filesystem::path& file) {
  TRY(make_sqlite_file(file));
  TRY(check_sqlite_file(file));
  auto store = std::make_unique<SqliteStore>();
  TRY(store->set_up(file));
  return std::unique_ptr<Store>(std::move(store));
}

Outcome SqliteStore::set_up(const std::filesystem::path& file) {
  TRY_ASSIGN(connection_, Connection::open(file));
  sqlite3* raw = connection_.raw();
  sqlite3_busy_timeout(raw, busy_timeout_ms);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  if (connection_.run(settings) != SQLITE_OK) return failed("cannot open");
  {
    TRY_ASSIGN(auto mode, connection_.prepare("PRAGMA journal_mode = WAL"));
    if (mode.step() != SQLITE_ROW) return failed("cannot open");
    if (mode.text(0) != "wal") return Error{ErrorCode::io, "no write-ahead log can be kept beside " + file.string()};
  }
  sqlite3_wal_hook(
      raw, [](void* pages, sqlite3*, const char*, int count) { return *static_cast<int*>(pages) = count, SQLITE_OK; },
      &log_pages_);
  const std::initializer_list<std::pair<Statement*, std::string_view>> statements = {
      {&begin_, "BEGIN IMMEDIATE"},
      {&commit_, "COMMIT"},
      {&rollback_, "ROLLBACK"},
      {&get_, "SELECT name, version, value FROM record WHERE name = ?1"},
      {&scan_,
       "SELECT name, version, value FROM record WHERE name >= ?1 AND name > ?2 AND name < ?4 ORDER BY name LIMIT ?3"},
      {&scan_to_end_, "SELECT name, version, value FROM record WHERE name >= ?1 AND name > ?2 ORDER BY name LIMIT ?3"},
      {&version_, "SELECT version FROM record WHERE name = ?1"},
      {&put_, "INSERT INTO record VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE SET version = ?2, value = ?3"},
      {&remove_, "DELETE FROM record WHERE name = ?1"},
      {&read_revision_, "SELECT revision FROM store"},
      {&write_revision_, "UPDATE store SET revision = ?1"}};
  for (const auto& [statement, sql] : statements) {
    TRY_ASSIGN(*statement, connection_.prepare(sql));
  }
  TRY(read_revision());
  // Finishes a destruction that a crash cut short (see truncate_log). Somebody reading just now must not keep us from
  // starting.
  if (const auto done = checkpoint(SQLITE_CHECKPOINT_TRUNCATE); !done && done.error().code != ErrorCode::unavailable)
    return done.error();
  return ok();
}

Outcome SqliteStore::usable() const {
  if (!broken_) return ok();
  return Error{ErrorCode::io, "the store refuses to go on until it is opened anew, because earlier: " + *broken_};
}

// The error that just happened. If it may have left the file or our view of it in a state that we do not know, it is
// the last.
Error SqliteStore::failed(std::string_view doing) {
  const int code = sqlite3_extended_errcode(connection_.raw());
  Error error = connection_.error(doing);
  const int kind = code & 0xff;
  const bool harmless = kind == SQLITE_BUSY || kind == SQLITE_FULL || kind == SQLITE_READONLY ||
                        kind == SQLITE_CANTOPEN || code == SQLITE_IOERR_WRITE || code == SQLITE_IOERR_NOMEM ||
                        kind == SQLITE_NOMEM;
  if (!harmless) broken_ = error.message;
  return error;
}

Outcome SqliteStore::run(Statement& statement, std::string_view doing) {
  const int code = statement.step();
  if (code == SQLITE_DONE) return statement.reset(), ok();
  Error error = failed(doing);
  statement.reset();
  return error;
}

Result<std::uint64_t> SqliteStore::read_revision() {
  if (read_revision_.step() != SQLITE_ROW) {
    Error error = failed("cannot read");
    read_revision_.reset();
    return error;
  }
  const auto revision = static_cast<std::uint64_t>(read_revision_.number(0));
  read_revision_.reset();
  return revision;
}

Result<std::uint64_t> SqliteStore::version_of(std::string_view name) {
  const int code = version_.bind(1, name).step();
  Result<std::uint64_t> version = std::uint64_t{0};
  if (code == SQLITE_ROW) version = static_cast<std::uint64_t>(version_.number(0));
  if (code != SQLITE_ROW && code != SQLITE_DONE) version = failed("cannot read");
  version_.reset();
  return version;
}

Record record_of(const Statement& row) {
  const auto value = row.bytes(2);
  return {.name = std::string(row.text(0)),
          .version = static_cast<std::uint64_t>(row.number(1)),
          .value = Bytes(value.begin(), value.end())};
}

Result<std::optional<Record>> SqliteStore::get(std::string_view name) {
  const std::lock_guard lock(mutex_);
  TRY(usable());
  const int code = get_.bind(1, name).step();
  std::optional<Record> found;
  if (code == SQLITE_ROW) found = record_of(get_);
  if (code != SQLITE_ROW && code != SQLITE_DONE) {
    Error error = failed("cannot read");
    get_.reset();
    return error;
  }
  get_.reset();
  return found;
}

Result<std::vector<Record>> SqliteStore::scan(std::string_view prefix, std::string_view after, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  TRY(usable());
  const std::string end = end_of_prefix(prefix);
  auto& statement = end.empty() ? scan_to_end_ : scan_;
  statement.bind(1, prefix).bind(2, after).bind(3, std::min<std::uint64_t>(limit, INT64_MAX));
  if (!end.empty()) statement.bind(4, end);
  std::vector<Record> found;
  int code = SQLITE_ROW;
  while ((code = statement.step()) == SQLITE_ROW) found.push_back(record_of(statement));
  if (code != SQLITE_DONE) {
    Error error = failed("cannot read");
    statement.reset();
    return error;
  }
  statement.reset();
  return found;
}

Outcome SqliteStore::check(std::span<const Condition> conditions, std::uint64_t revision) {
  for (const auto& condition : conditions) {
    std::uint64_t actual = revision;
    if (!condition.name.empty()) {
      TRY_ASSIGN(actual, version_of(condition.name));
    }
    if (actual != condition.version) return conflict_of(condition, actual);
  }
  return ok();
}

Outcome SqliteStore::apply(std::span<const Write> writes, std::uint64_t revision) {
  for (const auto& write : writes) {
    if (write.value)
      TRY(run(put_.bind(1, write.name).bind(2, revision).bind(3, *write.value), "cannot write"));
    else
      TRY(run(remove_.bind(1, write.name), "cannot write"));
  }
  return run(write_revision_.bind(1, revision), "cannot write");
}

Result<std::uint64_t> SqliteStore::commit(std::span<const Condition> conditions, std::span<const Write> writes) {
  TRY(check_writes(writes));
  const std::lock_guard lock(mutex_);
  TRY(usable());
  TRY_ASSIGN(const auto revision, commit_locked(conditions, writes));
  // What was just committed stands, whatever becomes of the checkpoint: if it fails badly, the next call is refused.
  if (log_pages_ >= log_pages_max) (void)checkpoint(SQLITE_CHECKPOINT_PASSIVE);
  return revision;
}

Result<std::uint64_t> SqliteStore::commit_locked(std::span<const Condition> conditions, std::span<const Write> writes) {
  TRY(run(begin_, "cannot write"));
  const auto now = read_revision();
  if (!now) return roll_back(now.error());
  if (const auto holds = check(conditions, *now); !holds) return roll_back(holds.error());
  const std::uint64_t revision = *now + (writes.empty() ? 0 : 1);
  if (!writes.empty()) {
    if (const auto written = apply(writes, revision); !written) return roll_back(written.error());
  }
  if (const auto done = run(commit_, "cannot write"); !done) return roll_back(done.error());
  return revision;
}

Error SqliteStore::roll_back(Error because) {
  // After some errors SQLite has rolled back by itself.
  if (sqlite3_get_autocommit(connection_.raw()) != 0) return because;
  if (rollback_.step() != SQLITE_DONE && !broken_) broken_ = connection_.error("cannot roll back").message;
  rollback_.reset();
  return because;
}

Result<std::uint64_t> SqliteStore::revision() {
  const std::lock_guard lock(mutex_);
  TRY(usable());
  return read_revision();
}

Outcome SqliteStore::truncate_log() {
  const std::lock_guard lock(mutex_);
  TRY(usable());
  return checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
}

Outcome SqliteStore::checkpoint(int mode) {
  const int code = sqlite3_wal_checkpoint_v2(connection_.raw(), "main", mode, nullptr, nullptr);
  if (code == SQLITE_OK) {
    log_pages_ = 0;  // Until the hook says otherwise.
    return ok();
  }
  if ((code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED)
    return Error{ErrorCode::unavailable, "somebody is reading the store's file; its log cannot be truncated just now"};
  return failed("cannot copy the log into");
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(const std::filesystem::path& file) { return SqliteStore::open(file); }

}  // namespace keyfold::storage
