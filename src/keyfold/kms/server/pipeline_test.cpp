#include "keyfold/kms/server/pipeline.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>

#include "keyfold/core/protocol/errors.h"
#include "keyfold/kms/server/server_testing.h"

namespace keyfold::server {
namespace {

TEST(Pipeline, ASignedCallIsAnsweredAndRecorded) {
  Kms kms;
  const std::string arn = kms.create_key();
  const auto answer =
      kms.call("Encrypt", R"({"KeyId":")" + arn + R"(","Plaintext":"c2VjcmV0","EncryptionContext":{"tenant":"a"}})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(kms.text(answer, "KeyId"), arn);
  EXPECT_GT(kms.release().sequence(), 0U) << "held until its record is there";
  const std::string leaf = kms.leaves().back();
  for (const std::string_view part :
       {R"("eventName":"Encrypt")", R"("type":"Root")", R"("sourceIPAddress":"192.0.2.7")",
        R"("encryptionContext":{"tenant":"a"})", R"("readOnly":true)", R"("awsRegion":"eu-central-1")"})
    EXPECT_NE(leaf.find(part), std::string::npos) << part << " in " << leaf;
  EXPECT_NE(leaf.find(arn), std::string::npos);
  EXPECT_EQ(leaf.find("c2VjcmV0"), std::string::npos) << "no plaintext";
}

TEST(Pipeline, AChangeIsRecordedInTheSameTransactionAndAnsweredAtOnce) {
  Kms kms;
  const std::string arn = kms.create_key();
  EXPECT_EQ(kms.release().sequence(), 0U);
  EXPECT_TRUE(certain(kms.outbox().pending(10)).empty());
  const auto leaves = kms.leaves();
  ASSERT_EQ(leaves.size(), 1U);
  EXPECT_NE(leaves[0].find(R"("eventName":"CreateKey")"), std::string::npos);
  EXPECT_NE(leaves[0].find(arn), std::string::npos) << "the event knows the key it made";
}

TEST(Pipeline, ARefusedCallIsRecordedWithItsReason) {
  Kms kms;
  const std::string arn = kms.create_key();
  const auto user = kms.add_user("writer", "");
  const auto answer = kms.call_as(
      user, "Decrypt",
      R"({"CiphertextBlob":")" +
          kms.text(kms.call("Encrypt", R"({"KeyId":")" + arn + R"(","Plaintext":"AA=="})"), "CiphertextBlob") + "\"}");
  EXPECT_EQ(answer.error, "AccessDeniedException");
  EXPECT_NE(answer.body.find(R"("Message":"User: arn:aws:iam::123456789012:user/writer is not authorized)"),
            std::string::npos);
  const std::string leaf = kms.leaves().back();
  EXPECT_NE(leaf.find(R"("errorCode":"AccessDenied")"), std::string::npos) << leaf;
  EXPECT_NE(leaf.find("implicit deny"), std::string::npos) << leaf;
  EXPECT_NE(leaf.find(R"("userName":"writer")"), std::string::npos) << leaf;
}

TEST(Pipeline, CallsThatDoNotParseAreRecordedToo) {
  Kms kms;
  EXPECT_EQ(kms.call("Encrypt", "{").error, "SerializationException");
  EXPECT_EQ(kms.call("Encrypt", "{}").error, "ValidationException");
  EXPECT_EQ(kms.call("Sign", "{}").error, "UnknownOperationException");
  const auto leaves = kms.leaves();
  ASSERT_EQ(leaves.size(), 3U);
  EXPECT_NE(leaves[0].find("SerializationException"), std::string::npos);
  EXPECT_NE(leaves[1].find("ValidationException"), std::string::npos);
  EXPECT_NE(leaves[2].find("UnknownOperation"), std::string::npos);
}

// A directory whose store cannot be read.
class BrokenCallers final : public identity::Callers {
 public:
  std::optional<identity::Caller> find(const AccessKeyId&, std::string_view) const override { return std::nullopt; }
  Result<std::shared_ptr<const SecretBytes>> signing_key(const AccessKeyId&, std::string_view, const Region&,
                                                         std::string_view, std::string_view) const override {
    return Error{ErrorCode::corrupt, "a record was altered"};
  }
  void note_use(const AccessKeyId&, const Region&, std::string_view) const override {}
};

TEST(Pipeline, WhyACallerCouldNotBeAuthenticatedIsLoggedAndNotTold) {
  Kms kms;
  const BrokenCallers broken;
  const int file = ::memfd_create("log", MFD_CLOEXEC);
  ASSERT_GE(file, 0);
  Log log(kms.clock(), file, Log::Format::text);
  Metrics metrics(1);
  const Services usual = kms.services();
  const Services services{.keys = usual.keys,
                          .audit = usual.audit,
                          .outbox = usual.outbox,
                          .callers = broken,
                          .entities = usual.entities,
                          .clock = usual.clock,
                          .signature_clock = usual.signature_clock,
                          .random = usual.random,
                          .log = log};
  Pipeline pipeline(services, {}, kms.refusals(), metrics, 1);
  Signed request = kms.sign("ListKeys", "{}");
  http::Reply reply;
  EXPECT_EQ(pipeline.serve(request.view(), reply, 0).sequence(), 0U);
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.body.find("altered"), std::string::npos);
  std::array<char, 4096> text{};
  ASSERT_GE(::pread(file, text.data(), text.size() - 1, 0), 0);
  EXPECT_NE(std::string_view(text.data()).find("a record was altered"), std::string_view::npos) << text.data();
  ::close(file);
}

TEST(Pipeline, StrangersAreRefusedAndCountedNotRecorded) {
  Kms kms;
  Signed wrong = kms.sign("ListKeys", "{}", "test", "eu-central-1", "not-it");
  EXPECT_EQ(kms.send(wrong).error, "InvalidSignatureException");
  Signed unknown = kms.sign("ListKeys", "{}", "AKIANOBODY", "eu-central-1", "test");
  EXPECT_EQ(kms.send(unknown).error, "UnrecognizedClientException");
  Signed changed = kms.sign("ListKeys", "{}");
  changed.body = "{ }";
  EXPECT_EQ(kms.send(changed).error, "InvalidSignatureException");
  Signed late = kms.sign("ListKeys", "{}");
  kms.clock().advance(std::chrono::minutes(6));
  EXPECT_EQ(kms.send(late).error, "InvalidSignatureException");
  EXPECT_TRUE(kms.leaves().empty());
  ASSERT_TRUE(kms.refusals().record(kms.audit(), kms.clock()));
  const auto leaves = kms.leaves();
  ASSERT_EQ(leaves.size(), 1U);
  EXPECT_NE(leaves[0].find("RefusedBeforeAuthentication"), std::string::npos);
}

TEST(Pipeline, OnlyPostOfTheRootIsACall) {
  Kms kms;
  Signed get = kms.sign("ListKeys", "{}");
  get.method = http::Method::get;
  EXPECT_EQ(kms.send(get).status, 405);
  Signed elsewhere = kms.sign("ListKeys", "{}");
  elsewhere.target = "/keys";
  EXPECT_EQ(kms.send(elsewhere).status, 404);
  Signed form = kms.sign("ListKeys", "{}");
  *form.header("Content-Type") = "application/x-www-form-urlencoded";
  EXPECT_NE(kms.send(form).status, 200);
}

TEST(Pipeline, NoRecordNoAnswer) {
  Kms kms;
  const std::string arn = kms.create_key();
  ASSERT_TRUE(kms.audit().stop());
  const auto read = kms.call("GenerateDataKey", R"({"KeyId":")" + arn + R"(","KeySpec":"AES_256"})");
  EXPECT_EQ(read.status, 500);
  EXPECT_EQ(read.error, "KMSInternalException");
  EXPECT_EQ(read.body.find("Plaintext"), std::string::npos);
  EXPECT_EQ(kms.call("DisableKey", R"({"KeyId":")" + arn + "\"}").status, 500);
  EXPECT_TRUE(
      certain(kms.keys().find({.account = *AccountId::parse("123456789012"), .region = *Region::parse("eu-central-1")},
                              arn))
          .key->enabled())
      << "a change that cannot be recorded is not made";
}

