#pragma once
// What RecordStore promises, tried on an implementation: each instantiates RecordStoreContract with a place for a
// store.

#include <gtest/gtest.h>

#include <barrier>
#include <thread>

#include "keyfold/envelope/keystore/records_test.h"

namespace keyfold::keystore::testing {

// An empty database of its own; gone with it.
class Place {
 public:
  virtual ~Place() = default;
  // Another connection to it, as another process would have. The first time it makes the store.
  virtual Result<std::shared_ptr<RecordStore>> open(const std::string& logical_name) = 0;
};
// Null when it cannot be had on this machine; then `why`, and a failure of the test when it must be.
using MakePlace = std::unique_ptr<Place> (*)(std::string& why);

class RecordStoreContract : public ::testing::TestWithParam<MakePlace> {
 protected:
  void SetUp() override {
    std::string why;
    place_ = GetParam()(why);
    ASSERT_FALSE(HasFailure());  // It must be there, and is not.
    if (place_ == nullptr) GTEST_SKIP() << why;
    store_ = open();
  }
  std::shared_ptr<RecordStore> open() {
    auto opened = place_->open("tenants");
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? *opened : nullptr;
  }
  Outcome insert(const Record& record) {
    const RecordWrite write{.record = record, .replaces = {}};
    return store_->write({&write, 1});
  }
  Outcome replace(const Record& record, std::string_view wrapped) {
    const RecordWrite write{.record = record, .replaces = to_bytes(wrapped)};
    return store_->write({&write, 1});
  }
  std::optional<Record> get(std::string_view id, std::string_view type) {
    auto got = store_->get(id, type);
    EXPECT_TRUE(got) << got.error().message;
    return got ? *got : std::nullopt;
  }
  std::unique_ptr<Place> place_;
  std::shared_ptr<RecordStore> store_;
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(RecordStoreContract);

TEST_P(RecordStoreContract, GivesBackEveryFieldAsItWasWritten) {
  auto odd = version_record(std::string(keyrings::branch_key_id_size_max, 'x'));
  odd.wrapped_key.assign(wrapped_key_size_max, std::byte{0});
  odd.attributes = {};
  auto foreign = version_record("Zürich'; DROP TABLE branch_key; -- 日本 \\ \"");
  foreign.attributes = {{"aws-crypto-ec:Straße", "Köln, 東京"}, {"aws-crypto-ec:q", "a'b\"c\\"}, {"x", ""}};
  foreign.wrapped_key = {std::byte{0}, std::byte{'\\'}, std::byte{0xff}, std::byte{'\''}, std::byte{0}};
  foreign.hierarchy_version = "2";
  for (const auto& record : {version_record("a"), active_record("a"), beacon_record("a"), odd, foreign}) {
    const auto done = insert(record);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(get(record.branch_key_id, record.type), record);
  }
  EXPECT_EQ(open()->get("a", active_type).operator*().value(), active_record("a"));
  EXPECT_EQ(store_->logical_name(), "tenants");
}

TEST_P(RecordStoreContract, HasNothingThatWasNotWritten) {
  ASSERT_TRUE(insert(active_record("a")));
  for (const auto& [id, type] : {std::pair<std::string, std::string>{"a", "beacon:ACTIVE"},
                                 {"A", "branch:ACTIVE"},
                                 {"a ", "branch:ACTIVE"},
                                 {"", "branch:ACTIVE"},
                                 {"a", ""},
                                 {"b", "branch:ACTIVE"}})
    EXPECT_FALSE(get(id, type)) << id << " " << type;
}

TEST_P(RecordStoreContract, MakesNoRecordOverAnother) {
  ASSERT_TRUE(insert(active_record("a", version_a, "first")));
  EXPECT_EQ(code(insert(active_record("a", version_b, "second"))), ErrorCode::conflict);
  EXPECT_EQ(get("a", active_type), active_record("a", version_a, "first"));
}

TEST_P(RecordStoreContract, ReplacesARecordOnlyWhenItHoldsTheKeyThatIsExpected) {
  EXPECT_EQ(code(replace(active_record("a"), "wrapped")), ErrorCode::conflict);
  EXPECT_FALSE(get("a", active_type));
  ASSERT_TRUE(insert(active_record("a", version_a, "first")));
  for (const auto* wrong : {"", "firs", "first ", "First", "second"})
    EXPECT_EQ(code(replace(active_record("a", version_b, "second"), wrong)), ErrorCode::conflict) << wrong;
  EXPECT_EQ(get("a", active_type), active_record("a", version_a, "first"));
  auto changed = active_record("a", version_b, "second");
  changed.create_time = "2027-01-01T00:00:00.000000Z";
  changed.kms_arn.back() = 'c';
  changed.attributes = {{"aws-crypto-ec:other", "one"}};
  ASSERT_TRUE(replace(changed, "first"));
  EXPECT_EQ(get("a", active_type), changed);
  EXPECT_EQ(code(replace(active_record("a", version_a, "third"), "first")), ErrorCode::conflict);
}

TEST_P(RecordStoreContract, WritesAllOfItOrNothing) {
  ASSERT_TRUE(insert(active_record("a", version_a, "first")));
  const std::vector<std::vector<RecordWrite>> refused = {
      {{version_record("a", version_b), {}}, {active_record("a", version_b, "second"), to_bytes("wrong")}},
      {{active_record("a", version_b, "second"), to_bytes("first")}, {active_record("a", version_b, "third"), {}}},
      {{version_record("a", version_b), {}}, {version_record("a", version_b), {}}},
  };
  for (const auto& writes : refused) {
    EXPECT_EQ(code(store_->write(writes)), ErrorCode::conflict);
    EXPECT_EQ(get("a", active_type), active_record("a", version_a, "first"));
    EXPECT_FALSE(get("a", version_record("a", version_b).type));
  }
  auto broken = version_record("a", version_b);
  broken.wrapped_key.clear();
  const RecordWrite half[] = {{active_record("a", version_b, "second"), to_bytes("first")}, {broken, {}}};
  EXPECT_EQ(code(store_->write(half)), ErrorCode::corrupt);
  EXPECT_EQ(get("a", active_type), active_record("a", version_a, "first"));
  const RecordWrite whole[] = {{version_record("a", version_b), {}},
                               {active_record("a", version_b, "second"), to_bytes("first")}};
  ASSERT_TRUE(store_->write(whole));
  EXPECT_EQ(get("a", active_type), active_record("a", version_b, "second"));
  EXPECT_EQ(get("a", version_record("a", version_b).type), version_record("a", version_b));
}

TEST_P(RecordStoreContract, ScansInTheOrderOfBytesPageByPage) {
  std::vector<Record> all;
  for (const auto* id : {"~", "a", "B", "ab", "a b", "a-b", "ä", "Z", "0", "é", "日"})
    for (const auto& record :
         {active_record(id), version_record(id, version_a), version_record(id, version_b), beacon_record(id)}) {
      ASSERT_TRUE(insert(record));
      all.push_back(record);
    }
  std::ranges::sort(all, {}, [](const Record& r) { return std::pair(r.branch_key_id, r.type); });
  std::vector<Record> active;
  std::ranges::copy_if(all, std::back_inserter(active), [](const Record& r) { return r.type == active_type; });
  for (std::size_t limit = 1; limit <= all.size() + 1; ++limit) {
    std::vector<Record> scanned, scanned_active;
    for (RecordPosition at;;) {
      const auto page = store_->scan(at, limit);
      ASSERT_TRUE(page) << page.error().message;
      ASSERT_LE(page->size(), limit);
      std::ranges::copy(good(page), std::back_inserter(scanned));
      if (page->empty()) break;
      at = page->back().position;
    }
    EXPECT_EQ(scanned, all) << limit;
    for (std::string at;;) {
      const auto page = store_->scan_active(at, limit);
      ASSERT_TRUE(page) << page.error().message;
      ASSERT_LE(page->size(), limit);
      std::ranges::copy(good(page), std::back_inserter(scanned_active));
      if (page->empty()) break;
      at = page->back().position.branch_key_id;
    }
    EXPECT_EQ(scanned_active, active) << limit;
  }
}

TEST_P(RecordStoreContract, LetsExactlyOneOfManyWin) {
  constexpr int threads_count = 8;
  constexpr int rounds = 20;
  ASSERT_TRUE(insert(active_record("a", version_a, "0")));
  std::vector<std::shared_ptr<RecordStore>> stores = {store_, open(), open(), open()};
  std::atomic<int> won = 0, lost = 0;
  std::barrier turn(threads_count);
  std::vector<std::thread> threads;
  threads.reserve(threads_count);
  for (int i = 0; i < threads_count; ++i)
    threads.emplace_back([&, i] {
      auto& store = *stores[static_cast<std::size_t>(i) % stores.size()];
      for (int round = 0; round < rounds; ++round) {
        turn.arrive_and_wait();
        const RecordWrite write{.record = active_record("a", version_a, std::to_string(round + 1)),
                                .replaces = to_bytes(std::to_string(round))};
        const auto done = store.write({&write, 1});
        ++(done ? won : lost);
        EXPECT_TRUE(done || done.error().code == ErrorCode::conflict) << done.error().message;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(won, rounds);
  EXPECT_EQ(lost, rounds * (threads_count - 1));
  EXPECT_EQ(get("a", active_type), active_record("a", version_a, std::to_string(rounds)));
}

TEST_P(RecordStoreContract, IsNotOpenedUnderAnotherName) {
  ASSERT_TRUE(insert(active_record("a")));
  for (const auto* name : {"others", "Tenants", "tenants ", "", "a\nb"}) {
    const auto opened = place_->open(name);
    ASSERT_FALSE(opened) << name;
    EXPECT_EQ(opened.error().code, ErrorCode::invalid_input);
  }
  EXPECT_EQ(get("a", active_type), active_record("a"));
}

}  // namespace keyfold::keystore::testing
