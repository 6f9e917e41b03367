// SQLite under a key store: the contract, and what is particular to a file.

#include "keyfold/envelope/keystore/sqlite/sqlite_records.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <fstream>

#include "keyfold/core/sqlite/failing_vfs_test.h"
#include "keyfold/envelope/keystore/record_store_contract_test.h"
#include "keyfold/envelope/keystore/sqlite/create_file.h"
#include "keyfold/testing/temporary_folder.h"

namespace keyfold::keystore {

using testing::RecordStoreContract;

namespace {

using namespace keyfold::keystore::testing;
namespace fs = std::filesystem;

class Folder : public keyfold::testing::TemporaryFolder {
 public:
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(path())) found.push_back(entry.path().filename());
    std::ranges::sort(found);
    return found;
  }
};

class SqlitePlace final : public Place {
 public:
  Result<std::shared_ptr<RecordStore>> open(const std::string& logical_name) override {
    return open_sqlite_records(folder_ / "keys.sqlite", logical_name, IfAbsent::create);
  }

 private:
  Folder folder_;
};
std::unique_ptr<Place> sqlite_place(std::string&) { return std::make_unique<SqlitePlace>(); }

ErrorCode open_code(const fs::path& file, IfAbsent if_absent = IfAbsent::create) {
  const auto opened = open_sqlite_records(file, "tenants", if_absent);
  EXPECT_FALSE(opened);
  return opened ? ErrorCode::internal : opened.error().code;
}

void edit(const fs::path& file, const char* sql) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &database), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(database, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
  sqlite3_close(database);
}

