#include "keyfold/core/protocol/request_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace keyfold::protocol {
namespace {

// Keeps what its requests point into.
class Requests : public testing::Test {
 protected:
  template <class Request>
  Request accepted(const std::string& body) {
    auto request = reader_.read<Request>(body);
    EXPECT_TRUE(request) << body << ": " << (request ? "" : request.error().message);
    return request ? *std::move(request) : Request{};
  }
  template <class Request>
  Error refused(const std::string& body) {
    auto request = reader_.read<Request>(body);
    EXPECT_FALSE(request) << body;
    return request ? Error{ErrorCode::internal, ""} : request.error();
  }
  template <class Request>
  std::string message(const std::string& body) {
    const Error error = refused<Request>(body);
    EXPECT_EQ(error.code, ErrorCode::validation) << error.message;
    return error.message;
  }
  RequestReader reader_;
};

std::string base64_of(std::size_t size) { return to_base64(Bytes(size, std::byte{7})); }
std::string one(std::string_view rest) { return "1 validation error detected: Value " + std::string(rest); }

TEST_F(Requests, EncryptIsReadWhole) {
  const auto r = accepted<EncryptRequest>(
      R"({"KeyId":"alias/x","Plaintext":"aGVsbG8=","EncryptionContext":{"b":"2","a":"1"},"EncryptionAlgorithm":"SYMMETRIC_DEFAULT","DryRun":true,"Unknown":[{}]})");
  EXPECT_EQ(r.key_id, "alias/x");
  EXPECT_EQ(as_text(r.plaintext), "hello");
  ASSERT_EQ(r.context.size(), 2U);
  EXPECT_EQ(r.context.begin()->key, "a");
  EXPECT_EQ(r.algorithm, "SYMMETRIC_DEFAULT");
  EXPECT_TRUE(r.dry_run);
  EXPECT_TRUE(r.grant_tokens.empty());
}

TEST_F(Requests, MembersThatAreNullAreAbsent) {
  const auto r = accepted<DecryptRequest>(
      R"({"CiphertextBlob":"AA==","KeyId":null,"EncryptionContext":null,"DryRun":null,"GrantTokens":null})");
  EXPECT_FALSE(r.key_id);
  EXPECT_TRUE(r.context.empty());
}

TEST_F(Requests, RequiredMembersMustNotBeNull) {
  EXPECT_EQ(message<KeyIdRequest>("{}"), one("null at 'keyId' failed to satisfy constraint: Member must not be null"));
  EXPECT_EQ(message<PutKeyPolicyRequest>(R"({"KeyId":"k","Policy":null})"),
            one("null at 'policy' failed to satisfy constraint: Member must not be null"));
  EXPECT_EQ(message<DecryptRequest>("{}"),
            one("null at 'ciphertextBlob' failed to satisfy constraint: Member must not be null"));
}

TEST_F(Requests, SeveralErrorsAreToldTogether) {
  EXPECT_EQ(message<EncryptRequest>("{}"),
            "2 validation errors detected: Value null at 'keyId' failed to satisfy constraint: Member must not be "
            "null; Value null at "
            "'plaintext' failed to satisfy constraint: Member must not be null");
}

TEST_F(Requests, BlobsPrintNoValueAndEndAtTheirLimits) {
  const auto encrypt = [](std::size_t size) { return R"({"KeyId":"k","Plaintext":")" + base64_of(size) + "\"}"; };
  for (std::size_t size : {1U, 2U, 4095U, 4096U})
    EXPECT_EQ(accepted<EncryptRequest>(encrypt(size)).plaintext.size(), size);
  EXPECT_EQ(message<EncryptRequest>(encrypt(4097)),
            one("at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096"));
  EXPECT_EQ(message<EncryptRequest>(encrypt(0)),
            one("at 'plaintext' failed to satisfy constraint: Member must have length greater than or equal to 1"));
  EXPECT_EQ(
      message<DecryptRequest>(R"({"CiphertextBlob":")" + base64_of(6145) + "\"}"),
      one("at 'ciphertextBlob' failed to satisfy constraint: Member must have length less than or equal to 6144"));
}

TEST_F(Requests, NumbersEndAtTheirLimits) {
  const auto random = [](std::int64_t n) { return R"({"NumberOfBytes":)" + std::to_string(n) + "}"; };
  for (std::int64_t n : {1, 2, 1023, 1024}) EXPECT_EQ(accepted<GenerateRandomRequest>(random(n)).number_of_bytes, n);
  EXPECT_EQ(
      message<GenerateRandomRequest>(random(1025)),
      one("'1025' at 'numberOfBytes' failed to satisfy constraint: Member must have value less than or equal to 1024"));
  for (std::int64_t n : {0, -1})
    EXPECT_NE(message<GenerateRandomRequest>(random(n)).find("greater than or equal to 1"), std::string::npos);
  const auto period = [](std::int64_t n) {
    return R"({"KeyId":"k","RotationPeriodInDays":)" + std::to_string(n) + "}";
  };
  for (std::int64_t n : {90, 2560}) EXPECT_EQ(accepted<EnableKeyRotationRequest>(period(n)).rotation_period_in_days, n);
  for (std::int64_t n : {89, 2561}) message<EnableKeyRotationRequest>(period(n));
}

