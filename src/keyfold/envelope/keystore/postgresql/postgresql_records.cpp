#include "keyfold/envelope/keystore/postgresql/postgresql_records.h"

#include "keyfold/core/base/try.h"
#include "keyfold/envelope/keystore/postgresql/sessions.h"

namespace keyfold::keystore {
namespace {

constexpr std::string_view schema_version = "1";

// Texts are compared as bytes (COLLATE "C"). docs/formats/branch-key-records.md says what is in the columns.
constexpr const char* schema =
    "CREATE TABLE keyfold_branch_key_store ("
    " only_one integer PRIMARY KEY CHECK (only_one = 1), schema_version text NOT NULL, logical_name text NOT NULL);"
    "CREATE TABLE keyfold_branch_key ("
    " branch_key_id text COLLATE \"C\" NOT NULL, type text COLLATE \"C\" NOT NULL, version text NOT NULL,"
    " create_time text NOT NULL, kms_arn text NOT NULL, hierarchy_version text NOT NULL, attributes bytea NOT NULL,"
    " enc bytea NOT NULL, PRIMARY KEY (branch_key_id, type))";

#define KEYFOLD_SELECT                                                                                  \
  "SELECT branch_key_id, type, version, create_time, kms_arn, hierarchy_version, attributes, enc FROM " \
  "keyfold_branch_key WHERE "
constexpr const char* get_sql = KEYFOLD_SELECT "branch_key_id = $1 AND type = $2";
constexpr const char* scan_sql =
    KEYFOLD_SELECT "(branch_key_id, type) > ($1, $2) ORDER BY branch_key_id, type LIMIT $3::bigint";
constexpr const char* scan_active_sql =
    KEYFOLD_SELECT "branch_key_id > $1 AND type = $2 ORDER BY branch_key_id LIMIT $3::bigint";
#undef KEYFOLD_SELECT
constexpr const char* insert_sql =
    "INSERT INTO keyfold_branch_key (branch_key_id, type, version, create_time, kms_arn, hierarchy_version,"
    " attributes, enc) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
constexpr const char* replace_sql =
    "UPDATE keyfold_branch_key SET version = $3, create_time = $4, kms_arn = $5, hierarchy_version = $6,"
    " attributes = $7, enc = $8 WHERE branch_key_id = $1 AND type = $2 AND enc = $9";

RecordRow row_of(const Reply& reply, int row) {
  return {.branch_key_id = reply.text(row, 0),
          .type = reply.text(row, 1),
          .version = reply.text(row, 2),
          .create_time = reply.text(row, 3),
          .kms_arn = reply.text(row, 4),
          .hierarchy_version = reply.text(row, 5),
          .attributes = reply.bytes(row, 6),
          .wrapped_key = reply.bytes(row, 7)};
}

class PostgresqlRecords final : public RecordStore {
 public:
  PostgresqlRecords(std::string connection, std::string logical_name, std::chrono::milliseconds patience)
      : sessions_(std::move(connection), patience), logical_name_(std::move(logical_name)) {}

  Outcome check() {
    return sessions_.with([&](Session& session) -> Outcome {
      const auto found = session.run("SELECT schema_version, logical_name FROM keyfold_branch_key_store");
      if (!found && found.error().code == ErrorCode::not_found)
        return Error{ErrorCode::not_found, "the database has no key store yet: make one first (branch-key init)"};
      if (!found) return found.error();
      if (found->rows() != 1) return Error{ErrorCode::corrupt, "the database's key store has no logical name"};
      if (found->text(0, 0) != schema_version)
        return Error{ErrorCode::invalid_input, "the database's key store was made by another keyfold (schema " +
                                                   std::string(found->text(0, 0)) + ")"};
      if (found->text(0, 1) != logical_name_)
        return Error{ErrorCode::invalid_input,
                     "the database's key store is " + std::string(found->text(0, 1)) + ", not " + logical_name_};
      return ok();
    });
  }