TEST(SqliteRecords, MakeAFileThatIsItsOwnersAlone) {
  const Folder folder;
  const auto before = umask(0);
  const auto store = *open_sqlite_records(folder / "keys.sqlite", "tenants", IfAbsent::create);
  const RecordWrite write{.record = active_record("a"), .replaces = {}};
  ASSERT_TRUE(store->write({&write, 1}));
  umask(before);
  for (const auto& name : folder.names()) {
    struct stat status{};
    ASSERT_EQ(stat((folder / name.c_str()).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U) << name;
  }
  EXPECT_EQ(folder.names().front(), "keys.sqlite");
}

TEST(SqliteRecords, MakeNoFileUnlessAsked) {
  const Folder folder;
  EXPECT_EQ(open_code(folder / "keys.sqlite", IfAbsent::fail), ErrorCode::not_found);
  EXPECT_EQ(open_code(folder / "no/keys.sqlite"), ErrorCode::io);
  EXPECT_TRUE(folder.names().empty());
}

TEST(SqliteRecords, AreMadeWholeOrNotAtAllWhereverTheDiskFails) {
  const Folder folder;
  const auto file = folder / "keys.sqlite";
  sqlite::FailingVfs disk;
  disk.fail_syncs();
  EXPECT_EQ(open_code(file), ErrorCode::io);
  EXPECT_TRUE(folder.names().empty());
  disk.fail_nothing();
  disk.fail_syncs_of_the_main_file();
  EXPECT_EQ(open_code(file), ErrorCode::io);
  EXPECT_TRUE(folder.names().empty());
  disk.fail_nothing();
  Outcome made = Error{ErrorCode::io, ""};
  int failures = 0;
  for (; !made && failures < 1000; ++failures) {
    disk.fail_write_after(failures, ENOSPC);
    made = create_sqlite_file(file, "tenants");
    disk.fail_nothing();
    if (made) break;
    EXPECT_EQ(made.error().code, ErrorCode::io) << made.error().message;
    ASSERT_TRUE(folder.names().empty()) << failures;
  }
  EXPECT_GT(failures, 5);
  const auto store = open_sqlite_records(file, "tenants", IfAbsent::fail);
  ASSERT_TRUE(store) << store.error().message << " after " << failures << " failures";
  const RecordWrite write{.record = active_record("a"), .replaces = {}};
  EXPECT_TRUE((*store)->write({&write, 1}));
  EXPECT_TRUE(fs::exists(folder / "keys.sqlite-wal"));  // Readers do not wait for writers.
}

TEST(SqliteRecords, AreMadeOnceHoweverManyDoItAtTheSameTime) {
  const Folder folder;
  constexpr int count = 8;
  std::barrier start(count);
  std::vector<std::thread> threads;
  threads.reserve(count);
  std::atomic<int> opened = 0;
  for (int i = 0; i < count; ++i)
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      const auto store = open_sqlite_records(folder / "keys.sqlite", "tenants", IfAbsent::create);
      ASSERT_TRUE(store) << store.error().message;
      const RecordWrite write{.record = active_record(std::to_string(i)), .replaces = {}};
      const auto written = (*store)->write({&write, 1});
      ASSERT_TRUE(written) << written.error().message;
      ++opened;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(opened, count);
  const auto store = *open_sqlite_records(folder / "keys.sqlite", "tenants", IfAbsent::fail);
  EXPECT_EQ(store->scan({}, 100)->size(), static_cast<std::size_t>(count));
  for (const auto& name : folder.names())
    EXPECT_TRUE(name.starts_with("keys.sqlite") && !name.ends_with(".new")) << name;
}

TEST(SqliteRecords, RefuseAFileThatIsNoKeyStore) {
  const Folder folder;
  std::ofstream(folder / "text") << std::string(4096, 'x');
  EXPECT_EQ(open_code(folder / "text"), ErrorCode::invalid_input);
  std::ofstream(folder / "empty") << "";
  EXPECT_EQ(open_code(folder / "empty"), ErrorCode::invalid_input);
  edit(folder / "foreign", "CREATE TABLE branch_key (x); PRAGMA application_id = 7");
  EXPECT_EQ(open_code(folder / "foreign"), ErrorCode::invalid_input);
  ASSERT_TRUE(open_sqlite_records(folder / "newer", "tenants", IfAbsent::create));
  edit(folder / "newer", "PRAGMA user_version = 2");
  EXPECT_EQ(open_code(folder / "newer"), ErrorCode::invalid_input);
}

TEST(SqliteRecords, SayThatARecordIsNoneWhenSomebodyEditedItSo) {
  const Folder folder;
  const auto file = folder / "keys.sqlite";
  const auto store = *open_sqlite_records(file, "tenants", IfAbsent::create);
  const RecordWrite write{.record = active_record("a"), .replaces = {}};
  ASSERT_TRUE(store->write({&write, 1}));
  for (const auto* sql : {"version = ''", "version = 'branch:version:x'", "kms_arn = 'alias/a'", "create_time = ''",
                          "hierarchy_version = '3'", "attributes = x'00'", "attributes = x'0000'", "enc = x''",
                          "attributes = x'00010003656e63000161'", "hierarchy_version = 1.5", "enc = zeroblob(6145)"}) {
    edit(file, ("UPDATE branch_key SET " + std::string(sql)).c_str());
    const auto got = store->get("a", active_type);
    ASSERT_FALSE(got) << sql;
    EXPECT_EQ(got.error().code, ErrorCode::corrupt) << sql;
    for (const auto& scan : {store->scan({}, 10), store->scan_active("", 10)}) {
      ASSERT_TRUE(scan) << sql << ": " << scan.error().message;
      ASSERT_EQ(scan->size(), 1U) << sql;
      EXPECT_EQ(scan->front().position.branch_key_id + " " + scan->front().position.type, "a branch:ACTIVE");
      EXPECT_EQ(code(scan->front().record), ErrorCode::corrupt) << sql;
    }
    edit(file, "DELETE FROM branch_key");
    ASSERT_TRUE(store->write({&write, 1}));
  }
}

TEST(SqliteRecords, GiveTheOthersWhenOneIsNone) {
  const Folder folder;
  const auto file = folder / "keys.sqlite";
  const auto store = *open_sqlite_records(file, "tenants", IfAbsent::create);
  for (const auto* id : {"a", "m", "z"}) {
    const RecordWrite write{.record = active_record(id), .replaces = {}};
    ASSERT_TRUE(store->write({&write, 1}));
  }
  edit(file, "UPDATE branch_key SET create_time = '' WHERE branch_key_id = 'm'");
  const auto all = *store->scan({}, 10);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(*all[0].record, active_record("a"));
  EXPECT_EQ(code(all[1].record), ErrorCode::corrupt);
  EXPECT_EQ(*all[2].record, active_record("z"));
  EXPECT_EQ(store->scan(all[1].position, 10)->size(), 1U);
  // Of a name that no text equals; after it there would be no going on.
  edit(file, "UPDATE branch_key SET branch_key_id = CAST(branch_key_id AS BLOB) WHERE branch_key_id = 'm'");
  EXPECT_EQ(good(store->scan({}, 10)).size(), 2U);
  EXPECT_EQ(good(store->scan_active("", 10)).size(), 2U);
  edit(file, "UPDATE branch_key SET type = CAST(type AS BLOB) WHERE branch_key_id = 'z'");
  EXPECT_EQ(good(store->scan({}, 10)).size(), 1U);
}

TEST(SqliteRecords, SayThatTheFileIsHeldBySomebodyElse) {
  const Folder folder;
  const auto file = folder / "keys.sqlite";
  const auto store = *open_sqlite_records(file, "tenants", IfAbsent::create);
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  const RecordWrite write{.record = active_record("a"), .replaces = {}};
  EXPECT_EQ(code(store->write({&write, 1})), ErrorCode::unavailable);  // After five seconds.
  EXPECT_TRUE(store->get("a", active_type));                           // Readers do not wait for writers.
  sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr);
  sqlite3_close(other);
  EXPECT_TRUE(store->write({&write, 1}));
}

}  // namespace

namespace testing {
INSTANTIATE_TEST_SUITE_P(Sqlite, RecordStoreContract, ::testing::Values(&sqlite_place));
}  // namespace testing

}  // namespace keyfold::keystore
