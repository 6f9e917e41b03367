#include "keyfold/kms/vault/sealed_store.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <thread>

#include "keyfold/kms/storage/storage_testing.h"
#include "keyfold/kms/vault/vault_testing.h"

namespace keyfold::vault {
namespace {

std::map<std::string, std::string> all_of(SealedStore& store, RecordType type) {
  std::map<std::string, std::string> all;
  const auto done = store.scan(type, [&](const OpenedRecord& record) -> Outcome {
    all.emplace(record.name.id(), as_text(record.value));
    return ok();
  });
  EXPECT_TRUE(done) << done.error().message;
  return all;
}

class SealedStoreTest : public testing::Test {
 protected:
  std::unique_ptr<SealedStore> reopen() {
    auto opened = open_with(*store_, random_);
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? *std::move(opened) : nullptr;
  }
  std::unique_ptr<storage::Store> store_ = storage::open_memory_store();
  SeededRandom random_{1};
};

TEST_F(SealedStoreTest, GivesBackWhatWasCommittedAfterItIsOpenedAnew) {
  auto store = reopen();
  const auto name = test_name(RecordType::key, "a");
  const auto first = commit(*store, {put(name, "one"), put(test_name(RecordType::key, "b"), "two")});
  ASSERT_TRUE(first) << first.error().message;
  ASSERT_EQ(first->records.size(), 2U);
  EXPECT_EQ(first->records[0].version, first->revision);
  ASSERT_TRUE(commit(*store, {put(name, "one, again", first->revision)}));
  const std::map<std::string, std::string> expected = {{"a", "one, again"}, {"b", "two"}};
  EXPECT_EQ(all_of(*store, RecordType::key), expected);
  const auto id = store->id();
  store = reopen();
  EXPECT_EQ(store->id(), id);
  EXPECT_EQ(all_of(*store, RecordType::key), expected);
  EXPECT_TRUE(all_of(*store, RecordType::alias).empty());
}

TEST_F(SealedStoreTest, CommitsOnlyOnTheVersionsExpected) {
  auto store = reopen();
  const auto name = test_name(RecordType::alias, "alias/payments");
  const auto made = commit(*store, {put(name, "one")});
  ASSERT_TRUE(made);
  const auto before = store->revision();
  for (const std::uint64_t wrong : {std::uint64_t{0}, made->revision - 1, made->revision + 1, ~std::uint64_t{0}}) {
    const auto refused =
        commit(*store, {put(test_name(RecordType::alias, "alias/other"), "x"), put(name, "two", wrong)});
    ASSERT_FALSE(refused) << wrong;
    EXPECT_EQ(refused.error().code, ErrorCode::conflict);
    EXPECT_NE(refused.error().message.find(name.text()), std::string::npos) << refused.error().message;
    EXPECT_FALSE(commit(*store, {removal(name, wrong)})) << wrong;
  }
  EXPECT_EQ(store->revision(), before);
  EXPECT_EQ(all_of(*store, RecordType::alias), (std::map<std::string, std::string>{{"alias/payments", "one"}}));
  const auto removed = commit(*store, {removal(name, made->revision)});
  ASSERT_TRUE(removed);
  EXPECT_FALSE(store->get(name)->has_value());
  // Made anew, it has a version that it never had.
  const auto again = commit(*store, {put(name, "three")});
  ASSERT_TRUE(again);
  EXPECT_GT(again->revision, removed->revision);
  EXPECT_TRUE(reopen());
}

TEST_F(SealedStoreTest, RefusesToWriteItsOwnRecordsOrOneTwice) {
  auto store = reopen();
  for (const auto type :
       {RecordType::outbox, RecordType::storagekey, RecordType::manifest, RecordType::head, RecordType::root})
    EXPECT_EQ(commit(*store, {put(RecordName(type, "x"), "y")}).error().code, ErrorCode::invalid_input)
        << text_of(type);
  EXPECT_EQ(commit(*store, {put(RecordName(RecordType::meta, "store"), "y", 1)}).error().code,
            ErrorCode::invalid_input);
  const auto name = test_name(RecordType::key, "a");
  EXPECT_EQ(commit(*store, {put(name, "x"), put(name, "y")}).error().code, ErrorCode::invalid_input);
  const Bytes large(storage::value_size_max);
  EXPECT_EQ(commit(*store, {{.name = name, .value = large}}).error().code, ErrorCode::invalid_input);
  EXPECT_TRUE(reopen());
}

TEST_F(SealedStoreTest, OpensSecretsFromTheirSealedForm) {
  auto store = reopen();
  const auto name = test_name(RecordType::material, "m");
  const auto made = commit(*store, {put(name, "thirty-two bytes of key material")});
  ASSERT_TRUE(made);
  const auto secret = store->open_secret(made->records[0]);
  ASSERT_TRUE(secret) << secret.error().message;
  EXPECT_EQ(as_text(secret->reveal()), "thirty-two bytes of key material");
  store = reopen();
  std::vector<SealedRecord> sealed;
  ASSERT_TRUE(store->scan_sealed(RecordType::material, [&](SealedRecord record) -> Outcome {
    sealed.push_back(std::move(record));
    return ok();
  }));
  ASSERT_EQ(sealed.size(), 1U);
  EXPECT_EQ(sealed[0].sealed, made->records[0].sealed);
  EXPECT_TRUE(store->open_secret(sealed[0]));
  auto altered = sealed[0];
  altered.version += 1;
  EXPECT_EQ(store->open_secret(altered).error().code, ErrorCode::authentication);
}

TEST_F(SealedStoreTest, SealsEachScopeUnderAKeyOfItsOwn) {
  auto store = reopen();
  const auto other = *AccountId::parse("210987654321");
  const std::vector<RecordName> names = {test_name(RecordType::key, "k"), test_name(RecordType::material, "k"),
                                         RecordName(RecordType::user, test_account(), "u"),
                                         RecordName(RecordType::key, other, test_region(), "k"),
                                         RecordName(RecordType::meta, "r")};
  std::set<Bytes> keys;
  for (const auto& name : names) {
    const auto made = commit(*store, {put(name, "v")});
    ASSERT_TRUE(made);
    const auto& sealed = made->records[0].sealed;
    keys.insert(Bytes(sealed.begin() + 6, sealed.begin() + 22));
  }
  EXPECT_EQ(keys.size(), names.size() - 1);  // The first two share theirs.
  EXPECT_TRUE(reopen());
}

TEST_F(SealedStoreTest, KeepsEventsInOrderUntilTheyAreForgotten) {
  auto store = reopen();
  std::vector<std::string> ids;
  for (int i = 0; i < 40; ++i) {
    const storage::OutboxRecord event{.event_id = "event-" + std::to_string(100 - i),
                                      .body = to_bytes(std::to_string(i))};
    const auto name = test_name(RecordType::key, std::to_string(i));
    const auto change = put(name, "v");
    ASSERT_TRUE(store->commit({&change, 1}, &event));
    ids.push_back(event.event_id);
  }
  store = reopen();
  auto pending = store->pending(10);
  ASSERT_TRUE(pending);
  ASSERT_EQ(pending->size(), 10U);
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ((*pending)[i].event_id, ids[i]);
    EXPECT_EQ(as_text((*pending)[i].body), std::to_string(i));
  }
  const std::vector<std::string> forgotten = {ids[0], ids[2], ids[0], "never there"};
  ASSERT_TRUE(store->forget(forgotten));
  store = reopen();
  pending = store->pending(1000);
  ASSERT_TRUE(pending);
  ASSERT_EQ(pending->size(), 38U);
  EXPECT_EQ((*pending)[0].event_id, ids[1]);
  EXPECT_EQ((*pending)[1].event_id, ids[3]);
  ASSERT_TRUE(store->forget(ids));
  EXPECT_TRUE(store->pending(1000)->empty());
  EXPECT_TRUE(reopen()->pending(1000)->empty());
}

TEST_F(SealedStoreTest, RefusesAnEventTwiceAndAnIllFormedOne) {
  auto store = reopen();
  const storage::OutboxRecord event{.event_id = "e", .body = {}};
  ASSERT_TRUE(store->commit({}, &event));
  EXPECT_EQ(store->commit({}, &event).error().code, ErrorCode::conflict);
  for (const auto* const id : {"", "a/b", "a b", "a\n"}) {
    const storage::OutboxRecord bad{.event_id = id, .body = {}};
    EXPECT_EQ(store->commit({}, &bad).error().code, ErrorCode::invalid_input) << id;
  }
}

TEST_F(SealedStoreTest, ChangesNothingWhileTheHealthCheckFails) {
  auto store = reopen();
  std::optional<Error> sick;
  store->set_health_check([&]() -> Outcome { return sick ? Outcome(*sick) : ok(); });
  const auto change = put(test_name(RecordType::key, "a"), "v");
  const storage::OutboxRecord event{.event_id = "e", .body = {}};
  sick = Error{ErrorCode::io, "the log is gone"};
  const auto before = *store_->revision();
  const auto refused = store->commit({&change, 1}, &event);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "the log is gone");
  EXPECT_EQ(*store_->revision(), before);
  sick.reset();
  EXPECT_TRUE(store->commit({&change, 1}, &event));
}