TEST_F(Requests, WrongTypesAreSerializationErrors) {
  for (const char* body : {R"({"KeyId":1,"Plaintext":"AA=="})", R"({"KeyId":"k","Plaintext":[]})",
                           R"({"KeyId":"k","Plaintext":"AA==","DryRun":"yes"})",
                           R"({"KeyId":"k","Plaintext":"AA==","EncryptionContext":{"a":1}})",
                           R"({"KeyId":"k","Plaintext":"AA==","EncryptionContext":["a"]})",
                           R"({"KeyId":"k","Plaintext":"AA==","GrantTokens":"t"})", R"([])", R"("x")", "1", "null"})
    EXPECT_EQ(refused<EncryptRequest>(body).code, ErrorCode::serialization) << body;
  EXPECT_EQ(refused<EncryptRequest>(R"({"KeyId":1})").message, "NUMBER_VALUE can not be converted to a String");
  EXPECT_EQ(refused<GenerateRandomRequest>(R"({"NumberOfBytes":1.5})").code, ErrorCode::serialization);
}

TEST_F(Requests, BadBase64IsASerializationErrorWithoutAMessage) {
  for (const char* text : {"A", "AA", "AAA", "AA=A", "A A=", "AB==", "!!!!", "AA==\\n"}) {
    const Error error = refused<EncryptRequest>(std::string(R"({"KeyId":"k","Plaintext":")") + text + "\"}");
    EXPECT_EQ(error.code, ErrorCode::serialization) << text;
    EXPECT_EQ(error.message, "");
  }
}

TEST_F(Requests, KeyIdsHaveTwoThousandAndFortyEightCharacters) {
  const auto body = [](const std::string& id) { return R"({"KeyId":")" + id + "\"}"; };
  EXPECT_EQ(accepted<KeyIdRequest>(body(std::string(2048, 'k'))).key_id.size(), 2048U);
  message<KeyIdRequest>(body(std::string(2049, 'k')));
  EXPECT_EQ(message<KeyIdRequest>(body("")),
            one("'' at 'keyId' failed to satisfy constraint: Member must have length greater than or equal to 1"));
}

TEST_F(Requests, LengthsAreCountedInUtf16Units) {
  const auto body = [](std::string_view character, std::size_t count) {
    std::string text = R"({"KeyId":"k","Description":")";
    for (std::size_t i = 0; i < count; ++i) text += character;
    return text + "\"}";
  };
  accepted<UpdateKeyDescriptionRequest>(body("\xe2\x82\xac", 8192));
  message<UpdateKeyDescriptionRequest>(body("\xe2\x82\xac", 8193));
  accepted<UpdateKeyDescriptionRequest>(body("\xf0\x9f\x94\x91", 4096));
  message<UpdateKeyDescriptionRequest>(body("\xf0\x9f\x94\x91", 4097));
}

TEST_F(Requests, AliasNamesMustMatchTheirPattern) {
  const auto body = [](const std::string& name) { return R"({"AliasName":")" + name + R"(","TargetKeyId":"k"})"; };
  accepted<AliasRequest>(body("alias/a:Z_9-/"));
  for (const char* name : {"alias/a b", "alias/\xc3\xa4", "alias/a.b", "alias/\\n"})
    EXPECT_NE(
        message<AliasRequest>(body(name)).find("Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$"),
        std::string::npos);
  EXPECT_EQ(message<AliasRequest>(body("")).substr(0, 28), "2 validation errors detected");
}

TEST_F(Requests, PoliciesAndMarkersAreLatin) {
  const auto policy = [](const std::string& text) { return R"({"KeyId":"k","Policy":")" + text + "\"}"; };
  accepted<PutKeyPolicyRequest>(policy("{ \\t\\n\\r \xc3\xbf}"));
  for (const char* text : {"\\u0000", "\\u000b", "\xc4\x80", "\xe2\x82\xac", "\xf0\x9f\x94\x91"})
    message<PutKeyPolicyRequest>(policy(text));
  message<ListKeysRequest>(R"({"Marker":"\t"})");
}

