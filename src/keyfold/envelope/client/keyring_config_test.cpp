#include "keyfold/envelope/client/keyring_config.h"

#include <gtest/gtest.h>

#include <fstream>

#include "keyfold/core/crypto/rsa_keys_test.h"
#include "keyfold/envelope/keyrings/fake_branch_keys_test.h"
#include "keyfold/testing/temporary_folder.h"

namespace keyfold::client {
namespace {

class KeyringConfig : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const auto& [name, size] :
         {std::pair("key16", 16), std::pair("key32", 32), std::pair("key31", 31), std::pair("key33", 33)})
      std::ofstream(folder_ / name) << std::string(static_cast<std::size_t>(size), 'k');
  }

  Result<ConfiguredKeyring> read(std::string_view json) {
    return keyring_from_json(
        json,
        {.kms = [this](std::string_view key) -> Result<std::shared_ptr<keyrings::KmsClient>> {
           asked_.emplace_back(key);
           return Error{ErrorCode::unavailable, "no KMS in this test"};
         },
         .kms_by_region = [this](RegionalConnection wanted) -> Result<std::shared_ptr<keyrings::KmsClients>> {
           connections_.push_back(wanted);
           return connect_kms_by_region(settings(), wanted.endpoints, wanted.options);
         },
         .branch_keys =
             [this](const BranchKeyStoreWanted& wanted) -> Result<std::shared_ptr<keyrings::BranchKeyStore>> {
           stores_.push_back(wanted);
           return std::shared_ptr<keyrings::BranchKeyStore>(std::make_shared<keyrings::testing::FakeBranchKeys>());
         },
         .folder = folder_});
  }
  static AwsSettings settings() {
    return {.endpoint_url = "http://127.0.0.1:1",
            .region = *Region::parse("eu-central-1"),
            .ca_file = {},
            .credentials = {.access_key_id = "AKIAEXAMPLE",
                            .secret_access_key = *SecretBytes::copy_of(as_bytes("invented")),
                            .session_token = {}}};
  }
  // What reading it fails with, which must not be what a source said.
  std::string refused(std::string_view json) {
    const auto keyring = read(json);
    if (keyring) return "it was taken";
    EXPECT_EQ(keyring.error().code, ErrorCode::invalid_input) << json;
    return keyring.error().message;
  }
  const keyfold::testing::TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
  std::vector<std::string> asked_;
  std::vector<RegionalConnection> connections_;
  std::vector<BranchKeyStoreWanted> stores_;
};

constexpr std::string_view raw = R"({"type":"raw-aes","namespace":"archive","name":"2026","key_file":"key32"})";

TEST_F(KeyringConfig, ReadsEveryType) {
  auto keyring = read(raw);
  ASSERT_TRUE(keyring) << keyring.error().message;
  EXPECT_FALSE(keyring->has_kms);
  EXPECT_TRUE(read(R"({"type":"multi","generator":)" + std::string(raw) +
                   R"(,"children":[{"type":"raw-aes","namespace":"a","name":"b","key_file":"key16"}]})"));
  EXPECT_TRUE(read(R"({"type":"multi","children":[)" + std::string(raw) + "]}"));
  EXPECT_FALSE(read(R"({"type":"kms","key":"alias/ledger"})"));
  EXPECT_EQ(asked_, std::vector<std::string>{"alias/ledger"});
}

TEST_F(KeyringConfig, RefusesWhatItDoesNotKnow) {
  for (const std::string_view wrong :
       {"", "[]", "{}", "null", R"({"type":"rsa"})", R"({"type":7})", R"({"type":"kms"})", R"({"type":"kms","key":""})",
        R"({"type":"kms","key":"alias/a","region":"x"})", R"({"type":"kms","type":"kms","key":"alias/a"})",
        R"({"type":"raw-aes","namespace":"a","name":"b"})",
        R"({"type":"raw-aes","namespace":"a","name":"b","key_file":"absent"})",
        R"({"type":"raw-aes","namespace":"a","name":"b","key_file":"key31"})",
        R"({"type":"raw-aes","namespace":"a","name":"b","key_file":"key33"})",
        R"({"type":"raw-aes","namespace":"aws-kms","name":"b","key_file":"key32"})",
        R"({"type":"raw-aes","namespace":"a","name":"b","key":"kkkkkkkkkkkkkkkk","key_file":"key16"})",
        R"({"type":"multi"})", R"({"type":"multi","children":{}})", R"({"type":"multi","children":[7]})"}) {
    const auto keyring = read(wrong);
    ASSERT_FALSE(keyring) << wrong;
    EXPECT_EQ(keyring.error().code, ErrorCode::invalid_input) << wrong;
  }
  EXPECT_TRUE(asked_.empty());
}