TEST_F(SealedStoreTest, DoesNotOpenUnderAnotherRootKeyOrInTheOtherMode) {
  ASSERT_TRUE(commit(*reopen(), {put(test_name(RecordType::key, "a"), "v")}));
  const auto before = *store_->scan("", "", 1000);
  const auto other_root = open_with(*store_, random_, 8);
  ASSERT_FALSE(other_root);
  EXPECT_EQ(other_root.error().code, ErrorCode::authentication);
  const auto dev = SealedStore::open(*store_, root_key_of(7), random_, Mode::dev);
  ASSERT_FALSE(dev);
  EXPECT_EQ(dev.error().code, ErrorCode::invalid_input);
  EXPECT_EQ(*store_->scan("", "", 1000), before);
  EXPECT_TRUE(reopen());
}

TEST_F(SealedStoreTest, StopsWhenSomebodyElseWritesToTheStore) {
  auto store = reopen();
  const storage::Write foreign{.name = "key/-/-/foreign", .value = to_bytes("x")};
  ASSERT_TRUE(store_->commit({}, {&foreign, 1}));
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(commit(*store, {put(test_name(RecordType::key, "a"), "v")}).error().code, ErrorCode::internal);
  EXPECT_FALSE(store->get(test_name(RecordType::key, "a")));
}

