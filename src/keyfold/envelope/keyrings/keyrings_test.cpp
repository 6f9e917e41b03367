// The keyrings one by one and together, against a KMS in memory.

#include <gtest/gtest.h>

#include "keyfold/envelope/keyrings/fake_kms_test.h"
#include "keyfold/envelope/keyrings/kms.h"
#include "keyfold/envelope/keyrings/materials_manager.h"
#include "keyfold/envelope/keyrings/materials_test.h"
#include "keyfold/envelope/keyrings/multi.h"
#include "keyfold/envelope/keyrings/raw_aes.h"

namespace keyfold::keyrings {
namespace {

using namespace keyfold::keyrings::testing;
using materials::EncryptionMaterials;
using materials::SuiteId;

const std::string key_a = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const std::string key_b = "arn:aws:kms:eu-west-1:123456789012:key/abcdabcd-12ab-34cd-56ef-1234567890ab";

std::shared_ptr<const Keyring> kms(const std::shared_ptr<FakeKms>& client, std::string_view key) {
  return kms_keyring(client, *KmsKeyName::parse(key));
}
std::shared_ptr<const Keyring> raw(std::string key_namespace, std::string name, std::size_t size = 32,
                                   std::byte fill = std::byte{1}) {
  auto made = raw_aes_keyring({std::move(key_namespace), std::move(name), *SecretBytes::copy_of(Bytes(size, fill))});
  EXPECT_TRUE(made) << made.error().message;
  return *made;
}
std::shared_ptr<const Keyring> multi(std::shared_ptr<const Keyring> generator,
                                     std::vector<std::shared_ptr<const Keyring>> children) {
  return *multi_keyring(std::move(generator), std::move(children));
}

TEST(RawAes, WrapsAsTheSpecificationSaysAndUnwraps) {
  for (const std::size_t size : {16U, 24U, 32U}) {
    const auto keyring = raw("ledger", "2026", size);
    auto sealed = fresh();
    ASSERT_TRUE(keyring->on_encrypt(sealed));
    EXPECT_EQ(sealed.data_key.size(), 32U);
    ASSERT_EQ(sealed.encrypted_data_keys.size(), 1U);
    const auto& key = sealed.encrypted_data_keys[0];
    EXPECT_EQ(key.provider_id, "ledger");
    EXPECT_EQ(to_hex(BytesView(key.provider_info).first(12)), to_hex(as_bytes("2026")) +
                                                                  "00000080"
                                                                  "0000000c");
    EXPECT_EQ(key.provider_info.size(), 4U + 4 + 4 + 12);
    EXPECT_EQ(key.ciphertext.size(), 32U + 16);
    const auto opened = unwrap(*keyring, sealed);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_TRUE(*opened == sealed.data_key);
  }
}

TEST(RawAes, RefusesAnyFlippedBitOfWhatItWrapped) {
  const auto keyring = raw("ledger", "2026");
  auto sealed = fresh();
  ASSERT_TRUE(keyring->on_encrypt(sealed));
  for (auto field : {&materials::EncryptedDataKey::provider_info, &materials::EncryptedDataKey::ciphertext}) {
    auto& bytes = sealed.encrypted_data_keys[0].*field;
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      bytes[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
      EXPECT_FALSE(unwrap(*keyring, sealed)) << bit;
      bytes[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    }
  }
  EXPECT_TRUE(unwrap(*keyring, sealed));
}

TEST(RawAes, TellsAnotherKeysWrapFromABadOne) {
  const auto keyring = raw("ledger", "2026");
  auto sealed = fresh();
  ASSERT_TRUE(keyring->on_encrypt(sealed));
  EXPECT_EQ(code(unwrap(*raw("ledger", "2025"), sealed)), ErrorCode::incorrect_key);
  EXPECT_EQ(code(unwrap(*raw("ledger", "20260"), sealed)), ErrorCode::incorrect_key);
  EXPECT_EQ(code(unwrap(*raw("cellar", "2026"), sealed)), ErrorCode::incorrect_key);
  EXPECT_EQ(code(unwrap(*raw("ledger", "2026", 32, std::byte{2}), sealed)), ErrorCode::authentication);
  EXPECT_EQ(code(unwrap(*keyring, sealed, {{"tenant", "4712"}})), ErrorCode::authentication);
}

TEST(RawAes, TakesOnlyRealNamesAndKeys) {
  const auto make = [](std::string ns, std::string name, std::size_t size) {
    return raw_aes_keyring({std::move(ns), std::move(name), *SecretBytes::zeroed(size)}).has_value();
  };
  EXPECT_TRUE(make("n", "k", 32));
  EXPECT_FALSE(make("", "k", 32));
  EXPECT_FALSE(make("n", "", 32));
  EXPECT_FALSE(make("aws-kms", "k", 32));
  EXPECT_FALSE(make("n\xff", "k", 32));
  EXPECT_TRUE(make("n", std::string(65535 - 20, 'k'), 32));
  EXPECT_FALSE(make("n", std::string(65535 - 19, 'k'), 32));
  for (const std::size_t size : {0U, 15U, 17U, 31U, 33U}) EXPECT_FALSE(make("n", "k", size)) << size;
}

TEST(KmsKeyName, TakesTheFourFormsAndNothingElse) {
  using Form = KmsKeyName::Form;
  const std::map<std::string, Form> forms{
      {key_a, Form::key_arn},
      {"arn:aws-cn:kms:cn-north-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab", Form::key_arn},
      {"1234abcd-12ab-34cd-56ef-1234567890ab", Form::key_id},
      {"alias/ledger", Form::alias_name},
      {"arn:aws:kms:eu-central-1:123456789012:alias/ledger", Form::alias_arn}};
  for (const auto& [text, form] : forms) {
    const auto name = KmsKeyName::parse(text);
    ASSERT_TRUE(name) << text;
    EXPECT_EQ(name->form(), form) << text;
  }
  for (const char* text :
       {"", "ledger", "alias/", "arn:aws:kms:eu-central-1:123456789012:key/", "arn:aws:s3:eu-central-1:1:key/x",
        "arn:aws:kms::123456789012:key/x", "arn:aws:kms:eu-central-1::key/x", "alias/a b",
        "arn:aws:kms:eu-central-1:123456789012:key/a b", "arn:pear:kms:eu-central-1:123456789012:key/x"})
    EXPECT_FALSE(KmsKeyName::parse(text)) << text;
}

TEST(Kms, GeneratorGeneratesAndTheKeyArnOfTheAnswerGoesIntoTheMessage) {
  for (const std::string& name : {key_a, std::string("alias/ledger"), key_a.substr(key_a.find('/') + 1)}) {
    const auto client = std::make_shared<FakeKms>(key_a);
    client->names[name] = key_a;
    const auto keyring = kms(client, name);
    auto sealed = fresh();
    ASSERT_TRUE(keyring->on_encrypt(sealed));
    EXPECT_EQ(client->generated, 1);
    EXPECT_EQ(client->encrypted, 0);
    EXPECT_EQ(sealed.encrypted_data_keys[0].provider_id, "aws-kms");
    EXPECT_EQ(as_text(sealed.encrypted_data_keys[0].provider_info), key_a);
    const auto opened = unwrap(*keyring, sealed);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_TRUE(*opened == sealed.data_key);
  }
}

TEST(Kms, ChildEncrypts) {
  const auto client = std::make_shared<FakeKms>(key_a);
  auto sealed = fresh();
  ASSERT_TRUE(raw("n", "k")->on_encrypt(sealed));
  ASSERT_TRUE(kms(client, key_a)->on_encrypt(sealed));
  EXPECT_EQ(client->generated, 0);
  EXPECT_EQ(client->encrypted, 1);
  EXPECT_TRUE(*unwrap(*kms(client, key_a), sealed) == sealed.data_key);
}

TEST(Kms, NeverAsksAboutAnotherKeysDataKeys) {
  const auto client_a = std::make_shared<FakeKms>(key_a);
  const auto client_b = std::make_shared<FakeKms>(key_b);
  auto sealed = fresh();
  ASSERT_TRUE(kms(client_a, key_a)->on_encrypt(sealed));
  for (const std::string& name :
       {key_b, key_b.substr(key_b.find('/') + 1), std::string("arn:aws:kms:eu-west-1:123456789012:alias/x")})
    EXPECT_EQ(code(unwrap(*kms(client_b, name), sealed)), ErrorCode::incorrect_key) << name;
  EXPECT_EQ(client_b->decrypted, 0);
}

TEST(Kms, TakesNoAnswerFromAnotherKeyThanTheMessageNames) {
  const auto client = std::make_shared<FakeKms>(key_a);
  client->names["alias/ledger"] = key_a;
  auto sealed = fresh();
  ASSERT_TRUE(kms(client, "alias/ledger")->on_encrypt(sealed));
  client->answers_with = key_b;
  EXPECT_EQ(code(unwrap(*kms(client, "alias/ledger"), sealed)), ErrorCode::incorrect_key);
  EXPECT_EQ(code(unwrap(*kms(client, key_a), sealed)), ErrorCode::incorrect_key);
  client->answers_with = "1234";
  auto other = fresh();
  EXPECT_EQ(code(kms(client, key_a)->on_encrypt(other)), ErrorCode::internal);
  EXPECT_TRUE(other.data_key.empty());
  EXPECT_TRUE(other.encrypted_data_keys.empty());
}

TEST(Kms, TakesNoDataKeyOfAnotherSize) {
  const auto client = std::make_shared<FakeKms>(key_a);
  auto sealed = fresh();
  ASSERT_TRUE(kms(client, key_a)->on_encrypt(sealed));
  client->size_of_answers = 16;
  EXPECT_EQ(code(unwrap(*kms(client, key_a), sealed)), ErrorCode::internal);
  auto other = fresh();
  EXPECT_EQ(code(kms(client, key_a)->on_encrypt(other)), ErrorCode::internal);
}

TEST(Kms, PassesTheKmssRefusalOn) {
  const auto client = std::make_shared<FakeKms>(key_a);
  auto sealed = fresh();
  ASSERT_TRUE(kms(client, key_a)->on_encrypt(sealed));
  for (const auto refusal :
       {ErrorCode::unavailable, ErrorCode::access_denied, ErrorCode::disabled, ErrorCode::not_found}) {
    client->failure = Error{refusal, "says the KMS"};
    auto other = fresh();
    EXPECT_EQ(code(kms(client, key_a)->on_encrypt(other)), refusal);
    const auto opened = unwrap(*kms(client, key_a), sealed);
    EXPECT_EQ(code(opened), refusal);
    EXPECT_NE(opened.error().message.find("says the KMS"), std::string::npos);
    EXPECT_NE(opened.error().message.find(key_a), std::string::npos);
  }
}

TEST(Multi, AnyOfItsKeyringsOpens) {
  const auto client = std::make_shared<FakeKms>(key_a);
  const auto first = kms(client, key_a), second = raw("n", "k");
  auto sealed = fresh();
  ASSERT_TRUE(multi(first, {second})->on_encrypt(sealed));
  ASSERT_EQ(sealed.encrypted_data_keys.size(), 2U);
  for (const auto& keyring : {first, second, multi(nullptr, {second}), multi(second, {first})})
    EXPECT_TRUE(*unwrap(*keyring, sealed) == sealed.data_key) << keyring->describe();
}

TEST(Multi, OpensThroughTheSecondWhenTheFirstFails) {
  const auto client_a = std::make_shared<FakeKms>(key_a);
  const auto client_b = std::make_shared<FakeKms>(key_b);
  const auto both = multi(kms(client_a, key_a), {kms(client_b, key_b)});
  auto sealed = fresh();
  ASSERT_TRUE(both->on_encrypt(sealed));
  client_a->failure = Error{ErrorCode::unavailable, "gone"};
  EXPECT_TRUE(unwrap(*both, sealed));
}

TEST(Multi, SealsWithAllOrNotAtAll) {
  const auto client = std::make_shared<FakeKms>(key_a);
  client->failure = Error{ErrorCode::access_denied, "no"};
  auto sealed = fresh();
  EXPECT_EQ(code(multi(raw("n", "k"), {kms(client, key_a)})->on_encrypt(sealed)), ErrorCode::access_denied);
  EXPECT_TRUE(sealed.data_key.empty());
  EXPECT_TRUE(sealed.encrypted_data_keys.empty());
}

TEST(Multi, NeedsAGeneratorToSealAndRefusesAKeyThatIsThere) {
  auto sealed = fresh();
  EXPECT_FALSE(multi(nullptr, {raw("n", "k")})->on_encrypt(sealed));
  ASSERT_TRUE(raw("n", "k")->on_encrypt(sealed));
  EXPECT_FALSE(multi(raw("n", "k"), {})->on_encrypt(sealed));
  EXPECT_TRUE(multi(nullptr, {raw("n", "l")})->on_encrypt(sealed));
  EXPECT_FALSE(multi_keyring(nullptr, {}));
}

TEST(Multi, FailsWithTheMostTellingCodeAndHidesNothing) {
  // In this order: while a KMS cannot be reached, nothing is known to be lost.
  const std::vector<ErrorCode> order{ErrorCode::unavailable,   ErrorCode::access_denied, ErrorCode::disabled,
                                     ErrorCode::invalid_state, ErrorCode::not_found,     ErrorCode::invalid_ciphertext,
                                     ErrorCode::incorrect_key};
  const auto client_a = std::make_shared<FakeKms>(key_a);
  const auto client_b = std::make_shared<FakeKms>(key_b);
  const auto both = multi(kms(client_a, key_a), {kms(client_b, key_b)});
  auto sealed = fresh();
  ASSERT_TRUE(both->on_encrypt(sealed));
  for (std::size_t a = 0; a < order.size(); ++a)
    for (std::size_t b = 0; b < order.size(); ++b) {
      client_a->failure = Error{order[a], "reason A"};
      client_b->failure = Error{order[b], "reason B"};
      const auto opened = unwrap(*both, sealed);
      EXPECT_EQ(code(opened), order[std::min(a, b)]) << a << " " << b;
      EXPECT_NE(opened.error().message.find("reason A"), std::string::npos);
      EXPECT_NE(opened.error().message.find("reason B"), std::string::npos);
    }
  EXPECT_EQ(code(unwrap(*multi(raw("x", "y"), {raw("x", "z")}), sealed)), ErrorCode::incorrect_key);
}

class Manager : public ::testing::Test {
 protected:
  std::shared_ptr<FakeKms> client = std::make_shared<FakeKms>(key_a);
  std::shared_ptr<MaterialsManager> manager = default_materials_manager(kms(client, key_a));
  static constexpr auto policy = materials::CommitmentPolicy::require_encrypt_require_decrypt;
  static constexpr auto unsigned_suite = SuiteId::aes_256_gcm_hkdf_sha512_commit_key;
  static constexpr auto signed_suite = SuiteId::aes_256_gcm_hkdf_sha512_commit_key_ecdsa_p384;

  Result<std::shared_ptr<const EncryptionMaterials>> encryption(const EncryptionContext& context, SuiteId suite) {
    return manager->for_encryption({.encryption_context = context, .suite = suite, .commitment_policy = policy});
  }
  Result<std::shared_ptr<const materials::DecryptionMaterials>> decryption(const EncryptionMaterials& sealed,
                                                                           SuiteId suite,
                                                                           const EncryptionContext& context,
                                                                           const EncryptionContext& reproduced = {}) {
    std::vector<ContextPair> pairs;
    const auto view = context.view(pairs);
    Bytes serialized;
    EXPECT_TRUE(materials::append_serialized_context(serialized, view));
    Bytes keys;
    for (const auto& key : sealed.encrypted_data_keys) materials::append_encrypted_data_key(keys, key.view());
    return manager->for_decryption(
        {.suite = materials::suite_of(suite),
         .commitment_policy = policy,
         .encryption_context = view,
         .serialized_context = serialized,
         .encrypted_data_keys = {keys, static_cast<std::uint16_t>(sealed.encrypted_data_keys.size())},
         .reproduced_context = reproduced});
  }
};

TEST_F(Manager, PutsAFreshPublicKeyIntoTheContextOfSignedMessagesOnly) {
  const auto plain = encryption({{"a", "b"}}, unsigned_suite);
  ASSERT_TRUE(plain);
  EXPECT_EQ((*plain)->encryption_context, (EncryptionContext{{"a", "b"}}));
  EXPECT_EQ((*plain)->signing_key, nullptr);
  const auto one = encryption({{"a", "b"}}, signed_suite), two = encryption({{"a", "b"}}, signed_suite);
  ASSERT_TRUE(one && two);
  ASSERT_NE((*one)->signing_key, nullptr);
  const auto* key_one = (*one)->encryption_context.find("aws-crypto-public-key");
  const auto* key_two = (*two)->encryption_context.find("aws-crypto-public-key");
  ASSERT_TRUE(key_one != nullptr && key_two != nullptr);
  EXPECT_EQ(from_base64(*key_one)->size(), 49U);
  EXPECT_NE(*key_one, *key_two);
}

TEST_F(Manager, VerifiesWithTheKeyThatItSignedWith) {
  const auto sealed = encryption({}, signed_suite);
  ASSERT_TRUE(sealed);
  const auto opened = decryption(**sealed, signed_suite, (*sealed)->encryption_context);
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_TRUE((*opened)->data_key == (*sealed)->data_key);
  Bytes digest(48, std::byte{3});
  const auto signature = (*sealed)->signing_key->sign(digest);
  ASSERT_TRUE(signature);
  EXPECT_TRUE((*opened)->verification_key->verify(digest, *signature));
  digest[0] ^= std::byte{1};
  EXPECT_EQ(code((*opened)->verification_key->verify(digest, *signature)), ErrorCode::authentication);
}

TEST_F(Manager, RefusesTheReservedPrefixBeforeItAsksTheKms) {
  for (const char* key : {"aws-crypto-public-key", "aws-crypto-", "aws-crypto-x"})
    EXPECT_EQ(code(encryption({{key, "v"}}, unsigned_suite)), ErrorCode::invalid_input) << key;
  EXPECT_EQ(client->generated, 0);
  EXPECT_TRUE(encryption({{"aws-crypt", "v"}}, unsigned_suite));
  EXPECT_TRUE(encryption({{"AWS-crypto-x", "v"}}, unsigned_suite));
}

TEST_F(Manager, RefusesSuitesThatThePolicyRulesOutBeforeItAsksTheKms) {
  EXPECT_EQ(code(encryption({}, SuiteId::aes_256_gcm_hkdf_sha256)), ErrorCode::invalid_input);
  EXPECT_EQ(client->generated, 0);
}

TEST_F(Manager, RefusesAReproducedPairThatTheMessageHasOtherwiseBeforeItAsksTheKms) {
  const EncryptionContext context{{"a", "1"}, {"b", "2"}};
  const auto sealed = encryption(context, unsigned_suite);
  ASSERT_TRUE(sealed);
  EXPECT_TRUE(decryption(**sealed, unsigned_suite, context, {}));
  EXPECT_TRUE(decryption(**sealed, unsigned_suite, context, {{"a", "1"}}));
  EXPECT_TRUE(decryption(**sealed, unsigned_suite, context, context));
  const int asked = client->decrypted;
  EXPECT_EQ(code(decryption(**sealed, unsigned_suite, context, {{"a", "2"}})), ErrorCode::authentication);
  EXPECT_EQ(client->decrypted, asked);
}

TEST_F(Manager, TakesReproducedPairsThatTheMessageLacksForPartOfItsContext) {
  const EncryptionContext whole{{"a", "1"}, {"b", "2"}};
  const auto sealed = encryption(whole, unsigned_suite);
  ASSERT_TRUE(sealed);
  const auto opened = decryption(**sealed, unsigned_suite, {{"b", "2"}}, {{"a", "1"}});
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ((*opened)->context_beside_message, (EncryptionContext{{"a", "1"}}));
  EXPECT_FALSE(decryption(**sealed, unsigned_suite, {{"b", "2"}}, {{"a", "3"}}));
  EXPECT_FALSE(decryption(**sealed, unsigned_suite, {{"b", "2"}}));
}

TEST_F(Manager, RequiredKeysMustBeInTheContextAndReproduced) {
  manager = required_context_materials_manager(manager, {"a"});
  const EncryptionContext whole{{"a", "1"}, {"b", "2"}};
  const auto sealed = encryption(whole, unsigned_suite);
  ASSERT_TRUE(sealed) << sealed.error().message;
  EXPECT_EQ((*sealed)->required_context_keys, materials::ContextKeys{"a"});
  EXPECT_EQ((*sealed)->encryption_context, whole);
  EXPECT_EQ(code(encryption({{"b", "2"}}, unsigned_suite)), ErrorCode::invalid_input);
  EXPECT_TRUE(decryption(**sealed, unsigned_suite, {{"b", "2"}}, {{"a", "1"}}));
  const int asked = client->decrypted;
  EXPECT_EQ(code(decryption(**sealed, unsigned_suite, {{"b", "2"}}, {})), ErrorCode::invalid_input);
  EXPECT_EQ(code(decryption(**sealed, unsigned_suite, whole, {{"b", "2"}})), ErrorCode::invalid_input);
  EXPECT_EQ(client->decrypted, asked);
  // One around another: both are kept.
  manager = required_context_materials_manager(manager, {"b"});
  EXPECT_EQ((*encryption(whole, unsigned_suite))->required_context_keys, (materials::ContextKeys{"a", "b"}));
}

TEST_F(Manager, RefusesAPublicKeyWhereThereMayBeNoneAndNoneOrABadOneWhereThereMustBe) {
  const auto sealed = encryption({}, signed_suite);
  ASSERT_TRUE(sealed);
  EXPECT_EQ(code(decryption(**sealed, unsigned_suite, (*sealed)->encryption_context)), ErrorCode::invalid_input);
  EXPECT_EQ(code(decryption(**sealed, signed_suite, {})), ErrorCode::invalid_input);
  for (const std::string& bad :
       {std::string("?"), std::string(), to_base64(Bytes(49)), to_base64(Bytes(97, std::byte{4}))})
    EXPECT_EQ(code(decryption(**sealed, signed_suite, {{"aws-crypto-public-key", bad}})), ErrorCode::invalid_input)
        << bad;
  EXPECT_EQ(client->decrypted, 0);
}

}  // namespace
}  // namespace keyfold::keyrings
