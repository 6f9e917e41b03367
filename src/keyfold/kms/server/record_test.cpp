// What the audit record of a call says.

#include <gtest/gtest.h>

#include "keyfold/kms/server/server_testing.h"

namespace keyfold::server {
namespace {

TEST(Pipeline, TheRecordOfACallThatDoesNotDecodeSaysWhichKeyItNamed) {
  Kms kms;
  const std::string long_name(3000, 'k');
  for (const auto& [operation, body] : std::initializer_list<std::pair<const char*, std::string>>{
           {"Encrypt", R"({"KeyId":"alias/a"})"},
           {"Encrypt", R"({"KeyId":"alias/a","Plaintext":"no base64"})"},
           {"ScheduleKeyDeletion", R"({"PendingWindowInDays":"7","KeyId":"alias/a"})"}}) {
    EXPECT_EQ(kms.call(operation, body).status, 400);
    EXPECT_NE(kms.leaves().back().find(R"("requestParameters":{"keyId":"alias/a"})"), std::string::npos) << body;
  }
  const std::string cut = '"' + long_name.substr(0, 2048) + '"';
  const auto expect_recorded = [&](const char* operation, const std::string& body, const std::string& recorded) {
    EXPECT_EQ(kms.call(operation, "{" + body + "}").status, 400) << body;
    const std::string leaf = kms.leaves().back();
    EXPECT_NE(leaf.find(R"("requestParameters":{)" + recorded + "},"), std::string::npos) << leaf;
  };
  expect_recorded("ReEncrypt", R"("SourceKeyId":"alias/a","DestinationKeyId":"alias/b")",
                  R"("sourceKeyId":"alias/a","destinationKeyId":"alias/b")");
  expect_recorded("ReEncrypt", R"("SourceKeyId":"alias/a","KeyId":"alias/c")", R"("sourceKeyId":"alias/a")");
  expect_recorded("CreateAlias", R"("AliasName":"alias/a","TargetKeyId":7)", R"("aliasName":"alias/a")");
  expect_recorded("UpdateAlias", R"("TargetKeyId":"1234","AliasName":"")", R"("targetKeyId":"1234")");
  expect_recorded("CreateAlias", R"("TargetKeyId":")" + long_name + R"(","AliasName":")" + long_name + '"',
                  R"("aliasName":)" + cut + R"(,"targetKeyId":)" + cut);
  expect_recorded("DeleteAlias", R"("AliasName":")" + long_name + '"', R"("aliasName":)" + cut);
  EXPECT_EQ(kms.call("DescribeKey", R"({"KeyId":")" + long_name + "\"}").error, "ValidationException");
  EXPECT_NE(kms.leaves().back().find(cut), std::string::npos);
  EXPECT_EQ(kms.call("Encrypt", R"({"KeyId":7})").status, 400);
  EXPECT_EQ(kms.call("ListKeys", R"({"KeyId":"alias/a","Limit":"x"})").status, 400);
  const auto leaves = kms.leaves();
  for (const auto& leaf : std::span(leaves).last(2))
    EXPECT_NE(leaf.find(R"("requestParameters":null)"), std::string::npos) << leaf;
}

