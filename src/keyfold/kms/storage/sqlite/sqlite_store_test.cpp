// What is SQLite's own: files, crashes, and disks that fail.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "keyfold/core/base/random.h"
#include "keyfold/core/sqlite/failing_vfs_test.h"
#include "keyfold/kms/storage/sqlite/schema.h"
#include "keyfold/kms/storage/storage_testing.h"
#include "keyfold/kms/storage/store.h"

namespace keyfold::storage {
namespace {

using sqlite::FailingVfs;

class SqliteStoreTest : public testing::Test {
 protected:
  std::unique_ptr<Store> open() {
    auto store = open_sqlite_store(file_);
    EXPECT_TRUE(store) << store.error().message;
    return store ? *std::move(store) : nullptr;
  }
  static Result<std::uint64_t> put(Store& store, const std::string& name, std::string_view value) {
    const Write write{.name = name, .value = to_bytes(value)};
    return store.commit({}, {&write, 1});
  }
  // Runs SQL by hand, as somebody with sqlite3 would.
  void by_hand(const std::string& sql) const {
    sqlite3* raw = nullptr;
    ASSERT_EQ(sqlite3_open(file_.c_str(), &raw), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(raw, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(raw);
    sqlite3_close(raw);
  }
  TemporaryDirectory directory_;
  std::filesystem::path file_ = directory_ / "store.sqlite";
};

TEST_F(SqliteStoreTest, KeepsRecordsAndRevisionWhenItIsOpenedAnew) {
  auto store = open();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(put(*store, "n" + std::to_string(i), std::to_string(i)));
  const auto before = *store->scan("", "", 1000);
  store.reset();
  store = open();
  EXPECT_EQ(*store->scan("", "", 1000), before);
  EXPECT_EQ(*store->revision(), 100U);
  EXPECT_EQ(*put(*store, "n0", "again"), 101U);
}

TEST_F(SqliteStoreTest, MakesFilesThatOnlyItsUserReads) {
  const auto store = open();
  ASSERT_TRUE(put(*store, "a", "b"));
  for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
    struct stat status{};
    ASSERT_EQ(stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U) << entry.path();
  }
}

TEST_F(SqliteStoreTest, RefusesFilesThatAreNotItsOwnAndLeavesThemAlone) {
  {
    open();
  }
  const auto ours = contents_of(file_);
  std::string other_application = ours;
  other_application[68] = 'X';
  std::string unfinished = ours;
  unfinished[63] = schema_version - 1;
  std::string newer = ours;
  newer[63] = schema_version + 1;
  const std::vector<std::string> foreign = {"",
                                            "not a database",
                                            std::string(5000, 'x'),
                                            std::string(100, '\0'),
                                            ours.substr(0, 99),
                                            other_application,
                                            unfinished,
                                            newer};
  for (const auto& text : foreign) {
    std::ofstream(file_, std::ios::binary | std::ios::trunc) << text;
    const auto refused = open_sqlite_store(file_);
    ASSERT_FALSE(refused) << text.size();
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_input);
    EXPECT_EQ(contents_of(file_), text);
    EXPECT_FALSE(std::filesystem::exists(file_.string() + "-wal"));
  }
  EXPECT_NE(open_sqlite_store(file_).error().message.find("newer"), std::string::npos);
  std::filesystem::remove(file_);
  std::filesystem::create_directory(file_);
  EXPECT_FALSE(open_sqlite_store(file_));
}

TEST_F(SqliteStoreTest, SaysWhatIsWrongWithAnUnreadablePlace) {
  const auto refused = open_sqlite_store(directory_ / "absent/store.sqlite");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::io);
  EXPECT_NE(refused.error().message.find("No such file"), std::string::npos) << refused.error().message;
}

TEST_F(SqliteStoreTest, NoticesADamagedFile) {
  {
    auto store = open();
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(put(*store, "n" + std::to_string(i), std::string(500, 'v')));
  }
  auto text = contents_of(file_);
  for (std::size_t i = 4096; i < text.size(); ++i) text[i] = '\x5a';
  std::ofstream(file_, std::ios::binary | std::ios::trunc) << text;
  const auto store = open_sqlite_store(file_);
  const bool noticed = !store || !(*store)->scan("", "", 1000);
  EXPECT_TRUE(noticed);
}

TEST_F(SqliteStoreTest, LeavesNoTraceOfWhatWasRemovedOnceTheLogIsTruncated) {
  const auto planted = SeededRandom(9).bytes<48>();
  const auto store = open();
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(put(*store, "n" + std::to_string(i), std::string(300, 'v')));
  const Write write{.name = "secret", .value = Bytes(planted.begin(), planted.end())};
  ASSERT_TRUE(store->commit({}, {&write, 1}));
  EXPECT_NE(file_holding(directory_.path(), planted), "");
  ASSERT_TRUE(store->truncate_log());
  EXPECT_EQ(file_holding(directory_.path(), planted), file_);  // The search finds what is there.
  const Write removal{.name = "secret", .value = std::nullopt};
  ASSERT_TRUE(store->commit({}, {&removal, 1}));
  ASSERT_TRUE(store->truncate_log());
  EXPECT_EQ(file_holding(directory_.path(), planted), "");
}

TEST_F(SqliteStoreTest, LosesNothingAcknowledgedWhenItIsKilledInMidCommit) {
  // The child commits one record after another and says so on a pipe; the parent kills it at some byte of that.
  SeededRandom random(4);
  std::uint64_t acknowledged = 0;
  for (int round = 0; round < 12; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto store = open_sqlite_store(file_);
      for (std::uint64_t i = acknowledged + 1; store; ++i) {
        const std::vector<Write> writes = {{.name = "last", .value = to_bytes(std::to_string(i))},
                                           {.name = "n" + std::to_string(i), .value = Bytes(3000)}};
        if (!(*store)->commit({}, writes)) _exit(1);
        if (write(pipe_ends[1], &i, sizeof i) != sizeof i) _exit(1);
      }
      _exit(1);
    }
    close(pipe_ends[1]);
    const int until = std::to_integer<int>(random.bytes<1>()[0]) % 60;
    std::uint64_t said = 0;
    for (int i = 0; i <= until && read(pipe_ends[0], &said, sizeof said) == sizeof said; ++i) acknowledged = said;
    ASSERT_EQ(kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    while (read(pipe_ends[0], &said, sizeof said) == sizeof said) acknowledged = said;
    close(pipe_ends[0]);
    const auto store = open();
    ASSERT_TRUE(store);
    const auto last = std::stoull(std::string(as_text((*store->get("last"))->value)));
    EXPECT_GE(last, acknowledged);
    EXPECT_LE(last, acknowledged + 1);  // Committed, and killed before it could say so.
    EXPECT_EQ(store->scan("n", "", 100000)->size(), last);
    EXPECT_EQ(*store->revision(), last);
    acknowledged = last;
  }
}

TEST_F(SqliteStoreTest, IsAsItWasWhenTheDiskIsFullAtAnyWrite) {
  FailingVfs vfs;
  auto store = open();
  ASSERT_TRUE(put(*store, "a", "before"));
  int failures = 0;
  for (int nth = 0; nth < 1000; ++nth) {
    const auto before = *store->scan("", "", 1000);
    const auto revision = *store->revision();
    vfs.fail_write_after(nth, ENOSPC);
    const auto done = put(*store, "b" + std::to_string(nth), std::string(20000, 'x'));
    vfs.fail_nothing();
    if (done) break;  // Fewer writes than that in a commit.
    ++failures;
    EXPECT_EQ(done.error().code, ErrorCode::io);
    EXPECT_NE(done.error().message.find("full"), std::string::npos) << done.error().message;
    EXPECT_EQ(*store->revision(), revision);
    EXPECT_EQ(*store->scan("", "", 1000), before);
    if (nth % 3 == 0) {
      store.reset();
      store = open();
      EXPECT_EQ(*store->scan("", "", 1000), before);
    }
    ASSERT_TRUE(put(*store, "a", "after " + std::to_string(nth)));
  }
  EXPECT_GT(failures, 5);
}

TEST_F(SqliteStoreTest, RefusesEverythingAfterAFailedSync) {
  FailingVfs vfs;
  auto store = open();
  ASSERT_TRUE(put(*store, "a", "before"));
  vfs.fail_syncs();
  EXPECT_EQ(put(*store, "a", "after").error().code, ErrorCode::io);
  vfs.fail_nothing();
  EXPECT_EQ(put(*store, "a", "later").error().code, ErrorCode::io);
  EXPECT_EQ(store->get("a").error().code, ErrorCode::io);
  EXPECT_EQ(store->scan("", "", 1).error().code, ErrorCode::io);
  EXPECT_EQ(store->revision().error().code, ErrorCode::io);
  EXPECT_EQ(store->truncate_log().error().code, ErrorCode::io);
  EXPECT_NE(store->revision().error().message.find("opened anew"), std::string::npos);
  store.reset();
  store = open();
  EXPECT_TRUE(put(*store, "a", "much later"));
}

TEST_F(SqliteStoreTest, RefusesEverythingAfterASyncThatFailedBehindACommit) {
  FailingVfs vfs;
  const auto store = open();
  vfs.fail_syncs_of_the_main_file();
  // The log is on disk, so commits go on until it is copied back; that fails, and is not forgotten.
  int committed = 0;
  while (committed < 2000 && put(*store, "a", std::string(3000, 'x'))) ++committed;
  EXPECT_GT(committed, 100);
  EXPECT_LT(committed, 2000);
  vfs.fail_nothing();
  EXPECT_EQ(store->get("a").error().code, ErrorCode::io);
}

TEST_F(SqliteStoreTest, SaysThatAFileHasReachedItsLimit) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const auto store = open_sqlite_store(file_);
    if (!store || !put(**store, "a", "before")) _exit(2);
    const rlimit limit{.rlim_cur = 1 << 20, .rlim_max = 1 << 20};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(3);
    Result<std::uint64_t> done = std::uint64_t{0};
    for (int i = 0; i < 100 && done; ++i) done = put(**store, "n" + std::to_string(i), std::string(100000, 'x'));
    if (done || done.error().code != ErrorCode::io) _exit(4);
    const auto a = (*store)->get("a");
    _exit(a && *a && as_text((*a)->value) == "before" ? 0 : 5);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(open()->get("a")->has_value());
}

