// The sealed store on a real disk: what its files hold, and what a kill leaves.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "keyfold/kms/storage/storage_testing.h"
#include "keyfold/kms/vault/vault_testing.h"

namespace keyfold::vault {
namespace {

class SealedDiskTest : public testing::Test {
 protected:
  std::unique_ptr<SealedStore> open() {
    store_.reset();
    auto store = storage::open_sqlite_store(directory_ / "store.sqlite");
    EXPECT_TRUE(store) << store.error().message;
    if (!store) return nullptr;
    store_ = *std::move(store);
    auto opened = open_with(*store_, random_);
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? *std::move(opened) : nullptr;
  }
  storage::TemporaryDirectory directory_;
  SystemRandom random_;
  std::unique_ptr<storage::Store> store_;
};

TEST_F(SealedDiskTest, NeverHoldsAPlainValueInAnyFile) {
  const auto material = SeededRandom(11).bytes<32>();
  const std::string policy = "a policy statement that nobody else may read";
  const Bytes root(RootKey::size, std::byte{7});
  const auto holds_nothing_plain = [&](const char* after) {
    EXPECT_EQ(storage::file_holding(directory_.path(), material), "") << after;
    EXPECT_EQ(storage::file_holding(directory_.path(), std::span(material).first(8)), "") << after;
    EXPECT_EQ(storage::file_holding(directory_.path(), as_bytes(policy)), "") << after;
    EXPECT_EQ(storage::file_holding(directory_.path(), root), "") << after;
  };
  auto store = open();
  holds_nothing_plain("opening");
  const auto name = test_name(RecordType::material, "m");
  const auto made = commit(*store, {{.name = name, .value = material}, put(test_name(RecordType::key, "k"), policy)});
  ASSERT_TRUE(made);
  holds_nothing_plain("creating");
  ASSERT_TRUE(store->open_secret(made->records[0]));
  holds_nothing_plain("opening a secret");
  ASSERT_TRUE(commit(*store, {put(test_name(RecordType::key, "k"), policy + policy, made->revision)}));
  ASSERT_TRUE(store->scan(RecordType::key, [](const OpenedRecord&) { return ok(); }));
  holds_nothing_plain("changing");
  store = open();
  holds_nothing_plain("opening anew");

  // The search is worth something: it finds the sealed bytes, until they are destroyed.
  const auto& sealed = made->records[0].sealed;
  EXPECT_NE(storage::file_holding(directory_.path(), sealed), "");
  ASSERT_TRUE(commit(*store, {removal(name, made->revision)}));
  ASSERT_TRUE(store->truncate_log());
  EXPECT_EQ(storage::file_holding(directory_.path(), sealed), "");
  holds_nothing_plain("destroying");
}

TEST_F(SealedDiskTest, FinishesADestructionThatACrashCutShort) {
  auto store = open();
  const auto name = test_name(RecordType::material, "m");
  const auto made = commit(*store, {put(name, "thirty-two bytes of key material")});
  ASSERT_TRUE(made);
  store.reset();
  store_.reset();
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto again = open();
    if (!commit(*again, {removal(name, made->revision)})) _exit(1);
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_NE(storage::file_holding(directory_.path(), made->records[0].sealed), "");
  store = open();
  EXPECT_EQ(storage::file_holding(directory_.path(), made->records[0].sealed), "");
}

TEST_F(SealedDiskTest, OpensAfterEveryKill) {
  SeededRandom random(12);
  int acknowledged = 0;
  for (int round = 0; round < 10; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto store = open();
      for (int i = 0; store; ++i) {
        const auto id = std::to_string(round) + "." + std::to_string(i);
        const storage::OutboxRecord event{.event_id = id, .body = to_bytes(id)};
        const auto change = put(test_name(RecordType::key, id), id);
        if (!store->commit({&change, 1}, &event)) _exit(1);
        if (i % 3 == 0 && !store->forget({&event.event_id, 1})) _exit(1);
        if (write(pipe_ends[1], "y", 1) != 1) _exit(1);
      }
      _exit(1);
    }
    close(pipe_ends[1]);
    const int until = 1 + std::to_integer<int>(random.bytes<1>()[0]) % 40;
    char byte = 0;
    for (int i = 0; i < until && read(pipe_ends[0], &byte, 1) == 1; ++i) ++acknowledged;
    ASSERT_EQ(kill(child, SIGKILL), 0);
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
    while (read(pipe_ends[0], &byte, 1) == 1) ++acknowledged;
    close(pipe_ends[0]);
    auto store = open();
    ASSERT_TRUE(store);
    int found = 0;
    ASSERT_TRUE(store->scan(RecordType::key, [&](const OpenedRecord&) { return ++found, ok(); }));
    EXPECT_GE(found, acknowledged);
    acknowledged = found;
    store.reset();
    store_.reset();
  }
}

}  // namespace
}  // namespace keyfold::vault
