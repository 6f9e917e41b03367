// Each condition key that the server supplies, in a policy that asks for it: with the value that the call has, and with
// another.
#include "keyfold/kms/server/call_facts.h"

#include "keyfold/kms/policy/known_keys.h"
#include "keyfold/kms/server/server_testing.h"

namespace keyfold::server {
namespace {

struct Case {
  std::string operation;
  std::string body;
  std::string comparison;
  std::string key;
  std::string right;  // JSON.
  std::string wrong;
};

class ConditionKeys : public ::testing::Test {
 protected:
  void SetUp() override {
    arn_ = kms_.create_key("test", R"({"Tags":[{"TagKey":"Domain","TagValue":"cards"}]})");
    other_ = kms_.create_key();
    for (const std::string alias : {"alias/cards", "alias/more-cards"})
      ASSERT_EQ(kms_.call("CreateAlias", R"({"AliasName":")" + alias + R"(","TargetKeyId":")" + arn_ + "\"}").status,
                200);
    blob_ = kms_.text(kms_.call("Encrypt", R"({"KeyId":")" + arn_ + R"(","Plaintext":"AA=="})"), "CiphertextBlob");
  }

  // What the call answers when it is allowed with this condition only.
  Answer with(const Case& one, const std::string& value) {
    const std::string policy =
        R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*",)"
        R"("Condition":{")" +
        one.comparison + R"(":{")" + one.key + "\":" + value + "}}}}";
    return kms_.call_as(kms_.add_user("user-" + std::to_string(++users_), policy), one.operation, one.body);
  }
  void tells(const Case& one) {
    SCOPED_TRACE(one.operation + " " + one.key);
    EXPECT_NE(with(one, one.right).error, "AccessDeniedException");
    EXPECT_EQ(with(one, one.wrong).error, "AccessDeniedException");
  }
  // That no value of the key lets this call through.
  void does_not_tell(const Case& one) {
    SCOPED_TRACE(one.operation + " " + one.key);
    EXPECT_EQ(with(one, one.right).error, "AccessDeniedException");
  }
  std::string of_key(const std::string& more = "") { return R"({"KeyId":")" + arn_ + "\"" + more + "}"; }
  std::string encrypt() { return of_key(R"(,"Plaintext":"AA==")"); }

  Kms kms_;
  std::string arn_, other_, blob_;
  int users_ = 0;
};

TEST_F(ConditionKeys, OfAnyCall) {
  tells({"ListKeys", "{}", "IpAddress", "aws:SourceIp", R"("192.0.2.0/24")", R"("198.51.100.0/24")"});
  tells({"ListKeys", "{}", "Bool", "aws:SecureTransport", "false", "true"});
  tells({"ListKeys", "{}", "StringEquals", "aws:RequestedRegion", R"("eu-central-1")", R"("eu-west-1")"});
  tells({"ListKeys", "{}", "StringLike", "aws:UserAgent", R"("te*")", R"("aws-cli*")"});
  tells({"ListKeys", "{}", "Null", "aws:Referer", "true", "false"});
  tells({"ListKeys", "{}", "Bool", "aws:ViaAWSService", "false", "true"});
  tells({"ListKeys", "{}", "Bool", "aws:PrincipalIsAWSService", "false", "true"});
  tells({"ListKeys", "{}", "Null", "kms:ViaService", "true", "false"});
  const std::string now = "\"" + to_iso8601(kms_.clock().now()) + "\"";
  tells({"ListKeys", "{}", "DateLessThanEquals", "aws:CurrentTime", now, R"("2001-01-01T00:00:00Z")"});
  tells({"ListKeys", "{}", "DateGreaterThanEquals", "aws:EpochTime", now, R"("2099-01-01T00:00:00Z")"});
}

