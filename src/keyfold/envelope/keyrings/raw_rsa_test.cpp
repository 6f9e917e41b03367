#include "keyfold/envelope/keyrings/raw_rsa.h"

#include <gtest/gtest.h>

#include "keyfold/core/crypto/rsa_keys_test.h"
#include "keyfold/envelope/keyrings/materials_test.h"
#include "keyfold/envelope/keyrings/multi.h"
#include "keyfold/envelope/keyrings/raw_aes.h"

namespace keyfold::keyrings {
namespace {

using namespace keyfold::keyrings::testing;
using crypto::testing::make_rsa_key;
using crypto::testing::rsa_2048;
using crypto::testing::RsaKeyFiles;
using crypto::testing::secret_text;

constexpr std::array paddings{RsaPadding::pkcs1, RsaPadding::oaep_sha1, RsaPadding::oaep_sha256,
                              RsaPadding::oaep_sha384, RsaPadding::oaep_sha512};

enum class Has { both, public_only, private_only };

std::shared_ptr<const Keyring> rsa(Has has, RsaPadding padding, std::string name = "2026",
                                   const RsaKeyFiles& files = rsa_2048()) {
  auto made = raw_rsa_keyring({.key_namespace = "ledger",
                               .key_name = std::move(name),
                               .padding = padding,
                               .public_key_pem = has == Has::private_only ? "" : files.spki,
                               .private_key_pem = secret_text(has == Has::public_only ? "" : files.pkcs8)});
  EXPECT_TRUE(made) << made.error().message;
  return *made;
}

TEST(RawRsa, WrapsAsTheSpecificationSaysAndUnwraps) {
  for (const auto padding : paddings) {
    auto sealed = fresh();
    ASSERT_TRUE(rsa(Has::public_only, padding)->on_encrypt(sealed));
    EXPECT_EQ(sealed.data_key.size(), 32U);
    ASSERT_EQ(sealed.encrypted_data_keys.size(), 1U);
    EXPECT_EQ(sealed.encrypted_data_keys[0].provider_id, "ledger");
    EXPECT_EQ(as_text(sealed.encrypted_data_keys[0].provider_info), "2026");
    EXPECT_EQ(sealed.encrypted_data_keys[0].ciphertext.size(), 256U);
    for (const auto has : {Has::private_only, Has::both}) {
      const auto opened = unwrap(*rsa(has, padding), sealed);
      ASSERT_TRUE(opened) << opened.error().message;
      EXPECT_TRUE(*opened == sealed.data_key);
    }
  }
}

TEST(RawRsa, WrapsTheDataKeyThatIsThere) {
  auto sealed = fresh();
  ASSERT_TRUE((*raw_aes_keyring({"n", "k", *SecretBytes::zeroed(32)}))->on_encrypt(sealed));
  const auto before = to_hex(sealed.data_key.reveal());
  ASSERT_TRUE(rsa(Has::public_only, RsaPadding::oaep_sha256)->on_encrypt(sealed));
  EXPECT_EQ(to_hex(sealed.data_key.reveal()), before);
  ASSERT_EQ(sealed.encrypted_data_keys.size(), 2U);
  EXPECT_TRUE(*unwrap(*rsa(Has::private_only, RsaPadding::oaep_sha256), sealed) == sealed.data_key);
}

TEST(RawRsa, DoesNothingForWhichItHasNoKey) {
  auto sealed = fresh();
  EXPECT_EQ(code(rsa(Has::private_only, RsaPadding::oaep_sha256)->on_encrypt(sealed)), ErrorCode::invalid_input);
  EXPECT_TRUE(sealed.data_key.empty());
  EXPECT_TRUE(sealed.encrypted_data_keys.empty());
  ASSERT_TRUE(rsa(Has::both, RsaPadding::oaep_sha256)->on_encrypt(sealed));
  EXPECT_EQ(code(unwrap(*rsa(Has::public_only, RsaPadding::oaep_sha256), sealed)), ErrorCode::incorrect_key);
}

TEST(RawRsa, TellsAnotherKeysWrapFromABadOneExceptWithPkcs1) {
  const auto other_key = make_rsa_key(2048);
  for (const auto padding : paddings) {
    auto sealed = fresh();
    ASSERT_TRUE(rsa(Has::public_only, padding)->on_encrypt(sealed));
    EXPECT_EQ(code(unwrap(*rsa(Has::both, padding, "2025"), sealed)), ErrorCode::incorrect_key);
    EXPECT_EQ(code(unwrap(*rsa(Has::both, padding, "20260"), sealed)), ErrorCode::incorrect_key);
    // Below both moduli, so that PKCS#1 is not spared the decryption.
    auto& ciphertext = sealed.encrypted_data_keys[0].ciphertext;
    while ((ciphertext[0] & std::byte{0x80}) != std::byte{0}) {
      sealed.encrypted_data_keys.clear();
      ASSERT_TRUE(rsa(Has::public_only, padding)->on_encrypt(sealed));
    }
    const auto opened = unwrap(*rsa(Has::both, padding, "2026", other_key), sealed);
    if (padding == RsaPadding::pkcs1) {
      ASSERT_TRUE(opened);
      EXPECT_EQ(opened->size(), 32U);
      EXPECT_FALSE(*opened == sealed.data_key);
    } else {
      EXPECT_EQ(code(opened), ErrorCode::authentication);
    }
  }
}

TEST(RawRsa, TriesTheNextWrappedKeyOfItsNameWithOaep) {
  auto sealed = fresh();
  ASSERT_TRUE(rsa(Has::public_only, RsaPadding::oaep_sha256, "2026", make_rsa_key(2048))->on_encrypt(sealed));
  ASSERT_TRUE(rsa(Has::public_only, RsaPadding::oaep_sha256)->on_encrypt(sealed));
  EXPECT_TRUE(*unwrap(*rsa(Has::private_only, RsaPadding::oaep_sha256), sealed) == sealed.data_key);
}

TEST(RawRsa, TakesOnlyRealNamesAndAtLeastOneKey) {
  const auto make = [](std::string ns, std::string name, std::string public_pem, std::string_view private_pem) {
    return raw_rsa_keyring({.key_namespace = std::move(ns),
                            .key_name = std::move(name),
                            .padding = RsaPadding::oaep_sha256,
                            .public_key_pem = std::move(public_pem),
                            .private_key_pem = secret_text(private_pem)});
  };
  const auto& key = rsa_2048();
  EXPECT_TRUE(make("n", "k", key.spki, key.pkcs8));
  EXPECT_TRUE(make("n", std::string(65535, 'k'), key.spki, ""));
  EXPECT_EQ(code(make("n", std::string(65536, 'k'), key.spki, "")), ErrorCode::invalid_input);
  for (const auto& [ns, name] : std::initializer_list<std::pair<std::string, std::string>>{
           {"", "k"}, {"n", ""}, {"aws-kms", "k"}, {"aws-kms-rsa", "k"}, {"n\xff", "k"}, {"n", "k\xff"}})
    EXPECT_EQ(code(make(ns, name, key.spki, key.pkcs8)), ErrorCode::invalid_input) << ns << " " << name;
  EXPECT_EQ(code(make("n", "k", "", "")), ErrorCode::invalid_input);
  EXPECT_EQ(code(make("n", "k", key.pkcs8, "")), ErrorCode::invalid_input) << "no public key out of a private one";
  EXPECT_EQ(code(make("n", "k", "", key.spki)), ErrorCode::invalid_input);
  EXPECT_EQ(code(make("n", "k", "what", key.pkcs8)), ErrorCode::invalid_input);
}

}  // namespace
}  // namespace keyfold::keyrings