TEST(Pipeline, TheRecordOfWhatIsRefusedBeforeItsKeyIsLookedForSaysWhatItNamed) {
  Kms kms;
  const auto expect_recorded = [&](const char* operation, const std::string& member, std::string_view error,
                                   std::string_view recorded) {
    EXPECT_EQ(kms.call(operation, R"({"KeyId":"alias/a",)" + member + "}").error, error) << operation << member;
    const std::string leaf = kms.leaves().back();
    EXPECT_NE(leaf.find(R"("requestParameters":{"keyId":"alias/a")" + std::string(recorded)), std::string::npos)
        << leaf;
  };
  const std::string context = R"("EncryptionContext":{"a":"1"})";
  const std::string context_recorded = R"(,"encryptionContext":{"a":"1"})";
  const std::string both_recorded = context_recorded + R"(,"encryptionAlgorithm":"SYMMETRIC_DEFAULT"})";
  for (const auto& [member, error] : {std::pair{R"(,"GrantTokens":["t"])", "InvalidGrantTokenException"},
                                      {R"(,"Recipient":{})", "UnsupportedOperationException"}}) {
    expect_recorded("Decrypt", R"("CiphertextBlob":"AAAA",)" + context + member, error, both_recorded);
    expect_recorded("GenerateDataKey", R"("KeySpec":"AES_256",)" + context + member, error, context_recorded);
  }
  const std::string token = R"(,"GrantTokens":["t"])";
  expect_recorded("Encrypt", R"("Plaintext":"AA==",)" + context + token, "InvalidGrantTokenException", both_recorded);
  expect_recorded("GenerateDataKeyWithoutPlaintext", context + token, "InvalidGrantTokenException", context_recorded);
  expect_recorded("DescribeKey", token.substr(1), "InvalidGrantTokenException", "}");
  expect_recorded("Decrypt", R"("CiphertextBlob":"AAAA","DryRunModifiers":["IGNORE_CIPHERTEXT"])",
                  "ValidationException", R"(,"encryptionAlgorithm")");
  expect_recorded("GenerateDataKey", context, "ValidationException", context_recorded);
  expect_recorded("GenerateDataKeyWithoutPlaintext", context, "ValidationException", context_recorded);
  expect_recorded("PutKeyPolicy", R"("Policy":"{}","PolicyName":"other")", "NotFoundException", "");
  expect_recorded("ListResourceTags", R"("Limit":51)", "ValidationException", "}");
  expect_recorded("ListAliases", R"("Limit":101)", "ValidationException", "}");
}

TEST(Pipeline, AReEncryptionIsRecordedWithBothItsSides) {
  Kms kms;
  const std::string from = kms.create_key();
  const std::string to = kms.create_key();
  const std::string blob =
      kms.text(kms.call("Encrypt", R"({"KeyId":")" + from + R"(","Plaintext":"AAEC","EncryptionContext":{"a":"1"}})"),
               "CiphertextBlob");
  const std::string body = R"({"CiphertextBlob":")" + blob + R"(","SourceEncryptionContext":{"a":"1"},)" +
                           R"("DestinationEncryptionContext":{"b":"2"},"DestinationKeyId":")" + to + "\"}";
  const auto answer = kms.call("ReEncrypt", body);
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto user = kms.add_user("mover", "");
  EXPECT_EQ(kms.call_as(user, "ReEncrypt", body).error, "AccessDeniedException");
  const auto leaves = kms.leaves();
  const std::string both = R"("resources":[{"ARN":")" + from +
                           R"(","accountId":"123456789012","type":"AWS::KMS::Key"},{"ARN":")" + to +
                           R"(","accountId":"123456789012","type":"AWS::KMS::Key"}])";
  for (const std::string& part :
       {R"("requestParameters":{"sourceEncryptionContext":{"a":"1"},"sourceEncryptionAlgorithm":"SYMMETRIC_DEFAULT",)"
        R"("destinationKeyId":")" +
            to + R"(","destinationEncryptionContext":{"b":"2"},"destinationEncryptionAlgorithm":"SYMMETRIC_DEFAULT"})",
        R"("sourceKeyMaterialId":")" + kms.text(answer, "SourceKeyMaterialId") + R"(","destinationKeyMaterialId":")" +
            kms.text(answer, "DestinationKeyMaterialId") + '"',
        both})
    EXPECT_NE(leaves[leaves.size() - 2].find(part), std::string::npos) << part << " in " << leaves[leaves.size() - 2];
  EXPECT_NE(leaves.back().find(R"("resources":[{"ARN":")" + from +
                               R"(","accountId":"123456789012","type":"AWS::KMS::Key"}])"),
            std::string::npos)
      << "refused at the source";
  EXPECT_EQ(leaves.back().find("sourceKeyMaterialId"), std::string::npos) << "nothing was used";
}

