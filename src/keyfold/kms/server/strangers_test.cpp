// What callers of another account hear of keys that they may not use.

#include <gtest/gtest.h>

#include "keyfold/kms/server/server_testing.h"

namespace keyfold::server {
namespace {

constexpr std::string_view stranger = "111122223333";
constexpr std::string_view reason =
    " because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based "
    "policy explicitly denies access";
constexpr std::string_view absent_id = "12345678-1234-1234-1234-123456789012";

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const auto part : parts) text.append(part);
  return text;
}

std::string id_of(const std::string& arn) { return arn.substr(arn.rfind('/') + 1); }

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

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

TEST_F(Strangers, HearTheSameOfAKeyThatIsAndOfOneThatIsNot) {
  ASSERT_EQ(kms_.call("CreateAlias", R"({"AliasName":"alias/ledger","TargetKeyId":")" + arn_ + "\"}").status, 200);
  const std::string alias = replaced(arn_, "key/" + id_of(arn_), "alias/ledger");
  const std::string elsewhere = replaced(arn_, "123456789012", "999999999999");
  const std::string blob = encrypt(own_, stranger);
  struct Operation {
    std::string name, member, rest, action;
  };
  for (const auto& [name, member, rest, action] :
       {Operation{"Encrypt", "KeyId", R"("Plaintext":"AA==")", "Encrypt"},
        {"DescribeKey", "KeyId", R"("Unknown":1)", "DescribeKey"},
        {"GenerateDataKey", "KeyId", R"("KeySpec":"AES_256")", "GenerateDataKey"},
        {"GenerateDataKeyWithoutPlaintext", "KeyId", R"("KeySpec":"AES_256")", "GenerateDataKeyWithoutPlaintext"},
        {"Decrypt", "KeyId", R"("CiphertextBlob":")" + blob + '"', "Decrypt"},
        {"Decrypt", "KeyId", R"("DryRun":true,"DryRunModifiers":["IGNORE_CIPHERTEXT"])", "Decrypt"},
        {"ReEncrypt", "SourceKeyId", R"("DestinationKeyId":")" + own_ + R"(","CiphertextBlob":")" + blob + '"',
         "ReEncryptFrom"},
        {"ReEncrypt", "DestinationKeyId", R"("CiphertextBlob":")" + blob + '"', "ReEncryptTo"},
        {"GetKeyRotationStatus", "KeyId", R"("Unknown":1)", "GetKeyRotationStatus"}}) {
    const auto call = [&](const std::string& named) {
      return kms_.call(name, joined({"{\"", member, R"(":")", named, "\",", rest, "}"}), stranger);
    };
    for (const auto& [is, is_not, why_not] :
         {std::array<std::string, 3>{arn_, replaced(arn_, id_of(arn_), absent_id), "' does not exist"},
          {arn_, elsewhere, "' does not exist"},
          {alias, replaced(alias, "ledger", "nothing"), " is not found."}}) {
      if (name == "GetKeyRotationStatus" && is == alias) continue;  // No alias is taken there.
      const auto of_that = call(is);
      EXPECT_TRUE(recorded("is not authorized to perform: kms:" + action + " on resource: " + arn_ + " because no"));
      EXPECT_TRUE(recorded("implicit deny") && recorded(R"("errorCode":"AccessDenied")")) << kms_.leaves().back();
      const auto of_nothing = call(is_not);
      EXPECT_TRUE(recorded(is_not + why_not) && recorded(R"("errorCode":"AccessDenied")")) << kms_.leaves().back();
      EXPECT_EQ(of_that.error, "AccessDeniedException") << name << member << is;
      EXPECT_EQ(of_nothing.error, "AccessDeniedException") << name << member << is_not;
      EXPECT_EQ(replaced(of_that.body, is, "NAME"), replaced(of_nothing.body, is_not, "NAME"));
      EXPECT_EQ(kms_.text(of_that, "Message"),
                joined({"User: arn:aws:iam::111122223333:root is not authorized to perform: kms:", action,
                        " on resource: ", is, reason}));
    }
  }
}

TEST_F(Strangers, HearNoMoreWhenItIsTheirOwnPolicyThatRefuses) {
  const std::string open =
      kms_.create_key(stranger, R"({"Policy":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",)"
                                R"(\"Principal\":{\"AWS\":\"*\"},\"Action\":\"kms:*\",\"Resource\":\"*\"}]}"})");
  const auto user = kms_.add_user("writer", "");
  const auto describe = [&](const std::string& arn) {
    return kms_.call_as(user, "DescribeKey", R"({"KeyId":")" + arn + "\"}");
  };
  const auto allowed_by_the_key = describe(open);
  EXPECT_TRUE(recorded("because no identity-based policy allows")) << kms_.leaves().back();
  EXPECT_EQ(allowed_by_the_key.error, "AccessDeniedException");
  EXPECT_EQ(replaced(allowed_by_the_key.body, open, "NAME"), replaced(describe(own_).body, own_, "NAME"));
  EXPECT_NE(describe(arn_).body.find("because no identity-based policy allows"), std::string::npos)
      << "of his own account's keys he is told why";
  EXPECT_EQ(describe(replaced(arn_, id_of(arn_), absent_id)).error, "NotFoundException");
  EXPECT_EQ(kms_.call("DescribeKey", R"({"KeyId":")" + open + "\"}").status, 200) << "whom both sides allow";
}

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
          operation, joined({R"({"CiphertextBlob":")", ciphertext, "\",\"", member, R"(":")", arn_, "\"", rest, "}"}),
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