constexpr std::string_view mrk_frankfurt =
    R"("arn:aws:kms:eu-central-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab")";
constexpr std::string_view mrk_dublin =
    R"("arn:aws:kms:eu-west-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab")";
constexpr std::string_view key_dublin =
    R"("arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab")";

// `text` with each of $F, $D, $K replaced by the ARNs above.
std::string with_keys(std::string_view text) {
  std::string json(text);
  for (const auto& [mark, arn] :
       {std::pair("$F", mrk_frankfurt), std::pair("$D", mrk_dublin), std::pair("$K", key_dublin)})
    for (std::size_t at; (at = json.find(mark)) != std::string::npos;) json.replace(at, 2, arn);
  return json;
}

TEST_F(KeyringConfig, ReadsTheTypesThatAskKmssByRegion) {
  for (
      const auto& [json, description] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
          {R"({"type":"kms-mrk","key":$F})", "KMS key $F"},
          {R"({"type":"kms-mrk-multi","generator":$F,"children":[$K]})", "multi keyring (KMS key $F, KMS key $K)"},
          {R"({"type":"kms-mrk-multi","children":[$D]})", "multi keyring (KMS key $D)"},
          {R"({"type":"kms-discovery","accounts":["123456789012"]})", "KMS keys of 123456789012 in any Region"},
          {R"({"type":"kms-discovery","partition":"aws-cn","accounts":["123456789012","210987654321"],"regions":["cn-north-1"]})",
           "KMS keys of 123456789012, 210987654321 in cn-north-1"},
          {R"({"type":"kms-mrk-discovery","accounts":["123456789012"],"regions":["eu-west-1"]})",
           "KMS keys of 123456789012 in eu-west-1"},
          {R"({"type":"failover","keys":[$F,$D]})", "failover keyring ($F, $D)"},
      }) {
    const auto keyring = read(with_keys(json));
    ASSERT_TRUE(keyring) << json << keyring.error().message;
    EXPECT_TRUE(keyring->has_kms);
    std::string expected = with_keys(description);
    std::erase(expected, '"');
    EXPECT_EQ(keyring->keyring->describe(), expected);
  }
  EXPECT_TRUE(asked_.empty());
}

TEST_F(KeyringConfig, AsksForOneSetOfClientsUnlessAKeyringWantsItsOwn) {
  ASSERT_TRUE(read(with_keys(R"({"type":"multi","generator":{"type":"kms-mrk","key":$D},"children":[
    {"type":"kms-mrk","key":$F},{"type":"kms-mrk-multi","children":[$D]},
    {"type":"failover","keys":[$F,$D],"endpoints":{"eu-west-1":"https://kms.dublin.example"},"timeout_ms":40},
    {"type":"failover","keys":[$F,$D]}]})")));
  ASSERT_EQ(connections_.size(), 3U);
  EXPECT_EQ(connections_[0].region, "eu-west-1");
  EXPECT_EQ(connections_[0].options.attempts_max, 3U);
  EXPECT_EQ(connections_[1].region, "eu-central-1");
  EXPECT_EQ(connections_[1].endpoints, (RegionalEndpoints{{"eu-west-1", "https://kms.dublin.example"}}));
  EXPECT_EQ(connections_[1].options.request_timeout.count(), 40);
  EXPECT_EQ(connections_[1].options.connect_timeout.count(), 40);
  EXPECT_EQ(connections_[1].options.attempts_max, 1U);
  EXPECT_EQ(connections_[2].options.request_timeout.count(), 250);
}