TEST_F(Requests, ListMembersAreNamedByTheirNumber) {
  EXPECT_EQ(message<TagResourceRequest>(
                R"({"KeyId":"k","Tags":[{"TagKey":"a","TagValue":"b"},{"TagKey":"","TagValue":"b"}]})"),
            one("'' at 'tags.2.member.tagKey' failed to satisfy constraint: Member must have length greater than or "
                "equal to 1"));
  EXPECT_EQ(message<TagResourceRequest>(R"({"KeyId":"k","Tags":[{"TagKey":"a"}]})"),
            one("null at 'tags.1.member.tagValue' failed to satisfy constraint: Member must not be null"));
  EXPECT_EQ(
      message<UntagResourceRequest>(R"({"KeyId":"k","TagKeys":["a","b",""]})"),
      one("'' at 'tagKeys.3.member' failed to satisfy constraint: Member must have length greater than or equal to 1"));
  const auto tags = accepted<TagResourceRequest>(R"({"KeyId":"k","Tags":[{"TagKey":"a","TagValue":""}]})").tags;
  ASSERT_EQ(tags.size(), 1U);
  EXPECT_EQ(tags[0].key, "a");
}

TEST_F(Requests, EnumerationsSayWhatTheyHold) {
  EXPECT_EQ(message<GenerateDataKeyRequest>(R"({"KeyId":"k","KeySpec":"AES_512"})"),
            one("'AES_512' at 'keySpec' failed to satisfy constraint: Member must satisfy enum value set: [AES_256, "
                "AES_128]"));
  message<CreateKeyRequest>(R"({"KeySpec":"RSA_1024"})");
  EXPECT_EQ(accepted<CreateKeyRequest>(R"({"KeySpec":"RSA_2048"})").key_spec, "RSA_2048");
}

TEST_F(Requests, WhatIsNotServedYetIsNoticed) {
  EXPECT_TRUE(accepted<DecryptRequest>(R"({"CiphertextBlob":"AA==","Recipient":{}})").unserved.recipient);
  EXPECT_TRUE(accepted<GenerateRandomRequest>(R"({"Recipient":{}})").unserved.recipient);
}

TEST_F(Requests, UpToTenGrantTokensAreTaken) {
  const auto two = accepted<DescribeKeyRequest>(R"({"KeyId":"k","GrantTokens":["t","u"]})").grant_tokens;
  ASSERT_EQ(two.size(), 2U);
  EXPECT_EQ(two[0], "t");
  EXPECT_EQ(two[1], "u");
  EXPECT_TRUE(accepted<DescribeKeyRequest>(R"({"KeyId":"k","GrantTokens":[]})").grant_tokens.empty());
  message<DescribeKeyRequest>(R"({"KeyId":"k","GrantTokens":[""]})");
  message<DescribeKeyRequest>(R"({"KeyId":"k","GrantTokens":[null]})");
  message<DescribeKeyRequest>(R"({"KeyId":"k","GrantTokens":[")" + std::string(8193, 't') + R"("]})");
  std::string eleven = R"({"KeyId":"k","GrantTokens":["t")";
  for (int i = 0; i < 10; ++i) eleven += R"(,"t")";
  EXPECT_NE(message<DescribeKeyRequest>(eleven + "]}").find("Member must have length less than or equal to 10"),
            std::string::npos);
}

TEST_F(Requests, AGrantIsTakenWithItsConstraints) {
  const auto r = accepted<CreateGrantRequest>(
      R"({"KeyId":"k","GranteePrincipal":"arn:aws:iam::111122223333:user/a","Operations":["Decrypt","ReEncryptTo"],
          "Constraints":{"EncryptionContextSubset":{"b":"2","a":"1"},"EncryptionContextEquals":null},"Name":"n"})");
  ASSERT_EQ(r.operations.size(), 2U);
  EXPECT_EQ(r.operations[1], "ReEncryptTo");
  ASSERT_TRUE(r.constraints.encryption_context_subset);
  EXPECT_EQ(r.constraints.encryption_context_subset->size(), 2U);
  EXPECT_FALSE(r.constraints.encryption_context_equals);
  EXPECT_EQ(r.name, "n");
  EXPECT_EQ(message<CreateGrantRequest>(R"({"KeyId":"k"})"),
            one("null at 'operations' failed to satisfy constraint: Member must not be null"));
  EXPECT_NE(message<CreateGrantRequest>(R"({"KeyId":"k","Operations":["Decrypt","Delete"]})")
                .find("Value 'Delete' at 'operations.2.member' failed to satisfy constraint: Member must satisfy enum"),
            std::string::npos);
  EXPECT_NE(message<CreateGrantRequest>(R"({"KeyId":"k","Operations":[],"Name":"a name"})").find("at 'name'"),
            std::string::npos);
  EXPECT_NE(message<CreateGrantRequest>(R"({"KeyId":"k","Operations":[],"GranteePrincipal":"a*"})")
                .find("regular expression pattern: ^[\\w+=,.@:/-]+$"),
            std::string::npos);
  for (const auto* const service : {"s3", "s3.amazonaws", "s3..com", "s3.amazonaws.com.", "s3_.amazonaws.com"})
    message<CreateGrantRequest>(R"({"KeyId":"k","Operations":[],"GranteeServicePrincipal":")" + std::string(service) +
                                "\"}");
  accepted<CreateGrantRequest>(R"({"KeyId":"k","Operations":[],"GranteeServicePrincipal":"s3.amazonaws.com"})");
  EXPECT_NE(message<CreateGrantRequest>(
                R"({"KeyId":"k","Operations":[],"Constraints":{"EncryptionContextEquals":{"a":null}}})")
                .find("'constraints.encryptionContextEquals'"),
            std::string::npos);
}