TEST_F(ConditionKeys, OfTheKeyThatIsActedOn) {
  for (const auto& [operation, body] : {std::pair{"Decrypt", R"({"CiphertextBlob":")" + blob_ + "\"}"},
                                        {"Encrypt", encrypt()},
                                        {"DescribeKey", of_key()},
                                        {"DisableKeyRotation", of_key()}}) {
    tells({operation, body, "StringEquals", "kms:KeySpec", R"("SYMMETRIC_DEFAULT")", R"("RSA_2048")"});
    tells({operation, body, "StringEquals", "kms:CustomerMasterKeySpec", R"("SYMMETRIC_DEFAULT")", R"("RSA_2048")"});
    tells({operation, body, "StringEquals", "kms:KeyUsage", R"("ENCRYPT_DECRYPT")", R"("SIGN_VERIFY")"});
    tells({operation, body, "StringEquals", "kms:CustomerMasterKeyUsage", R"("ENCRYPT_DECRYPT")", R"("SIGN_VERIFY")"});
    tells({operation, body, "StringEquals", "kms:KeyOrigin", R"("AWS_KMS")", R"("EXTERNAL")"});
    tells({operation, body, "Bool", "kms:MultiRegion", "false", "true"});
    tells({operation, body, "Null", "kms:MultiRegionKeyType", "true", "false"});
    tells({operation, body, "StringEquals", "aws:ResourceTag/domain", R"("cards")", R"("loans")"});
    tells({operation, body, "Null", "aws:ResourceTag/Environment", "true", "false"});
    tells({operation, body, "ForAnyValue:StringEquals", "kms:ResourceAliases", R"("alias/cards")", R"("alias/loans")"});
    tells({operation, body, "ForAllValues:StringLike", "kms:ResourceAliases", R"("alias/*cards")", R"("alias/c*")"});
  }
  does_not_tell({"ListKeys", "{}", "StringEquals", "kms:KeySpec", R"("SYMMETRIC_DEFAULT")", ""});
}

TEST_F(ConditionKeys, OfHowTheKeyWasNamed) {
  const std::string by_alias = R"({"KeyId":"alias/cards","Plaintext":"AA=="})";
  tells({"Encrypt", by_alias, "StringEquals", "kms:RequestAlias", R"("alias/cards")", R"("alias/more-cards")"});
  tells(
      {"DescribeKey", R"({"KeyId":"alias/cards"})", "StringEquals", "kms:RequestAlias", R"("alias/cards")", R"("x")"});
  does_not_tell({"Encrypt", encrypt(), "StringEquals", "kms:RequestAlias", R"("alias/cards")", ""});
  does_not_tell({"Decrypt", R"({"CiphertextBlob":")" + blob_ + "\"}", "StringLike", "kms:RequestAlias", R"("*")", ""});
}

// Omitted, it counts as the default.
TEST_F(ConditionKeys, OfTheAlgorithm) {
  for (const auto& [operation, body] :
       {std::pair{"Encrypt", encrypt()},
        {"Decrypt", R"({"CiphertextBlob":")" + blob_ + "\"}"},
        {"GenerateDataKey", of_key(R"(,"KeySpec":"AES_256")")},
        {"GenerateDataKeyWithoutPlaintext", of_key(R"(,"KeySpec":"AES_256")")},
        {"ReEncrypt", R"({"CiphertextBlob":")" + blob_ + R"(","DestinationKeyId":")" + arn_ + "\"}"}})
    tells({operation, body, "StringEquals", "kms:EncryptionAlgorithm", R"("SYMMETRIC_DEFAULT")",
           R"("RSAES_OAEP_SHA_256")"});
  tells({"Encrypt", of_key(R"(,"Plaintext":"AA==","EncryptionAlgorithm":"RSAES_OAEP_SHA_1")"), "StringEquals",
         "kms:EncryptionAlgorithm", R"("RSAES_OAEP_SHA_1")", R"("SYMMETRIC_DEFAULT")"});
}

TEST_F(ConditionKeys, OfReEncryption) {
  const auto to = [&](const std::string& key) {
    return R"({"CiphertextBlob":")" + blob_ + R"(","DestinationKeyId":")" + key + "\"}";
  };
  tells({"ReEncrypt", to(arn_), "Bool", "kms:ReEncryptOnSameKey", "true", "false"});
  tells({"ReEncrypt", to("alias/cards"), "Bool", "kms:ReEncryptOnSameKey", "true", "false"});
  tells({"ReEncrypt", to(other_), "Bool", "kms:ReEncryptOnSameKey", "false", "true"});
}

TEST_F(ConditionKeys, OfWhatIsAskedForANewKey) {
  const auto create = [](const std::string& more) { return "{" + more + "}"; };
  tells({"CreateKey", "{}", "StringEquals", "kms:KeySpec", R"("SYMMETRIC_DEFAULT")", R"("RSA_2048")"});
  tells({"CreateKey", create(R"("KeySpec":"RSA_2048","KeyUsage":"SIGN_VERIFY")"), "StringEquals", "kms:KeySpec",
         R"("RSA_2048")", R"("SYMMETRIC_DEFAULT")"});
  tells({"CreateKey", create(R"("KeySpec":"RSA_2048","KeyUsage":"SIGN_VERIFY")"), "StringEquals", "kms:KeyUsage",
         R"("SIGN_VERIFY")", R"("ENCRYPT_DECRYPT")"});
  tells({"CreateKey", create(R"("Origin":"EXTERNAL")"), "StringEquals", "kms:KeyOrigin", R"("EXTERNAL")",
         R"("AWS_KMS")"});
  tells({"CreateKey", create(R"("MultiRegion":true)"), "Bool", "kms:MultiRegion", "true", "false"});
  tells({"CreateKey", create(R"("MultiRegion":true)"), "StringEquals", "kms:MultiRegionKeyType", R"("PRIMARY")",
         R"("REPLICA")"});
  tells({"CreateKey", create(R"("BypassPolicyLockoutSafetyCheck":true)"), "Bool", "kms:BypassPolicyLockoutSafetyCheck",
         "true", "false"});
  const std::string tagged = create(R"("Tags":[{"TagKey":"domain","TagValue":"cards"},{"TagKey":"x","TagValue":"y"}])");
  tells({"CreateKey", tagged, "StringEquals", "aws:RequestTag/domain", R"("cards")", R"("loans")"});
  tells({"CreateKey", tagged, "ForAllValues:StringEquals", "aws:TagKeys", R"(["domain","x"])", R"("domain")"});
}

TEST_F(ConditionKeys, OfWhatIsAskedOfAKey) {
  tells({"EnableKeyRotation", of_key(), "NumericEquals", "kms:RotationPeriodInDays", "365", "180"});
  tells({"EnableKeyRotation", of_key(R"(,"RotationPeriodInDays":180)"), "NumericLessThan", "kms:RotationPeriodInDays",
         "181", "180"});
  tells({"PutKeyPolicy", of_key(R"(,"Policy":"{}")"), "Bool", "kms:BypassPolicyLockoutSafetyCheck", "false", "true"});
  const std::string tags = of_key(R"(,"Tags":[{"TagKey":"owner","TagValue":"ledger"}])");
  tells({"TagResource", tags, "StringEquals", "aws:RequestTag/owner", R"("ledger")", R"("none")"});
  tells({"TagResource", tags, "ForAnyValue:StringEquals", "aws:TagKeys", R"("owner")", R"("domain")"});
  tells({"UntagResource", of_key(R"(,"TagKeys":["owner"])"), "ForAllValues:StringEquals", "aws:TagKeys", R"("owner")",
         R"("domain")"});
  const std::string doomed = R"({"KeyId":")" + other_ + R"(","PendingWindowInDays":7})";
  tells({"ScheduleKeyDeletion", doomed, "NumericGreaterThan", "kms:ScheduleKeyDeletionPendingWindowInDays", "6", "7"});
  tells({"ScheduleKeyDeletion", of_key(), "NumericEquals", "kms:ScheduleKeyDeletionPendingWindowInDays", "30", "29"});
}

// A Deny waits for each of them as well: it is known, or it is truly never there.
TEST_F(ConditionKeys, TheTableNamesNoneThatPoliciesMayNotAskFor) {
  for (const auto& row : operation_table())
    for (const std::string_view key : row.condition_keys) {
      const std::string name = key.ends_with('/') || key.ends_with(':') ? std::string(key) + "x" : std::string(key);
      EXPECT_TRUE(policy::is_condition_key(name)) << row.name << " " << key;
    }
}

}  // namespace
}  // namespace keyfold::server