TEST_F(KeyringConfig, RefusesRegionalTypesThatAreNotQuiteRight) {
  for (const auto& [json, words] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {R"({"type":"kms-mrk"})", "\"key\""},
           {R"({"type":"kms-mrk","key":"alias/ledger"})", "not the ARN"},
           {R"({"type":"kms-mrk","key":$F,"region":"eu-west-1"})", "\"region\""},
           {R"({"type":"kms-mrk-multi"})", "neither"},
           {R"({"type":"kms-mrk-multi","generator":$F,"children":[$D]})", "one Region only"},
           {R"({"type":"kms-mrk-multi","generator":$F,"children":$D})", "not an array"},
           {R"({"type":"kms-mrk-multi","generator":$F,"children":[{"type":"kms-mrk","key":$K}]})", "not text"},
           {R"({"type":"kms-discovery"})", "accounts"},
           {R"({"type":"kms-discovery","accounts":[]})", "accounts"},
           {R"({"type":"kms-discovery","accounts":["1"]})", "12 digits"},
           {R"({"type":"kms-discovery","accounts":"123456789012"})", "not an array"},
           {R"({"type":"kms-discovery","accounts":["123456789012"],"regions":[]})", "\"regions\" is empty"},
           {R"({"type":"kms-discovery","accounts":["123456789012"],"regions":["EU"]})", "not a Region"},
           {R"({"type":"kms-discovery","accounts":["123456789012"],"partition":""})", "\"partition\""},
           {R"({"type":"kms-discovery","accounts":["123456789012"],"key":$F})", "\"key\""},
           {R"({"type":"kms-mrk-discovery","accounts":["123456789012"]})", "\"regions\""},
           {R"({"type":"failover"})", "2 to 16 keys"},
           {R"({"type":"failover","keys":[$F]})", "2 to 16 keys"},
           {R"({"type":"failover","keys":[$F,$F]})", "two keys in eu-central-1"},
           {R"({"type":"failover","keys":[$D,$K]})", "two keys in eu-west-1"},
           {R"({"type":"failover","keys":[$F,$D],"endpoints":["https://kms.example"]})", "not an object"},
           {R"({"type":"failover","keys":[$F,$D],"endpoints":{"eu-west-2":"https://kms.example"}})", "eu-west-2"},
           {R"({"type":"failover","keys":[$F,$D],"endpoints":{"eu-west-1":7}})", "not text"},
           {R"({"type":"failover","keys":[$F,$D],"endpoints":{"eu-west-1":"kms.example"}})", "kms.example"},
           {R"({"type":"failover","keys":[$F,$D],"timeout_ms":"250"})", "\"timeout_ms\""},
           {R"({"type":"failover","keys":[$F,$D],"timeout_ms":9})", "10 to 60000"},
           {R"({"type":"failover","keys":[$F,$D],"timeout_ms":60001})", "10 to 60000"},
           {R"({"type":"failover","keys":[$F,$D],"losses_max":0})", "1 to 1000"},
           {R"({"type":"failover","keys":[$F,$D],"pause_ms":3600001})", "0 to 3600000"},
           {R"({"type":"failover","keys":[$F,$D],"pause_ms":0.5})", "0 to 3600000"},
           {R"({"type":"failover","keys":[$F,$D],"retry_budget":-1})", "0 to 1000000"},
           {R"({"type":"failover","keys":[$F,$D],"retry":1})", "\"retry\""},
           {R"({"type":"kms-multi","children":[$K]})", "these are: multi, kms, kms-mrk"},
       }) {
    const auto said = refused(with_keys(json));
    EXPECT_NE(said.find(words), std::string::npos) << json << ": " << said;
  }
}

TEST_F(KeyringConfig, WithoutKmssByRegionRefusesWhatNeedsThem) {
  const auto keyring =
      keyring_from_json(with_keys(R"({"type":"kms-mrk","key":$F})"), {.kms = {}, .kms_by_region = {}, .folder = {}});
  ASSERT_FALSE(keyring);
  EXPECT_EQ(keyring.error().code, ErrorCode::invalid_input);
}

TEST_F(KeyringConfig, ReadsRsaKeysFromFiles) {
  const auto& key = crypto::testing::rsa_2048();
  std::ofstream(folder_ / "public.pem") << key.spki;
  std::ofstream(folder_ / "private.pem") << key.pkcs8;
  std::ofstream(folder_ / "large.pem") << std::string(16384, ' ') << key.spki;
  std::ofstream(folder_ / "empty.pem");
  const auto rsa = [](std::string_view members) {
    return R"({"type":"raw-rsa","namespace":"archive","name":"2026",)" + std::string(members) + "}";
  };
  for (const auto* padding : {"pkcs1", "oaep-sha1", "oaep-sha256", "oaep-sha384", "oaep-sha512"})
    for (const auto* files : {R"("public_key_file":"public.pem")", R"("private_key_file":"private.pem")",
                              R"("public_key_file":"public.pem","private_key_file":"private.pem")"}) {
      const auto keyring = read(rsa(R"("padding":")" + std::string(padding) + R"(",)" + files));
      ASSERT_TRUE(keyring) << keyring.error().message;
      EXPECT_FALSE(keyring->has_kms);
      EXPECT_EQ(keyring->keyring->describe(), "raw RSA key archive/2026");
    }
  for (const auto& [members, words] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {R"("padding":"oaep-sha256")", "a public key, a private key or both"},
           {R"("public_key_file":"public.pem")", "\"padding\""},
           {R"("padding":"oaep","public_key_file":"public.pem")", "oaep-sha256"},
           {R"("padding":"oaep-sha256","public_key_file":"absent.pem")", "absent.pem: No such file"},
           {R"("padding":"oaep-sha256","public_key_file":"empty.pem")", "empty.pem is empty"},
           {R"("padding":"oaep-sha256","public_key_file":"large.pem")", "16 KiB"},
           {R"("padding":"oaep-sha256","public_key_file":"private.pem")", "private key where a public one"},
           {R"("padding":"oaep-sha256","private_key_file":"public.pem")", "public key where a private one"},
           {R"("padding":"oaep-sha256","private_key_file":"key32")", "not an RSA key"},
           {R"("padding":"oaep-sha256","public_key_file":7)", "\"public_key_file\""},
           {R"("padding":"oaep-sha256","key_file":"private.pem")", "\"key_file\""},
       }) {
    const auto said = refused(rsa(members));
    EXPECT_NE(said.find(words), std::string::npos) << members << ": " << said;
  }
}