TEST(Pipeline, AnyAccountIdIsItsOwnRootAndSeesOnlyItsOwn) {
  Kms kms;
  kms.create_key();
  const auto listed = kms.call("ListKeys", "{}", "111122223333");
  EXPECT_EQ(listed.body, R"({"Keys":[],"Truncated":false})");
  EXPECT_EQ(kms.call("ListKeys", "{}", "test", "us-east-1").body, R"({"Keys":[],"Truncated":false})");
}

TEST(Pipeline, OperationsWithoutOutputReplyNothing) {
  Kms kms;
  const std::string arn = kms.create_key();
  for (const char* operation : {"DisableKey", "EnableKey", "EnableKeyRotation", "DisableKeyRotation"}) {
    const auto answer = kms.call(operation, R"({"KeyId":")" + arn + "\"}");
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.body, "");
  }
}

TEST(Pipeline, WhatIsNotServedIsRefusedNotIgnored) {
  Kms kms;
  const std::string arn = kms.create_key();
  const auto with = [&](std::string_view member) {
    return R"({"KeyId":")" + arn + R"(","Plaintext":"AA==",)" + std::string(member) + "}";
  };
  EXPECT_EQ(kms.call("Encrypt", with(R"("GrantTokens":["t"])")).error, "InvalidGrantTokenException");
  EXPECT_EQ(kms.call("Encrypt", with(R"("EncryptionAlgorithm":"RSAES_OAEP_SHA_1")")).error, "InvalidKeyUsageException");
  EXPECT_EQ(kms.call("Encrypt", with(R"("DryRun":true)")).error, "DryRunOperationException");
  EXPECT_EQ(kms.call("CreateKey", R"({"MultiRegion":true})").error, "UnsupportedOperationException");
  EXPECT_EQ(kms.call("CreateKey", R"({"Origin":"EXTERNAL"})").error, "UnsupportedOperationException");
  EXPECT_EQ(kms.call("CreateKey", R"({"CustomKeyStoreId":"cks-1"})").error, "CustomKeyStoreNotFoundException");
  EXPECT_EQ(kms.call("CreateKey", R"({"KeySpec":"RSA_2048"})").error, "ValidationException");
  EXPECT_EQ(kms.call("CreateKey", R"({"KeySpec":"RSA_2048","KeyUsage":"SIGN_VERIFY"})").error,
            "UnsupportedOperationException");
  EXPECT_EQ(kms.call("CreateKey", R"({"KeyUsage":"SIGN_VERIFY"})").error, "ValidationException");
  EXPECT_EQ(kms.call("GenerateRandom", R"({"NumberOfBytes":1,"Recipient":{}})").error, "UnsupportedOperationException");
}