TEST(Pipeline, AReEncryptionIsRecordedWithTheDecisionsOfBothItsSides) {
  Kms kms;
  const auto key_that_lets = [&](const std::string& sid, const std::string& action) {
    return kms.create_key("test", R"({"BypassPolicyLockoutSafetyCheck":true,"Policy":"{\"Version\":\"2012-10-17\",)"
                                  R"(\"Statement\":[{\"Sid\":\")" +
                                      sid + R"(\",\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"*\"},\"Action\":)" +
                                      R"([\"kms:Encrypt\",\")" + action + R"(\"],\"Resource\":\"*\"}]}"})");
  };
  const std::string from = key_that_lets("AllowLeaving", "kms:ReEncryptFrom");
  const std::string to = key_that_lets("AllowArriving", "kms:ReEncryptTo");
  const std::string blob =
      kms.text(kms.call("Encrypt", R"({"KeyId":")" + from + R"(","Plaintext":"AAEC"})"), "CiphertextBlob");
  const std::string refused_blob =
      kms.text(kms.call("Encrypt", R"({"KeyId":")" + to + R"(","Plaintext":"AAEC"})"), "CiphertextBlob");
  const auto details_of = [&](const std::string& ciphertext, const std::string& destination) {
    kms.call("ReEncrypt", R"({"CiphertextBlob":")" + ciphertext + R"(","DestinationKeyId":")" + destination + "\"}");
    const std::string leaf = kms.leaves().back();
    const auto begin = leaf.find(R"("additionalEventData")");
    return leaf.substr(begin, leaf.find('}', begin) + 1 - begin);
  };
  const auto has = [](const std::string& details, std::string_view part) {
    EXPECT_NE(details.find(part), std::string::npos) << part << " in " << details;
  };
  const auto done = details_of(blob, to);
  has(done, R"("sourceDecision":"allow","sourceDecidingStatement":"AllowLeaving")");
  has(done, R"("decision":"allow","decidingStatement":"AllowArriving")");
  const std::string allowed_from =
      R"("additionalEventData":{"sourceDecision":"allow","sourceDecidingStatement":"AllowLeaving")";
  EXPECT_EQ(details_of(blob, from), allowed_from + R"(,"decision":"implicit deny"})");
  EXPECT_EQ(details_of(blob, "alias/none"), allowed_from + "}") << "of that side nothing was decided";
  EXPECT_EQ(details_of(refused_blob, to), R"("additionalEventData":{"decision":"implicit deny"})")
      << "refused at the source: that decided the call";
  kms.call("Encrypt", R"({"KeyId":")" + from + R"(","Plaintext":"AAEC"})");
  EXPECT_EQ(kms.leaves().back().find("sourceDeci"), std::string::npos) << "nothing of it stays";
}

TEST(Pipeline, ACallWhoseContextIsTooLargeForTheLogIsRecordedWithoutIt) {
  Kms kms;
  const std::string arn = kms.create_key();
  // A byte that the log writes as six.
  for (const std::size_t size : {std::size_t{9000}, std::size_t{1000000}}) {
    const std::string body = R"({"KeyId":")" + arn + R"(","Plaintext":"AA==","EncryptionContext":{"a":")" +
                             std::string(size, '\x7f') + "\"}}";
    EXPECT_EQ(kms.call("Encrypt", body).error, "ValidationException") << size;
    const std::string leaf = kms.leaves().back();
    EXPECT_NE(leaf.find(R"("errorCode":"ValidationException")"), std::string::npos) << size;
    EXPECT_NE(leaf.find(arn), std::string::npos) << size;
    EXPECT_EQ(leaf.find("encryptionContext"), std::string::npos) << size;
  }
}

