#include "keyfold/envelope/keystore/sqlite/sqlite_records.h"

#include <sys/stat.h>

#include <cerrno>
#include <mutex>
#include <system_error>

#include "keyfold/core/base/try.h"
#include "keyfold/envelope/keystore/sqlite/create_file.h"
#include "keyfold/envelope/keystore/sqlite/database.h"

namespace keyfold::keystore {
namespace {

constexpr const char* settings =
    "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
    "PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;";

// A record whose name somebody made a BLOB is found under no name. A scan leaves it out: it could not go on after it.
#define KEYFOLD_SELECT "SELECT * FROM branch_key WHERE typeof(branch_key_id) = 'text' AND typeof(type) = 'text' AND "
constexpr const char* scan_sql =
    KEYFOLD_SELECT "(branch_key_id, type) > (?1, ?2) ORDER BY branch_key_id, type LIMIT ?3";
constexpr const char* scan_active_sql =
    KEYFOLD_SELECT "branch_key_id > ?1 AND type = ?2 ORDER BY branch_key_id LIMIT ?3";
#undef KEYFOLD_SELECT

// Of the row that the statement stands on, until its next step.
RecordRow row_of(const Statement& row) {
  return {.branch_key_id = row.text(0),
          .type = row.text(1),
          .version = row.text(2),
          .create_time = row.text(3),
          .kms_arn = row.text(4),
          .hierarchy_version = row.text(5),
          .attributes = row.bytes(6),
          .wrapped_key = row.bytes(7)};
}

// One connection under one mutex: reads are rare, for keyrings keep the keys that they use.
class SqliteRecords final : public RecordStore {
 public:
  explicit SqliteRecords(std::string logical_name) : logical_name_(std::move(logical_name)) {}

  Outcome open(const std::filesystem::path& file) {
    TRY_ASSIGN(database_, Database::open(file));
    TRY(check_file(file));
    TRY(database_.run(settings));
    const std::initializer_list<std::pair<Statement*, std::string_view>> statements = {
        {&begin_, "BEGIN IMMEDIATE"},
        {&commit_, "COMMIT"},
        {&rollback_, "ROLLBACK"},
        {&get_, "SELECT * FROM branch_key WHERE branch_key_id = ?1 AND type = ?2"},
        {&scan_, scan_sql},
        {&scan_active_, scan_active_sql},
        {&insert_, "INSERT INTO branch_key VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING"},
        {&replace_,
         "UPDATE branch_key SET version = ?3, create_time = ?4, kms_arn = ?5, hierarchy_version = ?6, attributes = ?7,"
         " enc = ?8 WHERE branch_key_id = ?1 AND type = ?2 AND enc = ?9"}};
    for (const auto& [statement, sql] : statements) {
      TRY_ASSIGN(*statement, database_.prepare(sql));
    }
    return ok();
  }

  Result<std::optional<Record>> get(std::string_view branch_key_id, std::string_view type) override {
    const std::lock_guard lock(mutex_);
    const ResetAtEnd reset(get_);
    const int code = get_.bind(1, branch_key_id).bind(2, type).step();
    if (code == SQLITE_DONE) return std::optional<Record>();
    if (code != SQLITE_ROW) return database_.error();
    TRY_ASSIGN(auto found, read_record(row_of(get_)));
    return std::optional(std::move(found));
  }

  Result<std::vector<ScannedRecord>> scan(const RecordPosition& after, std::size_t limit) override {
    const std::lock_guard lock(mutex_);
    return read(scan_.bind(1, after.branch_key_id).bind(2, after.type).bind(3, limit));
  }

  Result<std::vector<ScannedRecord>> scan_active(std::string_view after_id, std::size_t limit) override {
    const std::lock_guard lock(mutex_);
    return read(scan_active_.bind(1, after_id).bind(2, active_type).bind(3, limit));
  }

