#include "keyfold/kms/vault/sealed_record.h"

#include <gtest/gtest.h>

#include "keyfold/core/base/random.h"
#include "keyfold/kms/vault/vault_testing.h"

namespace keyfold::vault {
namespace {

Bytes counting(std::size_t size, int from) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(from + static_cast<int>(i));
  return bytes;
}
template <std::size_t N>
ByteArray<N> array_of(int from) {
  ByteArray<N> bytes;
  std::ranges::copy(counting(N, from), bytes.begin());
  return bytes;
}

// The example of docs/formats/sealed-record.md.
const Bytes example_key = counting(32, 0x00);
const SealedHeader example_header{.key = array_of<16>(0x20), .n = array_of<16>(0x30)};
const StoreId example_store_id = array_of<16>(0x40);
const RecordName example_name = test_name(RecordType::alias, "alias/payments");
constexpr std::uint64_t example_version = 7;
constexpr std::string_view example_value = "1234abcd-12ab-34cd-56ef-1234567890ab";

// Computed by other software (Python's hmac and cryptography).
constexpr std::string_view example_record =
    "4b4653520101202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f861e7f01c775d6ccd70d45ec"
    "69a9d0c8a7f2524481ade9b25042bbc140e02ac570aa78cb9907c8eeedda0f03ad270ffba50deac5";

Result<Bytes> open(BytesView sealed, const RecordPlace& place = {example_store_id, example_name, example_version},
                   BytesView under = example_key) {
  Bytes out(sealed.size() < sealed_overhead ? 0 : sealed.size() - sealed_overhead);
  if (const auto read = read_sealed_header(sealed); !read) return read.error();
  if (const auto opened = open_record(under, place, sealed, out); !opened) return opened.error();
  return out;
}

Bytes sealed_example() {
  return *seal_record(example_key, example_header, {example_store_id, example_name, example_version},
                      as_bytes(example_value));
}

TEST(SealedRecord, IsWhatTheFormatsPageSays) { EXPECT_EQ(to_hex(sealed_example()), example_record); }

TEST(SealedRecord, GivesBackWhatWasSealed) {
  SeededRandom random(1);
  for (const std::size_t size : {0U, 1U, 15U, 16U, 17U, 4096U, 100000U}) {
    Bytes plain(size);
    random.fill(plain);
    const auto sealed =
        seal_record(example_key, example_header, {example_store_id, example_name, example_version}, plain);
    ASSERT_TRUE(sealed);
    EXPECT_EQ(sealed->size(), size + sealed_overhead);
    const auto opened = open(*sealed);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(*opened, plain);
    EXPECT_EQ(read_sealed_header(*sealed)->key, example_header.key);
  }
}

TEST(SealedRecord, RefusesEveryFlippedBit) {
  const auto whole = sealed_example();
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    auto altered = whole;
    altered[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    EXPECT_FALSE(open(altered)) << "bit " << bit;
  }
}

TEST(SealedRecord, RefusesEveryOtherFormatVersion) {
  auto sealed = sealed_example();
  for (int version = 0; version < 256; ++version) {
    sealed[4] = static_cast<std::byte>(version);
    EXPECT_EQ(read_sealed_header(sealed).has_value(), version == 1) << version;
  }
}

TEST(SealedRecord, RefusesEveryTruncationAndEveryAddedByte) {
  const auto whole = sealed_example();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(open(std::span(whole).first(size))) << size;
    EXPECT_FALSE(open(std::span(whole).last(size))) << size;
  }
  for (int byte = 0; byte < 256; ++byte) {
    auto longer = whole;
    longer.push_back(static_cast<std::byte>(byte));
    EXPECT_FALSE(open(longer)) << byte;
  }
}

TEST(SealedRecord, OpensAtItsOwnPlaceOnly) {
  const auto whole = sealed_example();
  ASSERT_TRUE(open(whole));
  for (int bit = 0; bit < 64; ++bit)
    EXPECT_FALSE(open(whole, {example_store_id, example_name, example_version ^ (std::uint64_t{1} << bit)})) << bit;
  for (std::size_t bit = 0; bit < 128; ++bit) {
    auto other = example_store_id;
    other[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    EXPECT_FALSE(open(whole, {other, example_name, example_version})) << bit;
  }
  const std::vector<RecordName> others = {
      test_name(RecordType::alias, "alias/payment"),
      test_name(RecordType::key, "alias/payments"),
      RecordName(RecordType::alias, "alias/payments"),
      RecordName(RecordType::alias, test_account(), "alias/payments"),
      RecordName(RecordType::alias, test_account(), *Region::parse("eu-central-2"), "alias/payments"),
      RecordName(RecordType::alias, *AccountId::parse("123456789013"), test_region(), "alias/payments")};
  for (const auto& other : others)
    EXPECT_FALSE(open(whole, {example_store_id, other, example_version})) << other.text();
  for (std::size_t bit = 0; bit < 256; ++bit) {
    auto other = example_key;
    other[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    EXPECT_FALSE(open(whole, {example_store_id, example_name, example_version}, other)) << bit;
  }
}

TEST(RecordName, ReadsBackAsItWasMade) {
  const std::vector<RecordName> names = {RecordName(RecordType::meta, "store"),
                                         RecordName(RecordType::user, test_account(), "ledger-writer"),
                                         test_name(RecordType::alias, "alias/a/b/c"), test_name(RecordType::key, "-")};
  for (const auto& made : names) {
    const auto read = RecordName::parse(made.text());
    ASSERT_TRUE(read) << made.text();
    EXPECT_EQ(*read, made);
    EXPECT_EQ(read->type(), made.type());
    EXPECT_EQ(read->account(), made.account());
    EXPECT_EQ(read->region(), made.region());
    EXPECT_EQ(read->id(), made.id());
  }
  EXPECT_EQ(names[2].id(), "alias/a/b/c");
  EXPECT_EQ(names[1].region(), "-");
}

TEST(RecordName, RefusesWhatIsNone) {
  for (const auto* text : {"", "/", "key", "key/", "key/-", "key/-/-", "key/-/-/", "kez/-/-/a", "/-/-/a", "key//-/a",
                           "key/-//a", "key/-/eu-central-1/a", "key/12345678901/-/a", "key/123456789012/EU/a",
                           "key/123456789012/-/a\n", "key/123456789012/-/\x80"})
    EXPECT_FALSE(RecordName::parse(text)) << text;
  EXPECT_FALSE(RecordName::parse("key/-/-/" + std::string(RecordName::id_size_max + 1, 'a')));
  EXPECT_TRUE(RecordName::parse("key/-/-/" + std::string(RecordName::id_size_max, 'a')));
}

}  // namespace
}  // namespace keyfold::vault