TEST(Pipeline, TheRecordOfAnAliasSaysWhatItIsToMean) {
  Kms kms;
  const std::string arn = kms.create_key();
  const std::string other = kms.create_key();
  const auto expect_recorded = [&](std::string_view operation, std::string_view target, int status) {
    const std::string body = R"({"AliasName":"alias/a","TargetKeyId":")" + std::string(target) + "\"}";
    EXPECT_EQ(kms.call(operation, body).status, status);
    const std::string leaf = kms.leaves().back();
    EXPECT_NE(leaf.find(R"("aliasName":"alias/a","targetKeyId":")" + std::string(target) + '"'), std::string::npos)
        << leaf;
  };
  expect_recorded("CreateAlias", "nothing", 400);
  expect_recorded("CreateAlias", arn, 200);
  expect_recorded("UpdateAlias", "alias/a", 400);
  expect_recorded("UpdateAlias", other, 200);
}

TEST(Pipeline, TheRecordOfAChangeSaysWhatItWasChangedTo) {
  Kms kms;
  const std::string policy =
      R"({\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"*\"},)"
      R"(\"Action\":\"kms:*\",\"Resource\":\"*\"}]})";
  const std::string tags = R"([{"TagKey":"domain","TagValue":"payments"},{"TagKey":"empty","TagValue":""}])";
  const std::string tags_recorded =
      R"("tags":[{"tagKey":"domain","tagValue":"payments"},{"tagKey":"empty","tagValue":""}])";
  const auto expect_recorded = [&](const std::string& parameters) {
    const std::string leaf = kms.leaves().back();
    EXPECT_NE(leaf.find(R"("requestParameters":{)" + parameters + "},"), std::string::npos) << leaf;
  };
  const std::string arn = kms.create_key();
  expect_recorded(R"("description":"","keyUsage":"ENCRYPT_DECRYPT","keySpec":"SYMMETRIC_DEFAULT","origin":"AWS_KMS",)"
                  R"("bypassPolicyLockoutSafetyCheck":false,"multiRegion":false)");
  kms.create_key("test", R"({"Description":"ledger","Policy":")" + policy + R"(","Tags":)" + tags +
                             R"(,"CustomerMasterKeySpec":"SYMMETRIC_DEFAULT","BypassPolicyLockoutSafetyCheck":true})");
  expect_recorded(R"("policy":")" + policy + R"(","description":"ledger","keyUsage":"ENCRYPT_DECRYPT",)" +
                  R"("customerMasterKeySpec":"SYMMETRIC_DEFAULT","keySpec":"SYMMETRIC_DEFAULT","origin":"AWS_KMS",)" +
                  R"("bypassPolicyLockoutSafetyCheck":true,)" + tags_recorded + R"(,"multiRegion":false)");
  EXPECT_EQ(kms.call("CreateKey", R"({"CustomerMasterKeySpec":"HMAC_256","KeyUsage":"GENERATE_VERIFY_MAC",)"
                                  R"("MultiRegion":true,"CustomKeyStoreId":"cks-1","XksKeyId":"xks-1"})")
                .status,
            400);
  expect_recorded(R"("description":"","keyUsage":"GENERATE_VERIFY_MAC","customerMasterKeySpec":"HMAC_256",)"
                  R"("keySpec":"HMAC_256","origin":"AWS_KMS","customKeyStoreId":"cks-1",)"
                  R"("bypassPolicyLockoutSafetyCheck":false,"multiRegion":true,"xksKeyId":"xks-1")");

  const auto change = [&](std::string_view operation, const std::string& rest, int status,
                          const std::string& recorded) {
    const auto answer = kms.call(operation, R"({"KeyId":")" + arn + "\"," + rest + "}");
    EXPECT_EQ(answer.status, status) << answer.body;
    expect_recorded(R"("keyId":")" + arn + "\"," + recorded);
  };
  change("PutKeyPolicy", R"("Policy":")" + policy + R"(","BypassPolicyLockoutSafetyCheck":true)", 200,
         R"("policyName":"default","policy":")" + policy + R"(","bypassPolicyLockoutSafetyCheck":true)");
  change("PutKeyPolicy", R"("Policy":"{}","PolicyName":"other")", 400,
         R"("policyName":"other","policy":"{}","bypassPolicyLockoutSafetyCheck":false)");
  change("TagResource", "\"Tags\":" + tags, 200, tags_recorded);
  change("UntagResource", R"("TagKeys":["domain","absent"])", 200, R"("tagKeys":["domain","absent"])");
  change("UpdateKeyDescription", R"("Description":"a \"b\"")", 200, R"("description":"a \"b\"")");
}

