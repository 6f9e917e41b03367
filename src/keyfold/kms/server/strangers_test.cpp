// What callers of another account hear of keys that they may not use.

#include <gtest/gtest.h>

#include "keyfold/kms/server/server_testing.h"

namespace keyfold::server {
namespace {

constexpr std::string_view stranger = "111122223333";

class Strangers : public testing::Test {
 protected:
  std::string encrypt(const std::string& arn, std::string_view access_key = "test") {
    return kms_.text(kms_.call("Encrypt", R"({"KeyId":")" + arn + R"(","Plaintext":"AAEC"})", access_key),
                     "CiphertextBlob");
  }
  bool recorded(std::string_view part) { return kms_.leaves().back().find(part) != std::string::npos; }

  Kms kms_;
  const std::string arn_ = kms_.create_key();
  const std::string own_ = kms_.create_key(stranger);  // Theirs.
};

TEST_F(Strangers, HearTheSameWhateverCiphertextTheySendWithTheKeysName) {
  const std::string blob = encrypt(arn_);
  Bytes unknown = *from_base64(blob);
  unknown[10] ^= std::byte{1};  // Inside of the key id.
  for (const auto& [operation, member, rest] :
       {std::array<std::string, 3>{"Decrypt", "KeyId", ""},
        {"ReEncrypt", "SourceKeyId", R"(,"DestinationKeyId":")" + own_ + '"'}}) {
    std::string first;
    for (const std::string& ciphertext :
         {blob, encrypt(own_, stranger), encrypt(kms_.create_key()), to_base64(unknown), std::string("AAAA")}) {
      const auto answer = kms_.call(
          operation, R"({"CiphertextBlob":")" + ciphertext + "\",\"" + member + R"(":")" + arn_ + "\"" + rest + "}",
          stranger);
      EXPECT_EQ(answer.error, "AccessDeniedException") << operation << ciphertext;
      if (first.empty()) first = answer.body;
      EXPECT_EQ(answer.body, first) << operation << ciphertext;
    }
  }
}

TEST_F(Strangers, ACiphertextOfAnotherKeyThanTheNamedOneIsRecordedWithItsOwn) {
  const std::string blob = encrypt(kms_.create_key());
  const std::string other = encrypt(own_, stranger);
  Bytes unknown = *from_base64(blob);
  unknown[10] ^= std::byte{1};
  const auto decrypt = [&](const std::string& ciphertext) {
    return kms_.call("Decrypt", R"({"CiphertextBlob":")" + ciphertext + R"(","KeyId":")" + arn_ + "\"}");
  };
  const std::string incorrect =
      R"({"__type":"IncorrectKeyException","message":"The key ID in the request does not identify a CMK that can )"
      R"(perform this operation."})";
  EXPECT_EQ(decrypt(other).body, incorrect);
  EXPECT_TRUE(recorded("perform this operation. The ciphertext is of " + own_)) << kms_.leaves().back();
  EXPECT_TRUE(recorded(R"("resources":[{"ARN":")" + arn_)) << kms_.leaves().back();
  EXPECT_EQ(decrypt(to_base64(unknown)).body, incorrect);
  EXPECT_TRUE(recorded("perform this operation. The ciphertext is of a key that is not here")) << kms_.leaves().back();
  EXPECT_EQ(decrypt("AAAA").body, R"({"__type":"InvalidCiphertextException"})");
}

}  // namespace
}  // namespace keyfold::server
