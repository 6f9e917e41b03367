#include "keyfold/envelope/keyrings/kms_discovery.h"

#include <gtest/gtest.h>

#include "keyfold/envelope/keyrings/fake_regions_test.h"
#include "keyfold/envelope/keyrings/kms_mrk.h"
#include "keyfold/envelope/keyrings/materials_test.h"
#include "keyfold/envelope/keyrings/multi.h"

namespace keyfold::keyrings {
namespace {

using namespace keyfold::keyrings::testing;

constexpr std::string_view frankfurt = "eu-central-1";
constexpr std::string_view dublin = "eu-west-1";
constexpr std::string_view stranger = "210987654321";

class Discovery : public ::testing::Test {
 protected:
  std::shared_ptr<FakeRegions> regions = std::make_shared<FakeRegions>(
      std::vector{mrk_in(frankfurt), mrk_in(dublin), key_in(frankfurt), key_in(dublin), key_in(dublin, stranger)});
  const DiscoveryFilter filter{.partition = "aws", .accounts = {"111122223333", "123456789012"}};

  std::shared_ptr<const Keyring> discovery(std::vector<std::string> where = {}) {
    return *kms_discovery_keyring(regions, filter, std::move(where));
  }
  std::shared_ptr<const Keyring> mrk_discovery(const std::vector<std::string>& where) {
    return *kms_mrk_discovery_keyring(*regions, filter, where);
  }
  materials::EncryptionMaterials sealed_under(const std::vector<std::string>& arns) {
    auto sealed = fresh();
    for (const auto& text : arns) {
      const auto key = *KmsKeyArn::parse(text);
      EXPECT_TRUE(kms_mrk_keyring(*regions->in_region(key.region()), key)->on_encrypt(sealed)) << text;
    }
    return sealed;
  }
};

TEST_F(Discovery, OpensWhatAnyKeyOfItsAccountsWrappedInThatKeysRegion) {
  for (const auto& arn : {key_in(frankfurt), key_in(dublin), mrk_in(dublin)}) {
    const auto sealed = sealed_under({arn});
    const auto opened = unwrap(*discovery(), sealed);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_TRUE(*opened == sealed.data_key);
  }
  EXPECT_EQ(regions->calls(frankfurt).decrypted, 1);
  EXPECT_EQ(regions->calls(dublin).decrypted, 2);
}

TEST_F(Discovery, NeverAsksAboutKeysThatTheFilterKeepsOut) {
  const auto sealed = sealed_under({key_in(dublin, stranger)});
  EXPECT_EQ(code(unwrap(*discovery(), sealed)), ErrorCode::incorrect_key);
  EXPECT_EQ(code(unwrap(*mrk_discovery({std::string(dublin)}), sealed)), ErrorCode::incorrect_key);
  const auto china = kms_discovery_keyring(regions, {.partition = "aws-cn", .accounts = {"123456789012"}});
  ASSERT_TRUE(china);
  EXPECT_EQ(code(unwrap(**china, sealed_under({key_in(dublin)}))), ErrorCode::incorrect_key);
  EXPECT_EQ(regions->calls(dublin).decrypted, 0);
}

TEST_F(Discovery, TriesEveryKeyItMayAndListsWhatEachSaid) {
  const auto sealed = sealed_under({key_in(dublin, stranger), key_in(frankfurt), mrk_in(dublin)});
  regions->fail(frankfurt, Error{ErrorCode::access_denied, "no"});
  EXPECT_TRUE(*unwrap(*discovery(), sealed) == sealed.data_key);
  regions->lose(dublin);
  const auto opened = unwrap(*discovery(), sealed);
  EXPECT_EQ(code(opened), ErrorCode::unavailable);
  for (const auto& words : {key_in(frankfurt) + ": no", mrk_in(dublin) + ": gone"})
    EXPECT_NE(opened.error().message.find(words), std::string::npos) << opened.error().message;
}

TEST_F(Discovery, WithRegionsLooksOnlyThere) {
  const auto sealed = sealed_under({key_in(frankfurt)});
  EXPECT_EQ(code(unwrap(*discovery({std::string(dublin)}), sealed)), ErrorCode::incorrect_key);
  EXPECT_TRUE(unwrap(*discovery({std::string(dublin), std::string(frankfurt)}), sealed));
  EXPECT_EQ(regions->calls(dublin).decrypted, 0);
}

TEST_F(Discovery, SaysThatItHasNoClientForARegion) {
  auto sealed = sealed_under({key_in(frankfurt)});
  sealed.encrypted_data_keys[0].provider_info = to_bytes(key_in("us-east-1"));
  const auto opened = unwrap(*discovery(), sealed);
  EXPECT_EQ(code(opened), ErrorCode::invalid_input);
  EXPECT_NE(opened.error().message.find("no KMS in us-east-1"), std::string::npos);
}

TEST_F(Discovery, OfMultiRegionKeysAsksInItsOwnRegionWhicheverWrapped) {
  const auto sealed = sealed_under({mrk_in(frankfurt)});
  EXPECT_TRUE(*unwrap(*mrk_discovery({std::string(dublin)}), sealed) == sealed.data_key);
  EXPECT_EQ(regions->calls(dublin).decrypted, 1);
  EXPECT_EQ(regions->calls(frankfurt).decrypted, 0);
  EXPECT_EQ(code(unwrap(*mrk_discovery({std::string(dublin)}), sealed_under({key_in(frankfurt)}))),
            ErrorCode::incorrect_key);
  EXPECT_TRUE(unwrap(*mrk_discovery({std::string(dublin)}), sealed_under({key_in(dublin)})));
}

TEST_F(Discovery, OfMultiRegionKeysInSeveralRegionsAsksOneAfterTheOther) {
  const auto both = mrk_discovery({std::string(dublin), std::string(frankfurt)});
  const auto sealed = sealed_under({mrk_in(frankfurt)});
  EXPECT_TRUE(*unwrap(*both, sealed) == sealed.data_key);
  EXPECT_EQ(regions->calls(frankfurt).decrypted, 0);
  regions->lose(dublin);
  EXPECT_TRUE(*unwrap(*both, sealed) == sealed.data_key);
  regions->lose(frankfurt);
  EXPECT_EQ(code(unwrap(*both, sealed)), ErrorCode::unavailable);
}

TEST_F(Discovery, TakesNoAnswerButFromTheKeyItAskedFor) {
  const auto sealed = sealed_under({mrk_in(frankfurt)});
  regions->answer_with(mrk_in(frankfurt));
  EXPECT_EQ(code(unwrap(*mrk_discovery({std::string(dublin)}), sealed)), ErrorCode::incorrect_key);
  EXPECT_TRUE(unwrap(*discovery(), sealed));
  regions->answer_with(mrk_in(dublin));
  EXPECT_EQ(code(unwrap(*discovery(), sealed)), ErrorCode::incorrect_key);
}

TEST_F(Discovery, OnlyOpens) {
  auto sealed = fresh();
  EXPECT_EQ(code(discovery()->on_encrypt(sealed)), ErrorCode::invalid_input);
  EXPECT_EQ(code(mrk_discovery({std::string(dublin)})->on_encrypt(sealed)), ErrorCode::invalid_input);
  EXPECT_TRUE(sealed.data_key.empty());
}

TEST_F(Discovery, FailsWhenAKmsKeyOfTheMessageIsNoKeyArn) {
  for (const std::string_view wrong : {"", "alias/ledger", "arn:aws:kms:eu-west-1:123456789012:alias/ledger"}) {
    auto sealed = sealed_under({key_in(frankfurt)});
    sealed.encrypted_data_keys.emplace_back("aws-kms", as_bytes(wrong), as_bytes("x"));
    EXPECT_EQ(code(unwrap(*discovery(), sealed)), ErrorCode::invalid_input) << wrong;
    EXPECT_EQ(code(unwrap(*mrk_discovery({std::string(dublin)}), sealed)), ErrorCode::invalid_input) << wrong;
  }
  EXPECT_EQ(regions->calls(frankfurt).decrypted, 0);
}

TEST_F(Discovery, NeedsAnAccountAndTakesOnlyRealNames) {
  for (const auto& wrong : std::initializer_list<DiscoveryFilter>{{.partition = "aws", .accounts = {}},
                                                                  {.partition = "", .accounts = {"123456789012"}},
                                                                  {.partition = "pear", .accounts = {"123456789012"}},
                                                                  {.partition = "aws:", .accounts = {"123456789012"}},
                                                                  {.partition = "aws", .accounts = {"12345678901"}},
                                                                  {.partition = "aws", .accounts = {"*"}}}) {
    EXPECT_EQ(code(kms_discovery_keyring(regions, wrong)), ErrorCode::invalid_input);
    EXPECT_EQ(code(kms_mrk_discovery_keyring(*regions, wrong, {std::string(dublin)})), ErrorCode::invalid_input);
  }
  EXPECT_EQ(code(kms_discovery_keyring(regions, filter, {"eu west"})), ErrorCode::invalid_input);
  EXPECT_EQ(code(kms_mrk_discovery_keyring(*regions, filter, {})), ErrorCode::invalid_input);
  EXPECT_EQ(code(kms_mrk_discovery_keyring(*regions, filter, {""})), ErrorCode::invalid_input);
  EXPECT_EQ(code(kms_mrk_discovery_keyring(*regions, filter, {"us-east-1"})), ErrorCode::invalid_input) << "no client";
}

}  // namespace
}  // namespace keyfold::keyrings
