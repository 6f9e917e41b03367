#include "keyfold/kms/vault/sealed_token.h"

#include <gtest/gtest.h>

#include "keyfold/kms/vault/vault_testing.h"

namespace keyfold::vault {
namespace {

constexpr std::string_view label = "keyfold/test-token/v1";

template <std::size_t N>
ByteArray<N> array_of(int from) {
  ByteArray<N> bytes;
  for (std::size_t i = 0; i < N; ++i) bytes[i] = static_cast<std::byte>(from + static_cast<int>(i));
  return bytes;
}

// The example of docs/formats/sealed-token.md.
const SealedTokenHeader example_header{.key = array_of<16>(0x20), .n = array_of<16>(0x30)};
constexpr std::string_view example_token =
    "4b4653540101202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f13f1877e7f55be587c73480b"
    "6b65e874847c9e6ada48087d15c4bdca22f9d4";

TEST(SealedToken, IsWhatTheFormatsPageSays) {
  const auto token =
      seal_token(array_of<32>(0), example_header, array_of<16>(0x40), label, as_bytes("a token's value"));
  ASSERT_TRUE(token);
  EXPECT_EQ(to_hex(*token), example_token);
}

class Tokens : public testing::Test {
 protected:
  SystemRandom random_;
  std::unique_ptr<storage::Store> disk_ = storage::open_memory_store();
  std::unique_ptr<SealedStore> store_ = *open_with(*disk_, random_);
  const TokenScope scope_{.account = test_account(), .region = test_region()};
};

TEST_F(Tokens, GiveBackWhatWasSealed) {
  for (const auto& scope : {scope_, TokenScope{.account = test_account(), .region = {}}})
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, std::size_t{5000}, sealed_token_size_max - sealed_token_overhead}) {
      Bytes value(size);
      random_.fill(value);
      const auto token = store_->seal_token(label, scope, value);
      ASSERT_TRUE(token);
      EXPECT_EQ(token->size(), size + sealed_token_overhead);
      const auto opened = store_->open_token(label, *token);
      ASSERT_TRUE(opened);
      EXPECT_TRUE(std::ranges::equal(opened->reveal(), value));
    }
  const Bytes too_much(sealed_token_size_max - sealed_token_overhead + 1);
  EXPECT_EQ(store_->seal_token(label, scope_, too_much).error().code, ErrorCode::invalid_input);
}

TEST_F(Tokens, OpenAfterARestartThoughTheFirstOneMadeItsKey) {
  const auto token = store_->seal_token(label, scope_, as_bytes("value"));
  ASSERT_TRUE(token);
  const auto other = store_->seal_token(label, scope_, as_bytes("value"));
  EXPECT_NE(*token, *other);
  store_.reset();
  store_ = *open_with(*disk_, random_);
  EXPECT_TRUE(store_->open_token(label, *token));
}

TEST_F(Tokens, DoNotOpenWhenABitIsAnotherOrTheEndIsMissing) {
  const Bytes token = *store_->seal_token(label, scope_, as_bytes("value"));
  for (std::size_t bit = 0; bit < token.size() * 8; ++bit) {
    Bytes altered = token;
    altered[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    EXPECT_FALSE(store_->open_token(label, altered)) << bit;
  }
  for (std::size_t size = 0; size < token.size(); ++size)
    EXPECT_FALSE(store_->open_token(label, BytesView(token).first(size))) << size;
  Bytes longer = token;
  longer.push_back({});
  EXPECT_FALSE(store_->open_token(label, longer));
}

TEST_F(Tokens, AreOfOneLabelAndOneStore) {
  const Bytes token = *store_->seal_token(label, scope_, as_bytes("value"));
  EXPECT_EQ(store_->open_token("keyfold/test-token/v2", token).error().code, ErrorCode::authentication);
  const auto other_disk = storage::open_memory_store();
  const auto other = *open_with(*other_disk, random_);
  ASSERT_TRUE(other->seal_token(label, scope_, {}));
  EXPECT_EQ(other->open_token(label, token).error().code, ErrorCode::authentication);
  // The very same keys, in a store with another id.
  Bytes out(token.size() - sealed_token_overhead);
  const Bytes key(32, std::byte{9});
  const auto sealed = *seal_token(key, example_header, array_of<16>(1), label, as_bytes("value"));
  EXPECT_TRUE(open_token(key, array_of<16>(1), label, sealed, out));
  EXPECT_FALSE(open_token(key, array_of<16>(2), label, sealed, out));
}

}  // namespace
}  // namespace keyfold::vault