TEST_F(SqliteStoreTest, SaysThatTheDiskIsReadOnly) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody who may only read";
  {
    ASSERT_TRUE(put(*open(), "a", "b"));
  }
  ASSERT_EQ(chmod(directory_.path().c_str(), 0555), 0);
  ASSERT_EQ(chmod(file_.c_str(), 0444), 0);
  const auto before = contents_of(file_);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (setuid(65534) != 0) _exit(2);
    const auto store = open_sqlite_store(file_);
    if (!store) _exit(store.error().code == ErrorCode::io ? 0 : 3);
    const auto done = put(**store, "a", "c");
    _exit(!done && done.error().code == ErrorCode::io ? 0 : 4);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(contents_of(file_), before);
}

TEST_F(SqliteStoreTest, StartsAfreshAfterACrashWhileItWasMade) {
  std::ofstream(file_.string() + ".new") << "half";
  std::ofstream(file_.string() + ".new-journal") << "half";
  ASSERT_TRUE(put(*open(), "a", "b"));
  EXPECT_FALSE(std::filesystem::exists(file_.string() + ".new"));
}

TEST_F(SqliteStoreTest, CanBeReadByHandWhileItIsOpen) {
  const auto store = open();
  ASSERT_TRUE(put(*store, "a", "b"));
  by_hand("SELECT * FROM record");
  EXPECT_TRUE(put(*store, "a", "c"));
}

}  // namespace
}  // namespace keyfold::storage