TEST(Pipeline, ACiphertextOpensUnderItsOwnKeyAndContextOnly) {
  Kms kms;
  const std::string arn = kms.create_key();
  const std::string other = kms.create_key();
  const std::string blob =
      kms.text(kms.call("Encrypt", R"({"KeyId":")" + arn + R"(","Plaintext":"AAEC","EncryptionContext":{"a":"1"}})"),
               "CiphertextBlob");
  const auto decrypt = [&](std::string_view rest) {
    return kms.call("Decrypt", R"({"CiphertextBlob":")" + blob + "\"" + std::string(rest) + "}");
  };
  EXPECT_EQ(kms.text(decrypt(R"(,"EncryptionContext":{"a":"1"})"), "Plaintext"), "AAEC");
  EXPECT_EQ(decrypt("").error, "InvalidCiphertextException");
  EXPECT_EQ(decrypt(R"(,"EncryptionContext":{"a":"2"})").error, "InvalidCiphertextException");
  EXPECT_EQ(decrypt(R"(,"EncryptionContext":{"a":"1"},"KeyId":")" + other + "\"").error, "IncorrectKeyException");
  EXPECT_EQ(kms.call("Decrypt", R"({"CiphertextBlob":"AAAA"})").body, R"({"__type":"InvalidCiphertextException"})");
}