TEST_F(KeyringConfig, LimitsDepthAndNumber) {
  const auto nested = [](std::size_t depth) {
    std::string json(raw);
    for (std::size_t i = 1; i < depth; ++i) json = R"({"type":"multi","children":[)" + json + "]}";
    return json;
  };
  EXPECT_TRUE(read(nested(keyring_depth_max)));
  EXPECT_FALSE(read(nested(keyring_depth_max + 1)));
  const auto wide = [](std::size_t count) {
    std::string json = R"({"type":"multi","children":[)" + std::string(raw);
    for (std::size_t i = 1; i < count; ++i) json += "," + std::string(raw);
    return json + "]}";
  };
  EXPECT_TRUE(read(wide(keyring_count_max - 1)));
  EXPECT_FALSE(read(wide(keyring_count_max)));
}

const std::string store_key = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
std::string branch_key_json(const std::string& more) {
  return R"({"type":"branch-key","store":"keys.sqlite","key":")" + store_key + R"(",)" + more + "}";
}

TEST_F(KeyringConfig, ABranchKeyIsOneOfAStoreByNameOrByContext) {
  const auto fixed = read(branch_key_json(R"("branch_key_id":"acme")"));
  ASSERT_TRUE(fixed) << fixed.error().message;
  EXPECT_TRUE(fixed->has_kms);
  ASSERT_EQ(stores_.size(), 1U);
  EXPECT_EQ(stores_[0].store, "keys.sqlite");
  EXPECT_EQ(stores_[0].logical_name, "branch-keys");
  EXPECT_EQ(stores_[0].key, store_key);
  EXPECT_EQ(stores_[0].scope, BranchKeyStoreWanted::Key::this_one);
  EXPECT_EQ(stores_[0].hierarchy_version_max, 1U);
  EXPECT_TRUE(read(branch_key_json(
      R"("by_context":{"key":"tenant","ids":{"4711":"acme"},"prefix":"tenant-"},"logical_name":"other",)"
      R"("multi_region":true,"time_to_live_s":600,"cache_entries":10,"hierarchy_version_max":2)")));
  EXPECT_EQ(stores_[1].logical_name, "other");
  EXPECT_EQ(stores_[1].scope, BranchKeyStoreWanted::Key::or_a_related_one);
  EXPECT_EQ(stores_[1].hierarchy_version_max, 2U);
}

TEST_F(KeyringConfig, ABranchKeyThatIsNotWhollySaidIsRefusedBeforeAnyStoreIsOpened) {
  for (const char* more :
       {R"("time_to_live_s":60)", R"("branch_key_id":"acme","by_context":{"key":"tenant","prefix":"t-"})",
        R"("branch_key_id":"")", R"("by_context":{"key":"tenant"})", R"("by_context":{"prefix":"t-"})",
        R"("by_context":{"key":"tenant","prefix":"t-","more":"x"})", R"("by_context":{"key":"tenant","ids":{"a":1}})",
        R"("by_context":"tenant")", R"("branch_key_id":"acme","time_to_live_s":0)",
        R"("branch_key_id":"acme","time_to_live_s":99999999)", R"("branch_key_id":"acme","cache_entries":0)",
        R"("branch_key_id":"acme","hierarchy_version_max":0)", R"("branch_key_id":"acme","hierarchy_version_max":3)",
        R"("branch_key_id":"acme","multi_region":"yes")", R"("branch_key_id":"acme","tenant":"x")"})
    EXPECT_NE(refused(branch_key_json(more)), "it was taken") << more;
  EXPECT_NE(refused(R"({"type":"branch-key","store":"keys.sqlite","key":"alias/ledger","branch_key_id":"acme"})"),
            "it was taken");
  EXPECT_TRUE(stores_.empty());
}

}  // namespace
}  // namespace keyfold::client