  Result<std::optional<Record>> get(std::string_view branch_key_id, std::string_view type) override {
    TRY_ASSIGN(auto found, read(get_sql, {branch_key_id, type}));
    if (found.empty()) return std::optional<Record>();
    TRY_ASSIGN(auto record, std::move(found.front().record));
    return std::optional(std::move(record));
  }

  Result<std::vector<ScannedRecord>> scan(const RecordPosition& after, std::size_t limit) override {
    const auto limit_text = std::to_string(std::min<std::size_t>(limit, INT64_MAX));
    return read(scan_sql, {after.branch_key_id, after.type, limit_text});
  }

  Result<std::vector<ScannedRecord>> scan_active(std::string_view after_id, std::size_t limit) override {
    const auto limit_text = std::to_string(std::min<std::size_t>(limit, INT64_MAX));
    return read(scan_active_sql, {after_id, active_type, limit_text});
  }

  Outcome write(std::span<const RecordWrite> writes) override {
    return sessions_.with([&](Session& session) -> Outcome {
      TRY(session.run_all("BEGIN"));
      auto written = write_each(session, writes);
      if (written) return session.run_all("COMMIT");
      (void)session.run_all("ROLLBACK");
      return written;
    });
  }

  const std::string& logical_name() const override { return logical_name_; }

 private:
  Result<std::vector<ScannedRecord>> read(const char* sql, std::initializer_list<Parameter> parameters) {
    return sessions_.with([&](Session& session) -> Result<std::vector<ScannedRecord>> {
      TRY_ASSIGN(const auto reply, session.run(sql, parameters));
      std::vector<ScannedRecord> found;
      found.reserve(static_cast<std::size_t>(reply.rows()));
      for (int row = 0; row < reply.rows(); ++row) found.push_back(scanned(row_of(reply, row)));
      return found;
    });
  }

  static Outcome write_each(Session& session, std::span<const RecordWrite> writes) {
    for (const auto& [record, replaces] : writes) {
      TRY(check_record(record));
      TRY_ASSIGN(const auto attributes, write_attributes(record.attributes));
      // An update waits for whoever changes the record just now, and looks at what that leaves.
      auto done =
          replaces
              ? session.run(replace_sql,
                            {record.branch_key_id, record.type, record.version, record.create_time, record.kms_arn,
                             record.hierarchy_version, attributes, record.wrapped_key, *replaces})
              : session.run(insert_sql, {record.branch_key_id, record.type, record.version, record.create_time,
                                         record.kms_arn, record.hierarchy_version, attributes, record.wrapped_key});
      if (!done) return done.error();
      if (done->rows_changed() != 1)
        return Error{ErrorCode::conflict, "the record " + record.type + " of branch key " + record.branch_key_id +
                                              (replaces ? " was changed meanwhile" : " is there already")};
    }
    return ok();
  }

  Sessions sessions_;
  const std::string logical_name_;
};

}  // namespace

Outcome init_postgresql_records(const std::string& connection, const std::string& logical_name) {
  TRY(check_logical_name(logical_name));
  TRY_ASSIGN(auto session, Session::open(connection, std::chrono::steady_clock::now() + postgresql_patience));
  TRY(session.run_all("BEGIN"));
  TRY(session.run_all(schema));  // Left unfinished, the transaction ends with the connection.
  TRY(session.run("INSERT INTO keyfold_branch_key_store VALUES (1, $1, $2)", {schema_version, logical_name}));
  return session.run_all("COMMIT");
}

Result<std::shared_ptr<RecordStore>> open_postgresql_records(const std::string& connection,
                                                             const std::string& logical_name,
                                                             std::chrono::milliseconds patience) {
  TRY(check_logical_name(logical_name));
  auto records = std::make_shared<PostgresqlRecords>(connection, logical_name, patience);
  TRY(records->check());
  return std::shared_ptr<RecordStore>(std::move(records));
}

bool is_postgresql_address(std::string_view text) {
  return text.starts_with("postgres://") || text.starts_with("postgresql://");
}

}  // namespace keyfold::keystore
