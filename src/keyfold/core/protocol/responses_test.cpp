#include "keyfold/core/protocol/responses.h"

#include <gtest/gtest.h>

namespace keyfold::protocol {
namespace {

TEST(Responses, TheClientReadsWhatTheServerWrites) {
  std::string body;
  append(body, EncryptResponse{.ciphertext = as_bytes("blob"), .key_id = "arn"});
  EXPECT_EQ(as_text(read_encrypt_response(body)->ciphertext), "blob");
  body.clear();
  append(body, DecryptResponse{.key_id = "arn", .plaintext = as_bytes("secret"), .key_material_id = "m"});
  const auto decrypted = read_decrypt_response(body);
  EXPECT_EQ(as_text(decrypted->plaintext.reveal()), "secret");
  EXPECT_EQ(decrypted->key_material_id, "m");
  body.clear();
  append(body,
         GenerateDataKeyResponse{
             .ciphertext = as_bytes("blob"), .plaintext = as_bytes("key"), .key_id = "arn", .key_material_id = "m"});
  EXPECT_EQ(as_text(read_data_key_response(body)->plaintext.reveal()), "key");
  body.clear();
  append(body, GenerateDataKeyResponse{
                   .ciphertext = as_bytes("blob"), .plaintext = {}, .key_id = "arn", .key_material_id = "m"});
  EXPECT_FALSE(read_data_key_response(body)) << "it has no plaintext";
  EXPECT_EQ(read_data_key_without_plaintext_response(body)->key_id, "arn");
  body.clear();
  append(body, ReEncryptResponse{.ciphertext = as_bytes("blob"),
                                 .source_key_id = "s",
                                 .key_id = "d",
                                 .source_key_material_id = "1",
                                 .destination_key_material_id = "2"});
  EXPECT_EQ(
      body,
      R"({"CiphertextBlob":"YmxvYg==","SourceKeyId":"s","KeyId":"d","SourceEncryptionAlgorithm":"SYMMETRIC_DEFAULT",)"
      R"("DestinationEncryptionAlgorithm":"SYMMETRIC_DEFAULT","SourceKeyMaterialId":"1","DestinationKeyMaterialId":"2"})");
}

TEST(Responses, WhatIsNotAReplyIsRefused) {
  for (const std::string_view body :
       {"", "[]", "{}", "<html>", R"({"KeyId":1,"Plaintext":"AA=="})", R"({"KeyId":"k","Plaintext":"?"})",
        R"({"KeyId":"k"})", R"({"KeyId":"k","KeyId":"k","Plaintext":"AA=="})"}) {
    const auto read = read_decrypt_response(body);
    ASSERT_FALSE(read) << body;
    EXPECT_EQ(read.error().code, ErrorCode::serialization);
  }
}

TEST(Responses, MetadataHasTheMembersThatSdksExpect) {
  std::string body;
  append(body, KeyMetadata{.account = "123456789012",
                           .key_id = "id",
                           .arn = "arn",
                           .creation_date = Timestamp(std::chrono::seconds(1)),
                           .enabled = true,
                           .description = "",
                           .key_usage = "ENCRYPT_DECRYPT",
                           .key_state = "Enabled",
                           .deletion_date = {},
                           .origin = "AWS_KMS",
                           .key_manager = "CUSTOMER",
                           .key_spec = "SYMMETRIC_DEFAULT",
                           .current_key_material_id = "m"});
  EXPECT_EQ(
      body,
      R"({"KeyMetadata":{"AWSAccountId":"123456789012","KeyId":"id","Arn":"arn","CreationDate":1,"Enabled":true,"Description":"",)"
      R"("KeyUsage":"ENCRYPT_DECRYPT","KeyState":"Enabled","Origin":"AWS_KMS","KeyManager":"CUSTOMER",)"
      R"("CustomerMasterKeySpec":"SYMMETRIC_DEFAULT","KeySpec":"SYMMETRIC_DEFAULT","EncryptionAlgorithms":["SYMMETRIC_DEFAULT"],)"
      R"("MultiRegion":false,"CurrentKeyMaterialId":"m"}})");
}

TEST(Responses, RotationDatesStandOnlyWhereRotationIsOn) {
  std::string body;
  append(body, KeyRotationStatus{.enabled = false,
                                 .key_id = "arn",
                                 .rotation_period_in_days = {},
                                 .next_rotation_date = {},
                                 .on_demand_rotation_start_date = {}});
  EXPECT_EQ(body, R"({"KeyRotationEnabled":false,"KeyId":"arn"})");
}

}  // namespace
}  // namespace keyfold::protocol
