// Multi-Region keys, and several keys at once.

#include "keyfold/envelope/keyrings/kms_mrk.h"

#include <gtest/gtest.h>

#include "keyfold/envelope/keyrings/fake_regions_test.h"
#include "keyfold/envelope/keyrings/kms.h"
#include "keyfold/envelope/keyrings/materials_test.h"

namespace keyfold::keyrings {
namespace {

using namespace keyfold::keyrings::testing;

constexpr std::string_view frankfurt = "eu-central-1";
constexpr std::string_view dublin = "eu-west-1";

KmsKeyArn arn(std::string_view text) { return *KmsKeyArn::parse(text); }

TEST(KmsKeyArn, SaysWhatItIsMadeOf) {
  const auto key = arn("arn:aws-cn:kms:cn-north-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab");
  EXPECT_EQ(key.partition(), "aws-cn");
  EXPECT_EQ(key.region(), "cn-north-1");
  EXPECT_EQ(key.account(), "123456789012");
  EXPECT_EQ(key.resource(), "key/mrk-1234abcd12ab34cd56ef1234567890ab");
  EXPECT_TRUE(key.is_multi_region());
  EXPECT_FALSE(arn(key_in(frankfurt)).is_multi_region());
  EXPECT_FALSE(arn("arn:aws:kms:eu-west-1:123456789012:key/not-mrk-1").is_multi_region());
  EXPECT_EQ(arn(mrk_in(frankfurt)).in_region(dublin), arn(mrk_in(dublin)));
  for (const std::string_view text :
       {"", "mrk-1234abcd12ab34cd56ef1234567890ab", "alias/ledger", "arn:aws:kms:eu-west-1:123456789012:alias/ledger",
        "arn:aws:kms:eu-west-1:123456789012:key/", "arn:aws:kms::123456789012:key/x", "arn:aws:kms:eu-west-1::key/x",
        "arn:aws:s3:eu-west-1:123456789012:key/x", "arn::kms:eu-west-1:123456789012:key/x"})
    EXPECT_FALSE(KmsKeyArn::parse(text)) << text;
}

TEST(KmsKeyArn, MatchesForDecryptOnlyTheSameKeyAndAMultiRegionKeyElsewhere) {
  const auto key = arn(mrk_in(frankfurt));
  EXPECT_TRUE(key.matches_for_decrypt(key));
  EXPECT_TRUE(key.matches_for_decrypt(arn(mrk_in(dublin))));
  EXPECT_TRUE(arn(key_in(frankfurt)).matches_for_decrypt(arn(key_in(frankfurt))));
  for (const auto& other :
       {key_in(frankfurt), key_in(dublin), mrk_in(dublin, "210987654321"), mrk_in(dublin) + "0",
        std::string("arn:aws-cn:kms:cn-north-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab")})
    EXPECT_FALSE(key.matches_for_decrypt(arn(other))) << other;
  EXPECT_FALSE(arn(key_in(frankfurt)).matches_for_decrypt(arn(key_in(dublin))));
}

TEST(KmsKeyArn, NamesEveryMultiRegionKeyThatIsThereTwice) {
  const auto check = [](std::initializer_list<std::string> texts) {
    std::vector<KmsKeyArn> keys;
    for (const auto& text : texts) keys.push_back(arn(text));
    return check_multi_region_keys_are_unique(keys);
  };
  const auto other = mrk_in("us-east-1") + "ff";
  EXPECT_TRUE(check({}));
  EXPECT_TRUE(check({mrk_in(frankfurt), key_in(frankfurt), key_in(dublin), other}));
  EXPECT_TRUE(check({key_in(dublin), key_in(dublin)}));
  const auto twice = check({mrk_in(frankfurt), other, mrk_in(dublin), key_in(dublin), other});
  EXPECT_EQ(code(twice), ErrorCode::invalid_input);
  for (const auto& named : {mrk_in(frankfurt), mrk_in(dublin), other})
    EXPECT_NE(twice.error().message.find(named), std::string::npos);
  EXPECT_EQ(twice.error().message.find(key_in(dublin)), std::string::npos);
}

class Mrk : public ::testing::Test {
 protected:
  std::shared_ptr<FakeRegions> regions =
      std::make_shared<FakeRegions>(std::vector{mrk_in(frankfurt), mrk_in(dublin), key_in(frankfurt), key_in(dublin)});
  std::shared_ptr<const Keyring> mrk(const std::string& key) {
    const auto parsed = arn(key);
    return kms_mrk_keyring(*regions->in_region(parsed.region()), parsed);
  }
  materials::EncryptionMaterials sealed_by(const std::shared_ptr<const Keyring>& keyring) {
    auto sealed = fresh();
    EXPECT_TRUE(keyring->on_encrypt(sealed));
    return sealed;
  }
};

TEST_F(Mrk, OpensWhatWasSealedUnderTheSameKeyInAnotherRegionByAskingInItsOwn) {
  const auto sealed = sealed_by(mrk(mrk_in(frankfurt)));
  EXPECT_EQ(as_text(sealed.encrypted_data_keys[0].provider_info), mrk_in(frankfurt));
  EXPECT_TRUE(*unwrap(*mrk(mrk_in(frankfurt)), sealed) == sealed.data_key);
  EXPECT_TRUE(*unwrap(*mrk(mrk_in(dublin)), sealed) == sealed.data_key);
  EXPECT_EQ(regions->calls(dublin).decrypted, 1);
  EXPECT_EQ(regions->calls(frankfurt).decrypted, 1);
}

TEST_F(Mrk, IsAsStrictAsTheOtherForKeysOfOneRegion) {
  const auto sealed = sealed_by(mrk(key_in(frankfurt)));
  EXPECT_TRUE(*unwrap(*mrk(key_in(frankfurt)), sealed) == sealed.data_key);
  EXPECT_EQ(code(unwrap(*mrk(key_in(dublin)), sealed)), ErrorCode::incorrect_key);
  EXPECT_EQ(code(unwrap(*mrk(mrk_in(dublin)), sealed)), ErrorCode::incorrect_key);
  EXPECT_EQ(regions->calls(dublin).all(), 0);
}

TEST_F(Mrk, TheStrictKeyringDoesNotOpenAnotherRegionsMessages) {
  const auto sealed = sealed_by(mrk(mrk_in(frankfurt)));
  const auto strict = kms_keyring(*regions->in_region(dublin), *KmsKeyName::parse(mrk_in(dublin)));
  EXPECT_EQ(code(unwrap(*strict, sealed)), ErrorCode::incorrect_key);
}

TEST_F(Mrk, TakesNoAnswerButFromTheKeyItAskedFor) {
  const auto sealed = sealed_by(mrk(mrk_in(frankfurt)));
  regions->answer_with(mrk_in(frankfurt));  // What the message says, and not who was asked.
  EXPECT_EQ(code(unwrap(*mrk(mrk_in(dublin)), sealed)), ErrorCode::incorrect_key);
}

TEST_F(Mrk, FailsWhenAKmsKeyOfTheMessageIsNoKeyArn) {
  auto sealed = sealed_by(mrk(mrk_in(frankfurt)));
  sealed.encrypted_data_keys.emplace_back("aws-kms", as_bytes("alias/ledger"), as_bytes("x"));
  EXPECT_EQ(code(unwrap(*mrk(mrk_in(frankfurt)), sealed)), ErrorCode::invalid_input);
  EXPECT_EQ(regions->calls(frankfurt).decrypted, 0);
}

TEST_F(Mrk, SeveralKeysAreAskedEachInItsRegion) {
  for (const auto make : {&kms_multi_keyring, &kms_mrk_multi_keyring}) {
    const auto both = make(*regions, arn(mrk_in(frankfurt)), {arn(key_in(dublin))});
    ASSERT_TRUE(both) << both.error().message;
    const auto sealed = sealed_by(*both);
    ASSERT_EQ(sealed.encrypted_data_keys.size(), 2U);
    EXPECT_EQ(as_text(sealed.encrypted_data_keys[1].provider_info), key_in(dublin));
    for (const auto& key : {mrk_in(frankfurt), key_in(dublin)})
      EXPECT_TRUE(*unwrap(*mrk(key), sealed) == sealed.data_key) << key;
    regions->lose(frankfurt);
    EXPECT_TRUE(*unwrap(**both, sealed) == sealed.data_key);
    regions->restore(frankfurt);
  }
  EXPECT_EQ(regions->calls(frankfurt).generated, 2);
  EXPECT_EQ(regions->calls(dublin).encrypted, 2);
}

TEST_F(Mrk, SeveralKeysAreRefusedWithoutOneWithoutAClientAndWithAMultiRegionKeyTwice) {
  for (const auto make : {&kms_multi_keyring, &kms_mrk_multi_keyring}) {
    EXPECT_EQ(code(make(*regions, std::nullopt, {})), ErrorCode::invalid_input);
    EXPECT_EQ(code(make(*regions, arn(key_in("us-east-1")), {})), ErrorCode::invalid_input);
  }
  EXPECT_EQ(code(kms_mrk_multi_keyring(*regions, arn(mrk_in(frankfurt)), {arn(mrk_in(dublin))})),
            ErrorCode::invalid_input);
  EXPECT_EQ(code(kms_mrk_multi_keyring(*regions, std::nullopt, {arn(mrk_in(frankfurt)), arn(mrk_in(dublin))})),
            ErrorCode::invalid_input);
  EXPECT_TRUE(kms_multi_keyring(*regions, arn(mrk_in(frankfurt)), {arn(mrk_in(dublin))}));
}

TEST_F(Mrk, WithoutAGeneratorTheyOnlyOpen) {
  const auto readers = kms_mrk_multi_keyring(*regions, std::nullopt, {arn(mrk_in(dublin)), arn(key_in(dublin))});
  ASSERT_TRUE(readers);
  auto sealed = fresh();
  EXPECT_FALSE((*readers)->on_encrypt(sealed));
  EXPECT_TRUE(unwrap(**readers, sealed_by(mrk(mrk_in(frankfurt)))));
}

}  // namespace
}  // namespace keyfold::keyrings
