// What every store promises (store.h), tried on each back end. A new one is done when it is listed at the end and this
// passes.

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <thread>

#include "keyfold/core/base/random.h"
#include "keyfold/kms/storage/storage_testing.h"
#include "keyfold/kms/storage/store.h"

namespace keyfold::storage {
namespace {

struct BackEnd {
  const char* name;
  std::function<std::unique_ptr<Store>(const std::filesystem::path&)> open;
};

class StoreContract : public testing::TestWithParam<BackEnd> {
 protected:
  std::uint64_t write(const std::vector<Write>& writes, const std::vector<Condition>& conditions = {}) {
    const auto revision = store_->commit(conditions, writes);
    EXPECT_TRUE(revision) << revision.error().message;
    return revision ? *revision : 0;
  }
  static Write put(std::string name, std::string_view value) {
    return {.name = std::move(name), .value = to_bytes(value)};
  }
  static Write removal(std::string name) { return {.name = std::move(name), .value = std::nullopt}; }
  std::vector<std::string> names(std::string_view prefix, std::string_view after = "", std::size_t limit = 1000) {
    const auto records = store_->scan(prefix, after, limit);
    EXPECT_TRUE(records);
    std::vector<std::string> found;
    for (const auto& record : *records) found.push_back(record.name);
    return found;
  }
  TemporaryDirectory directory_;
  std::unique_ptr<Store> store_ = GetParam().open(directory_.path());
};

using Names = std::vector<std::string>;

TEST_P(StoreContract, StartsEmptyAtRevisionZero) {
  EXPECT_EQ(*store_->revision(), 0U);
  EXPECT_TRUE(names("").empty());
  EXPECT_FALSE(store_->get("a")->has_value());
}

TEST_P(StoreContract, GivesBackWhatWasWritten) {
  Bytes every_byte(256);
  for (std::size_t i = 0; i < every_byte.size(); ++i) every_byte[i] = static_cast<std::byte>(i);
  const Bytes large(value_size_max, std::byte{1});
  const std::string long_name(name_size_max, 'n');
  const auto revision = write(
      {{.name = "a", .value = every_byte}, {.name = "empty", .value = Bytes{}}, {.name = long_name, .value = large}});
  EXPECT_EQ(**store_->get("a"), (Record{.name = "a", .version = revision, .value = every_byte}));
  EXPECT_EQ(**store_->get("empty"), (Record{.name = "empty", .version = revision, .value = {}}));
  EXPECT_EQ(**store_->get(long_name), (Record{.name = long_name, .version = revision, .value = large}));
}

TEST_P(StoreContract, NeverUsesARevisionTwice) {
  std::uint64_t last = 0;
  for (int i = 0; i < 20; ++i) {
    const auto revision = write({i % 2 == 0 ? put("a", "x") : removal("a")});
    EXPECT_GT(revision, last);
    EXPECT_EQ(*store_->revision(), revision);
    last = revision;
  }
  const auto again = write({put("a", "x")});
  EXPECT_EQ((*store_->get("a"))->version, again);
}

TEST_P(StoreContract, CommitsEverythingOrNothing) {
  const auto first = write({put("a", "1"), put("b", "1")});
  const std::vector<std::vector<Condition>> failing = {{{"a", 0}},
                                                       {{"a", first + 1}},
                                                       {{"c", first}},
                                                       {{"a", first}, {"b", 0}},
                                                       {Condition::store_at(first - 1)},
                                                       {Condition::store_at(first + 1)}};
  const std::vector<Write> writes = {put("a", "2"), removal("b"), put("c", "2")};
  for (const auto& conditions : failing) {
    const auto refused = store_->commit(conditions, writes);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::conflict);
    const std::string culprit = conditions.back().name.empty() ? "the store" : conditions.back().name;
    EXPECT_EQ(refused.error().message.find(culprit), 0U) << refused.error().message;
  }
  EXPECT_EQ(*store_->revision(), first);
  EXPECT_EQ(names(""), (Names{"a", "b"}));
  const auto second = write(writes, {{"a", first}, {"b", first}, {"c", 0}, Condition::store_at(first)});
  EXPECT_EQ(second, first + 1);
  EXPECT_EQ(names(""), (Names{"a", "c"}));
  EXPECT_EQ((*store_->get("a"))->version, second);
}

TEST_P(StoreContract, OnlyChecksWithoutWrites) {
  const auto revision = write({put("a", "1")});
  const Condition holds{"a", revision};
  const Condition fails{"a", revision + 1};
  EXPECT_EQ(*store_->commit({&holds, 1}, {}), revision);
  EXPECT_EQ(store_->commit({&fails, 1}, {}).error().code, ErrorCode::conflict);
  EXPECT_EQ(*store_->revision(), revision);
}

TEST_P(StoreContract, RefusesWhatIsBeyondItsLimits) {
  const std::vector<std::vector<Write>> bad = {{put("", "x")},
                                               {put(std::string(name_size_max + 1, 'n'), "x")},
                                               {put(std::string("a\0b", 3), "x")},
                                               {put("a", "x"), put("a", "y")},
                                               {put("a", "x"), removal("a")},
                                               {{.name = "a", .value = Bytes(value_size_max + 1)}}};
  for (const auto& writes : bad) EXPECT_EQ(store_->commit({}, writes).error().code, ErrorCode::invalid_input);
  EXPECT_EQ(*store_->revision(), 0U);
}

TEST_P(StoreContract, ScansByPrefixInTheOrderOfBytes) {
  const std::string high = "key\xff";
  write({put("key/b", "1"), put("key/a", "1"), put("key/a/deeper", "1"), put("kex", "1"), put("kez", "1"),
         put("key", "1"), put(high + "x", "1"), put("key0", "1"), put("KEY/a", "1")});
  EXPECT_EQ(names("key/"), (Names{"key/a", "key/a/deeper", "key/b"}));
  EXPECT_EQ(names("key"), (Names{"key", "key/a", "key/a/deeper", "key/b", "key0", high + "x"}));
  EXPECT_EQ(names(high), (Names{high + "x"}));
  EXPECT_EQ(names("\xff"), Names{});
  EXPECT_EQ(names("key/", "key/a"), (Names{"key/a/deeper", "key/b"}));
  EXPECT_EQ(names("key/", "a"), (Names{"key/a", "key/a/deeper", "key/b"}));
  EXPECT_EQ(names("key/", "key/b"), Names{});
  EXPECT_EQ(names("key/", "zzz"), Names{});
  EXPECT_EQ(names("key/", "", 2), (Names{"key/a", "key/a/deeper"}));
  EXPECT_EQ(names("key/", "", 0), Names{});
}

TEST_P(StoreContract, ReadsInPiecesWhatItReadsAtOnce) {
  std::vector<Write> writes;
  writes.reserve(257);
  for (int i = 0; i < 257; ++i) writes.push_back(put("n/" + std::to_string(i * 7919 % 1000), "x"));
  write(writes);
  const auto whole = names("n/");
  EXPECT_EQ(whole.size(), 257U);
  for (const std::size_t limit : {1U, 2U, 256U, 257U, 258U}) {
    Names pieces;
    for (;;) {
      const auto piece = names("n/", pieces.empty() ? "" : pieces.back(), limit);
      if (piece.empty()) break;
      pieces.insert(pieces.end(), piece.begin(), piece.end());
    }
    EXPECT_EQ(pieces, whole) << limit;
  }
}

TEST_P(StoreContract, AgreesWithAMapOverRandomCommits) {
  SeededRandom random(3);
  std::map<std::string, Record> model;
  std::uint64_t revision = 0;
  for (int i = 0; i < 300; ++i) {
    const auto roll = random.bytes<4>();
    const auto name = "r" + std::to_string(std::to_integer<int>(roll[0]) % 32);
    const auto known = model.contains(name) ? model[name].version : 0;
    const auto expected = std::to_integer<int>(roll[1]) % 4 == 0 ? known + 1 : known;
    const Condition condition{name, expected};
    const bool remove = std::to_integer<int>(roll[2]) % 3 == 0;
    const Write write{.name = name,
                      .value = remove ? std::nullopt : std::optional(Bytes(static_cast<std::size_t>(roll[3])))};
    const auto done = store_->commit({&condition, 1}, {&write, 1});
    ASSERT_EQ(done.has_value(), expected == known);
    if (!done) continue;
    EXPECT_EQ(*done, ++revision);
    if (remove)
      model.erase(name);
    else
      model[name] = {.name = name, .version = revision, .value = *write.value};
  }
  std::vector<Record> expected;
  expected.reserve(model.size());
  for (const auto& [name, record] : model) expected.push_back(record);
  EXPECT_EQ(*store_->scan("", "", 1000), expected);
}

TEST_P(StoreContract, CountsEveryIncrementOfEightThreads) {
  constexpr int threads_count = 8;
  constexpr int increments = 25;
  write({put("counter", "0")});
  std::vector<std::thread> threads;
  threads.reserve(threads_count);
  for (int t = 0; t < threads_count; ++t) {
    threads.emplace_back([&] {
      for (int done = 0; done < increments;) {
        const auto record = store_->get("counter");
        ASSERT_TRUE(record && *record);
        const Condition condition{"counter", (*record)->version};
        const auto next = put("counter", std::to_string(std::stoi(std::string(as_text((*record)->value))) + 1));
        const auto committed = store_->commit({&condition, 1}, {&next, 1});
        ASSERT_TRUE(committed || committed.error().code == ErrorCode::conflict) << committed.error().message;
        if (committed) ++done;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(as_text((*store_->get("counter"))->value), std::to_string(threads_count * increments));
  EXPECT_EQ(*store_->revision(), 1U + threads_count * increments);
}

TEST_P(StoreContract, TruncatesItsLogAndGoesOn) {
  write({put("a", "1")});
  ASSERT_TRUE(store_->truncate_log());
  EXPECT_EQ(as_text((*store_->get("a"))->value), "1");
  write({put("a", "2")});
  EXPECT_EQ(as_text((*store_->get("a"))->value), "2");
}

std::unique_ptr<Store> open_sqlite(const std::filesystem::path& directory) {
  auto store = open_sqlite_store(directory / "store.sqlite");
  EXPECT_TRUE(store) << store.error().message;
  return store ? *std::move(store) : nullptr;
}

INSTANTIATE_TEST_SUITE_P(BackEnds, StoreContract,
                         testing::Values(BackEnd{"memory", [](const auto&) { return open_memory_store(); }},
                                         BackEnd{"sqlite", &open_sqlite}),
                         [](const auto& back_end) { return back_end.param.name; });

}  // namespace
}  // namespace keyfold::storage