  Outcome write(std::span<const RecordWrite> writes) override {
    const std::lock_guard lock(mutex_);
    TRY(run(begin_));
    auto written = write_each(writes);
    if (written) written = run(commit_);
    // After some errors SQLite has rolled back by itself.
    if (!written && database_.is_in_transaction()) (void)run(rollback_);
    return written;
  }

  const std::string& logical_name() const override { return logical_name_; }

 private:
  Result<std::int64_t> number(std::string_view sql) {
    TRY_ASSIGN(auto statement, database_.prepare(sql));
    if (statement.step() != SQLITE_ROW) return database_.error();
    return statement.number(0);
  }

  Outcome check_file(const std::filesystem::path& file) {
    TRY_ASSIGN(const auto application, number("PRAGMA application_id"));
    if (application != sqlite_application_id)
      return Error{ErrorCode::invalid_input, file.string() + " is not a key store"};
    TRY_ASSIGN(const auto version, number("PRAGMA user_version"));
    if (version != sqlite_schema_version)
      return Error{ErrorCode::invalid_input, file.string() + " was written by another keyfold (schema " +
                                                 std::to_string(version) + "; this one knows " +
                                                 std::to_string(sqlite_schema_version) + ")"};
    TRY_ASSIGN(auto name, database_.prepare("SELECT logical_name FROM branch_key_store"));
    if (name.step() != SQLITE_ROW) return Error{ErrorCode::corrupt, file.string() + " has no logical name"};
    if (name.text(0) != logical_name_)
      return Error{ErrorCode::invalid_input,
                   file.string() + " is the key store " + std::string(name.text(0)) + ", not " + logical_name_};
    return ok();
  }

  Result<std::vector<ScannedRecord>> read(Statement& statement) {
    const ResetAtEnd reset(statement);
    std::vector<ScannedRecord> found;
    int code = SQLITE_ROW;
    while ((code = statement.step()) == SQLITE_ROW) found.push_back(scanned(row_of(statement)));
    if (code != SQLITE_DONE) return database_.error();
    return found;
  }

  Outcome run(Statement& statement) {
    const ResetAtEnd reset(statement);
    if (statement.step() != SQLITE_DONE) return database_.error();
    return ok();
  }

  Outcome write_each(std::span<const RecordWrite> writes) {
    for (const auto& [record, replaces] : writes) {
      TRY(check_record(record));
      TRY_ASSIGN(const auto attributes, write_attributes(record.attributes));
      auto& statement = replaces ? replace_ : insert_;
      statement.bind(1, record.branch_key_id).bind(2, record.type).bind(3, record.version).bind(4, record.create_time);
      statement.bind(5, record.kms_arn).bind(6, record.hierarchy_version).bind(7, attributes);
      statement.bind(8, record.wrapped_key);
      if (replaces) statement.bind(9, *replaces);
      TRY(run(statement));
      if (database_.changes() != 1)
        return Error{ErrorCode::conflict, "the record " + record.type + " of branch key " + record.branch_key_id +
                                              (replaces ? " was changed meanwhile" : " is there already")};
    }
    return ok();
  }

  const std::string logical_name_;
  std::mutex mutex_;   // Guards all below.
  Database database_;  // Before the statements, which must go first.
  Statement begin_, commit_, rollback_, get_, scan_, scan_active_, insert_, replace_;
};

}  // namespace

Result<std::shared_ptr<RecordStore>> open_sqlite_records(const std::filesystem::path& file,
                                                         const std::string& logical_name, IfAbsent if_absent) {
  TRY(check_logical_name(logical_name));
  struct stat status{};
  if (stat(file.c_str(), &status) != 0) {
    if (errno != ENOENT)
      return Error{ErrorCode::io, "cannot look at " + file.string() + ": " + std::generic_category().message(errno)};
    if (if_absent == IfAbsent::fail) return Error{ErrorCode::not_found, "there is no key store " + file.string()};
    TRY(create_sqlite_file(file, logical_name));
  }
  auto records = std::make_shared<SqliteRecords>(logical_name);
  TRY(records->open(file));
  return std::shared_ptr<RecordStore>(std::move(records));
}

}  // namespace keyfold::keystore