TEST(Pipeline, TheRecordOfAChangeIsNeverTooLargeForTheLog) {
  Kms kms;
  const std::string arn = kms.create_key();
  const auto text = [](std::size_t characters) {  // Of the largest in the log.
    std::string out;
    for (std::size_t i = 0; i < characters; ++i) out += R"(\u0001)";
    return out;
  };
  const auto list = [](std::size_t size, auto&& item) {
    std::string out = "[";
    for (std::size_t i = 0; i < size; ++i) out += (i == 0 ? "" : ",") + item(i);
    return out + "]";
  };
  const auto key_of = [&](std::size_t i) { return "\"" + std::to_string(1000 + i) + text(124) + "\""; };
  const auto tag_of = [&](std::size_t i) {
    return "{\"TagKey\":" + key_of(i) + R"(,"TagValue":")" + text(256) + "\"}";
  };
  const auto change = [&](std::string_view operation, const std::string& rest, std::string_view error) {
    const auto answer = kms.call(operation, R"({"KeyId":")" + arn + "\"" + rest + "}");
    EXPECT_EQ(answer.error, error) << answer.body;
    EXPECT_NE(kms.leaves().back().find(R"("eventName":")" + std::string(operation)), std::string::npos);
  };
  const std::string policy = std::string(32768, ' ');
  change("CreateKey",
         R"(,"Description":")" + text(8192) + R"(","Policy":")" + policy + R"(","Tags":)" + list(50, tag_of),
         "MalformedPolicyDocumentException");
  change("PutKeyPolicy", R"(,"Policy":")" + policy + '"', "MalformedPolicyDocumentException");
  EXPECT_NE(kms.leaves().back().find(policy), std::string::npos);
  change("PutKeyPolicy", R"(,"Policy":")" + policy + " \"", "LimitExceededException");
  EXPECT_EQ(kms.leaves().back().find(R"("policy")"), std::string::npos);
  change("TagResource", ",\"Tags\":" + list(50, tag_of), "");
  change("TagResource", ",\"Tags\":" + list(400, tag_of), "TagException");
  change("UntagResource", ",\"TagKeys\":" + list(1000, key_of), "TagException");
  change("UntagResource", ",\"TagKeys\":" + list(51, key_of), "TagException");
  change("UntagResource", ",\"TagKeys\":" + list(50, key_of), "");
  EXPECT_NE(kms.leaves().back().find("\"1049"), std::string::npos);
  EXPECT_EQ(kms.call("ListResourceTags", R"({"KeyId":")" + arn + "\"}").body, R"({"Tags":[],"Truncated":false})");
  const std::string too_many = R"(","TagKeys":)" + list(51, key_of) + "}";
  const auto user = kms.add_user("writer", "");
  EXPECT_EQ(kms.call_as(user, "UntagResource", R"({"KeyId":")" + arn + too_many).error, "AccessDeniedException");
  const std::string absent = "12345678-1234-1234-1234-123456789012";
  EXPECT_EQ(kms.call("UntagResource", R"({"KeyId":")" + absent + too_many).error, "NotFoundException");
}

}  // namespace
}  // namespace keyfold::server