TEST(Pipeline, ADryRunOpensTheCiphertextUnlessToldNotTo) {
  Kms kms;
  const std::string arn = kms.create_key();
  const std::string to = kms.create_key();
  const std::string blob =
      kms.text(kms.call("Encrypt", R"({"KeyId":")" + arn + R"(","Plaintext":"AAEC","EncryptionContext":{"a":"1"}})"),
               "CiphertextBlob");
  const std::string of_another =
      kms.text(kms.call("Encrypt", R"({"KeyId":")" + to + R"(","Plaintext":"AAEC"})"), "CiphertextBlob");
  Bytes flipped = *from_base64(blob);
  flipped.back() ^= std::byte{1};
  struct Operation {
    const char* name;
    std::string source_prefix, rest;
  };
  for (const auto& [name, prefix, rest] :
       {Operation{"Decrypt", "", ""}, Operation{"ReEncrypt", "Source", R"(,"DestinationKeyId":")" + to + "\""}}) {
    const auto dry = [&](std::string_view ciphertext, std::string_view context, std::string_view more = "") {
      return kms.call(name, R"({"DryRun":true,"CiphertextBlob":")" + std::string(ciphertext) + R"(",")" + prefix +
                                R"(EncryptionContext":{"a":")" + std::string(context) + "\"}" + std::string(more) +
                                rest + "}");
    };
    EXPECT_EQ(dry(blob, "1").error, "DryRunOperationException") << name;
    EXPECT_EQ(dry(blob, "1").body.find("AAEC"), std::string::npos) << name;
    EXPECT_EQ(dry(blob, "2").error, "InvalidCiphertextException") << name;
    EXPECT_EQ(dry(to_base64(flipped), "1").error, "InvalidCiphertextException") << name;
    const std::string ignoring = R"(,"DryRunModifiers":["IGNORE_CIPHERTEXT"],")" + prefix + R"(KeyId":")" + arn + "\"";
    EXPECT_EQ(dry(blob, "2", ignoring).error, "DryRunOperationException") << name;
    EXPECT_EQ(kms.call(name, R"({"DryRun":true)" + ignoring + rest + "}").error, "DryRunOperationException") << name;
    for (const std::string_view ciphertext : {std::string_view("AAAA"), std::string_view(of_another)})
      EXPECT_EQ(dry(ciphertext, "1", ignoring).error, "DryRunOperationException") << name << ciphertext;
  }
  ASSERT_EQ(kms.call("DisableKey", R"({"KeyId":")" + to + "\"}").status, 200);
  for (const char* modifiers : {"", R"(,"DryRunModifiers":["IGNORE_CIPHERTEXT"])"}) {
    const auto answer = kms.call("ReEncrypt", R"({"DryRun":true,"CiphertextBlob":")" + blob +
                                                  R"(","SourceEncryptionContext":{"a":"1"},)" + R"("SourceKeyId":")" +
                                                  arn + R"(","DestinationKeyId":")" + to + "\"" + modifiers + "}");
    EXPECT_EQ(answer.error, "DisabledException") << modifiers;
  }
}

