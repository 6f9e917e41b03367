#include "keyfold/kms/vault/sealed_head.h"

#include <gtest/gtest.h>

#include "keyfold/core/base/random.h"
#include "keyfold/kms/vault/manifest.h"
#include "keyfold/kms/vault/vault_testing.h"

namespace keyfold::vault {
namespace {

Entry entry_of(std::uint8_t byte, std::uint64_t version) {
  Entry entry{.version = version, .tag = {}};
  entry.tag.fill(std::byte{byte});
  return entry;
}

RecordSum empty_sum() {
  StoreId store;
  store.fill(std::byte{0x40});
  return *RecordSum::of_nothing(root_key_of(7), store);
}

// The examples of docs/formats/sealed-head.md, computed by other software (Python's hmac).
TEST(RecordSum, IsWhatTheFormatsPageSays) {
  auto sum = empty_sum();
  sum.add("key/-/-/a", entry_of(0x11, 1));
  EXPECT_EQ(to_hex(sum.value()), "db8693c1fc0949121d959c959a2bd6e9b8d03dbf165232f9022651e78b8da277");
  sum.add("key/-/-/b", entry_of(0x22, 2));
  EXPECT_EQ(to_hex(sum.value()), "71b3b19f94fc5be25f633b18ceb7e92dce832045f15796a7021f06e4be0e4b87");
}

TEST(Head, IsWhatTheFormatsPageSays) {
  auto sum = empty_sum();
  sum.add("key/-/-/a", entry_of(0x11, 1));
  const Head head{.revision = 2, .records = 1, .sum = sum.value(), .directories = {entry_of(0x33, 2)}};
  EXPECT_EQ(to_hex(write_head(head)),
            "00000000000000020000000000000001db8693c1fc0949121d959c959a2bd6e9b8d03dbf165232f9022651e78b8da2770000"
            "0001000000000000000233333333333333333333333333333333");
  EXPECT_EQ(to_hex(write_page({{"key/-/-/a", entry_of(0x11, 1)}})),
            "000100096b65792f2d2f2d2f61000000000000000111111111111111111111111111111111");
  EXPECT_EQ(to_hex(write_directory({entry_of(0x33, 2)})), "0001000000000000000233333333333333333333333333333333");
}

TEST(RecordSum, ForgetsWhatIsSubtractedInAnyOrder) {
  SeededRandom random(5);
  auto sum = empty_sum();
  std::vector<PageEntry> entries;
  entries.reserve(200);
  for (int i = 0; i < 200; ++i)
    entries.push_back(
        {"r" + std::to_string(i % 150), {.version = static_cast<std::uint64_t>(i), .tag = random.bytes<16>()}});
  for (const auto& [name, entry] : entries) sum.add(name, entry);
  const auto whole = sum.value();
  for (const auto& [name, entry] : entries) sum.subtract(name, entry);
  EXPECT_EQ(to_hex(sum.value()), std::string(64, '0'));
  // Below zero and back: the arithmetic is modulo 2^256.
  for (const auto& [name, entry] : entries) sum.subtract(name, entry);
  for (int twice = 0; twice < 2; ++twice)
    for (auto at = entries.rbegin(); at != entries.rend(); ++at) sum.add(at->name, at->entry);
  EXPECT_EQ(sum.value(), whole);
  sum.set({});
  sum.set(whole);
  EXPECT_EQ(sum.value(), whole);
}

TEST(RecordSum, TellsEveryRecordFromEveryOther) {
  const auto of = [](std::initializer_list<PageEntry> entries) {
    auto sum = empty_sum();
    for (const auto& [name, entry] : entries) sum.add(name, entry);
    return sum.value();
  };
  const PageEntry a{"a", entry_of(1, 1)};
  const PageEntry a_later{"a", entry_of(1, 2)};
  const PageEntry a_other{"a", entry_of(2, 1)};
  const PageEntry b{"b", entry_of(1, 1)};
  const std::vector<ByteArray<32>> sums = {of({}),     of({a}),       of({a, a}),    of({a, a, a}), of({b}),
                                           of({a, b}), of({a_later}), of({a_other}), of({b, b})};
  for (std::size_t i = 0; i < sums.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(sums[i], sums[j]) << i << " " << j;
  EXPECT_EQ(of({a, b}), of({b, a}));
  StoreId store;
  store.fill(std::byte{0x41});
  auto elsewhere = *RecordSum::of_nothing(root_key_of(7), store);
  elsewhere.add(a.name, a.entry);
  EXPECT_NE(elsewhere.value(), of({a}));
}

template <class Read>
void refuses_every_truncation(const Bytes& whole, Read read) {
  EXPECT_TRUE(read(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(read(std::span(whole).first(size))) << size;
  auto longer = whole;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(read(longer));
}

TEST(Head, RefusesEveryTruncation) {
  refuses_every_truncation(
      write_head({.revision = 3, .records = 2, .sum = {}, .directories = {entry_of(1, 1), entry_of(2, 2)}}),
      [](BytesView bytes) { return read_head(bytes).has_value(); });
  refuses_every_truncation(write_page({{"key/-/-/a", entry_of(1, 1)}, {"key/-/-/b", entry_of(2, 2)}}),
                           [](BytesView bytes) { return read_page(bytes).has_value(); });
  refuses_every_truncation(write_directory({entry_of(1, 1), entry_of(2, 2)}),
                           [](BytesView bytes) { return read_directory(bytes).has_value(); });
}

TEST(Head, RefusesMoreEntriesThanAPageOrADirectoryHas) {
  for (const std::size_t count : {page_entries_max, page_entries_max + 1})
    EXPECT_EQ(read_page(write_page(std::vector<PageEntry>(count))).has_value(), count == page_entries_max);
  for (const std::size_t count : {directory_entries_max, directory_entries_max + 1})
    EXPECT_EQ(read_directory(write_directory(std::vector<Entry>(count))).has_value(), count == directory_entries_max);
}

TEST(Manifest, RewritesAsManyPagesAsRecordsChanged) {
  Manifest manifest;
  const auto commit = [&](std::vector<EntryChange> changes) {
    auto update = manifest.plan(std::move(changes));
    for (const auto& [page, entries] : update.pages) update.page_entries.emplace(page, entry_of(1, 1));
    for (const auto& [directory, pages] : manifest.directories_after(update))
      update.directory_entries.emplace(directory, entry_of(1, 1));
    manifest.apply(update);
    return update.pages.size();
  };
  std::vector<EntryChange> all;
  all.reserve(10000);
  for (int i = 0; i < 10000; ++i) all.push_back({"r" + std::to_string(i), entry_of(1, 1)});
  EXPECT_EQ(commit(all), 313U);  // 10,000 / 32, rounded up.
  EXPECT_EQ(manifest.directories().size(), 3U);
  EXPECT_EQ(commit({{"r0", entry_of(1, 2)}}), 1U);
  EXPECT_EQ(commit({{"r0", entry_of(1, 3)}, {"r9999", std::nullopt}, {"new", entry_of(1, 3)}}), 2U);
  EXPECT_EQ(commit({{"a", entry_of(1, 4)}, {"b", entry_of(1, 4)}, {"c", entry_of(1, 4)}}), 1U);
  EXPECT_EQ(manifest.find("new")->version, 3U);
  EXPECT_EQ(manifest.find("r9999"), nullptr);
  // Room that was given back is used again.
  std::vector<EntryChange> gone;
  gone.reserve(5000);
  for (int i = 0; i < 5000; ++i) gone.push_back({"r" + std::to_string(i), std::nullopt});
  commit(gone);
  const auto pages = manifest.pages().size();
  for (int i = 0; i < 5000; ++i) commit({{"s" + std::to_string(i), entry_of(1, 5)}});
  EXPECT_EQ(manifest.pages().size(), pages);
}

}  // namespace
}  // namespace keyfold::vault