TEST_F(SealedStoreTest, StaysWholeWhileRecordsComeAndGo) {
  auto store = reopen();
  std::map<std::string, std::uint64_t> versions;
  SeededRandom choices(2);
  for (int i = 0; i < 3000; ++i) {
    const auto roll = choices.bytes<2>();
    const auto id = std::to_string(std::to_integer<int>(roll[0]) + 256 * (std::to_integer<int>(roll[1]) % 2));
    const auto known = versions.find(id);
    const auto name = test_name(RecordType::key, id);
    if (known == versions.end() || std::to_integer<int>(roll[1]) % 3 != 0) {
      const auto done = commit(*store, {put(name, "v" + id, known == versions.end() ? 0 : known->second)});
      ASSERT_TRUE(done) << done.error().message;
      versions[id] = done->revision;
    } else {
      ASSERT_TRUE(commit(*store, {removal(name, known->second)}));
      versions.erase(known);
    }
    if (i % 500 == 0) store = reopen();
    ASSERT_TRUE(store);
  }
  store = reopen();
  EXPECT_EQ(all_of(*store, RecordType::key).size(), versions.size());
}

TEST_F(SealedStoreTest, ServesSeveralThreads) {
  auto store = reopen();
  const auto made = commit(*store, {put(test_name(RecordType::material, "m"), "secret")});
  ASSERT_TRUE(made);
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const auto id = std::to_string(t) + "." + std::to_string(i);
        const storage::OutboxRecord event{.event_id = id, .body = to_bytes(id)};
        const RecordName name(RecordType::user, *AccountId::parse("12345678901" + std::to_string(i % 10)), id);
        const auto change = put(name, "v");
        EXPECT_TRUE(store->commit({&change, 1}, &event));
        EXPECT_TRUE(store->open_secret(made->records[0]));
        EXPECT_TRUE(store->get(name));
        EXPECT_TRUE(store->pending(3));
        EXPECT_TRUE(store->forget(std::span(&event.event_id, 1)));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(all_of(*reopen(), RecordType::user).size(), 200U);
}

}  // namespace
}  // namespace keyfold::vault