TEST(Pipeline, ACiphertextOfAnotherAccountsKeyIsOneOfNoKeyToWhoMayNotUseIt) {
  Kms kms;
  constexpr std::string_view stranger = "111122223333";
  const std::string arn = kms.create_key();
  const std::string own = kms.create_key(stranger);
  const std::string blob =
      kms.text(kms.call("Encrypt", R"({"KeyId":")" + arn + R"(","Plaintext":"AA=="})"), "CiphertextBlob");
  Bytes unknown = *from_base64(blob);
  unknown[10] ^= std::byte{1};  // Inside of the key id.
  const std::string large = R"({"a":")" + std::string(9000, 'x') + "\"}";
  for (const auto& [operation, context, key_id, rest] :
       {std::array<std::string, 4>{"Decrypt", "EncryptionContext", "KeyId", ""},
        {"ReEncrypt", "SourceEncryptionContext", "SourceKeyId", R"(,"DestinationKeyId":")" + own + "\""}}) {
    const auto call = [&](std::string_view ciphertext, const std::string& more) {
      return kms.call(operation, R"({"CiphertextBlob":")" + std::string(ciphertext) + "\"" + more + rest + "}",
                      stranger);
    };
    for (const std::string& more : {std::string(), ",\"" + context + "\":" + large, std::string(R"(,"DryRun":true)"),
                                    ",\"" + key_id + R"(":")" + own + "\""}) {
      const auto is = call(blob, more);
      const std::string leaf = kms.leaves().back();
      const auto is_not = call(to_base64(unknown), more);
      EXPECT_EQ(is.error, is_not.error) << operation << more;
      EXPECT_EQ(is.body, is_not.body) << operation << more;
      EXPECT_EQ(is.error, more.find("KeyId") == std::string::npos ? "AccessDeniedException" : "IncorrectKeyException");
      if (is.error != "AccessDeniedException") continue;
      EXPECT_NE(is.body.find("The ciphertext refers to a customer master key that does not exist,"), std::string::npos);
      EXPECT_NE(leaf.find("is not authorized to perform: kms:"), std::string::npos) << leaf;
      EXPECT_NE(leaf.find("on resource: " + arn), std::string::npos) << leaf;
      EXPECT_NE(leaf.find("implicit deny"), std::string::npos) << leaf;
    }
  }
  const auto named = kms.call("Decrypt", R"({"CiphertextBlob":")" + blob + R"(","KeyId":")" + arn + "\"}", stranger);
  EXPECT_NE(named.body.find(arn), std::string::npos) << "he knows it";
  kms.call("ListKeys", "{}");
  EXPECT_EQ(kms.leaves().back().find("is not authorized"), std::string::npos) << "nothing of it stays";

  const std::string policy =
      R"({\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"*\"},)"
      R"(\"Action\":\"kms:*\",\"Resource\":\"*\"}]})";
  ASSERT_EQ(kms.call("PutKeyPolicy", R"({"KeyId":")" + arn + R"(","Policy":")" + policy + "\"}").status, 200);
  const auto allowed = [&](const std::string& more) {
    return kms.call("Decrypt", R"({"CiphertextBlob":")" + blob + "\"" + more + "}", stranger);
  };
  EXPECT_EQ(kms.text(allowed(""), "KeyId"), arn);
  EXPECT_EQ(allowed(R"(,"EncryptionContext":{"a":"1"})").error, "InvalidCiphertextException");
  EXPECT_EQ(allowed(",\"EncryptionContext\":" + large).error, "ValidationException");
}

TEST(Pipeline, WhatWasNoRequestIsAnsweredInTheShapeOfEveryError) {
  Kms kms;
  for (const int status : {400, 408, 413, 417, 431, 501, 503, 505}) {
    http::Reply reply;
    reply.status = status;
    kms.pipeline().malformed("The reason.", reply);
    EXPECT_EQ(reply.status, status);
    EXPECT_EQ(reply.content_type, "application/x-amz-json-1.1");
    EXPECT_EQ(reply.request_id.view().size(), 36U);
    EXPECT_EQ(reply.error_type, protocol::http_error_name(status));
    const Answer answer{.status = status, .error = "", .body = reply.body};
    EXPECT_EQ(kms.text(answer, "__type"), reply.error_type);
    EXPECT_EQ(kms.text(answer, "message"), "The reason.");
  }
}

TEST(Pipeline, AnOverloadedLaneAnswersThrottling) {
  Kms kms;
  Signed request = kms.sign("CreateKey", "{}");
  EXPECT_EQ(kms.pipeline().lane_of(request.view()), http::Lane::slow);
  http::Reply reply;
  kms.pipeline().overloaded(request.view(), http::Lane::slow, reply);
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.error_type, "ThrottlingException");
  EXPECT_EQ(reply.request_id.view().size(), 36U);
  reply.clear();
  kms.pipeline().refuse(request.view(), reply);
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.request_id.view().size(), 36U);
}

}  // namespace
}  // namespace keyfold::server