TEST_F(Requests, ADryRunMayLeaveTheCiphertextOut) {
  EXPECT_TRUE(accepted<DecryptRequest>(R"({"KeyId":"k","DryRun":true,"DryRunModifiers":["IGNORE_CIPHERTEXT"]})")
                  .ignore_ciphertext);
  message<DecryptRequest>(R"({"KeyId":"k","CiphertextBlob":"AA==","DryRunModifiers":["OTHER"]})");
}

TEST_F(Requests, ReEncryptKeepsItsTwoContextsApart) {
  const auto r = accepted<ReEncryptRequest>(
      R"({"CiphertextBlob":"AA==","DestinationKeyId":"d","SourceEncryptionContext":{"s":"1"},"DestinationEncryptionContext":{"d":"2"}})");
  EXPECT_EQ(r.source_context.begin()->key, "s");
  EXPECT_EQ(r.destination_context.begin()->key, "d");
}

TEST_F(Requests, TheSharedListOfOthersIsTold) {
  EXPECT_FALSE(accepted<ListKeysRequest>("{}").other_accounts_only);
  EXPECT_FALSE(
      accepted<ListKeysRequest>(R"({"ResourceOwners":["SELF","OTHER_ACCOUNTS_VIA_RAM"]})").other_accounts_only);
  EXPECT_TRUE(accepted<ListKeysRequest>(R"({"ResourceOwners":["OTHER_ACCOUNTS_VIA_RAM"]})").other_accounts_only);
}

TEST_F(Requests, WhatTheClientWritesTheServerReads) {
  std::vector<ContextPair> pairs = {{"k", "v\"\n"}, {"a", ""}};
  const auto context = *ContextView::over(pairs);
  std::string body;
  append(
      body,
      EncryptRequest{
          .key_id = "alias/x", .plaintext = as_bytes("secret"), .context = context, .algorithm = "SYMMETRIC_DEFAULT"});
  const auto encrypt = accepted<EncryptRequest>(body);
  EXPECT_EQ(as_text(encrypt.plaintext), "secret");
  EXPECT_EQ(encrypt.context, context);
  body.clear();
  append(body, GenerateDataKeyRequest{.key_id = "k", .context = context, .number_of_bytes = 64, .key_spec = {}});
  EXPECT_EQ(accepted<GenerateDataKeyRequest>(body).number_of_bytes, 64);
  body.clear();
  append(body, ReEncryptRequest{.ciphertext = as_bytes("c"),
                                .source_context = context,
                                .source_key_id = "s",
                                .destination_key_id = "d",
                                .destination_context = {},
                                .source_algorithm = {},
                                .destination_algorithm = {}});
  EXPECT_EQ(accepted<ReEncryptRequest>(body).source_key_id, "s");
  body.clear();
  append(body,
         DecryptRequest{.ciphertext = as_bytes("c"), .context = {}, .key_id = "k", .algorithm = {}, .dry_run = true});
  EXPECT_TRUE(accepted<DecryptRequest>(body).dry_run);
}

TEST(RequestReader, SaysWhatARefusedBodyHadForText) {
  RequestReader reader;
  EXPECT_EQ(reader.text_of("KeyId"), "");
  EXPECT_FALSE(reader.read<EncryptRequest>(R"({"KeyId":"alias/a","Plaintext":7})"));
  EXPECT_EQ(reader.text_of("KeyId"), "alias/a");
  EXPECT_EQ(reader.text_of("Plaintext"), "") << "no text";
  EXPECT_EQ(reader.text_of("Nothing"), "");
  for (const std::string_view body : {"", "{", "[]", "7", R"({"KeyId":"a","KeyId":"b"})"}) {
    EXPECT_FALSE(reader.read<EncryptRequest>(body)) << body;
    EXPECT_EQ(reader.text_of("KeyId"), "") << body;
  }
  EXPECT_FALSE(reader.read<EncryptRequest>(R"({"KeyId":"alias/a"})"));
  reader.wipe();
  EXPECT_EQ(reader.text_of("KeyId"), "");
}

}  // namespace
}  // namespace keyfold::protocol
