// The gate on the fast lane: no allocation per call in steady state, by malloc's own count: libcrypto's and the audit
// committer's are in it.

#include <gtest/gtest.h>

#include "keyfold/core/base/arena.h"
#include "keyfold/kms/server/server_testing.h"
#include "keyfold/testing/count_malloc.h"

#if KEYFOLD_COUNTS_MALLOC

namespace keyfold::server {
namespace {

class Allocations : public testing::Test {
 protected:
  // Per call, in steady state.
  double of(std::string_view operation, const std::string& body) {
    constexpr int warm_up = 200;
    constexpr int measured = 1000;
    Signed request = kms_.sign(operation, body);
    const http::Request view = request.view();
    http::Reply reply;
    for (int i = 0; i < warm_up; ++i) serve(view, reply);
    const std::size_t before = malloc_calls();
    for (int i = 0; i < measured; ++i) serve(view, reply);
    return static_cast<double>(malloc_calls() - before) / measured;
  }
  Kms kms_;
  const std::string arn_ = kms_.create_key();
  const std::string key_ = R"("KeyId":")" + arn_ + R"(")";
  const std::string context_ =
      R"("EncryptionContext":{"tenant":"a","purpose":"a longer text than fits into a small string"})";

 private:
  void serve(const http::Request& view, http::Reply& reply) {
    reply.clear();
    kms_.pipeline().serve(view, reply, 0);
    ASSERT_EQ(reply.status, 200) << reply.body;
  }
};

constexpr double allowed = 0.05;

TEST_F(Allocations, NoneForTheFastLane) {
  const std::string blob =
      kms_.text(kms_.call("Encrypt", "{" + key_ + "," + context_ + R"(,"Plaintext":"AAEC"})"), "CiphertextBlob");
  const std::string sealed = R"({"CiphertextBlob":")" + blob + R"(",)";
  EXPECT_LT(of("GenerateDataKey", "{" + key_ + "," + context_ + R"(,"KeySpec":"AES_256"})"), allowed);
  EXPECT_LT(of("GenerateDataKeyWithoutPlaintext", "{" + key_ + "," + context_ + R"(,"NumberOfBytes":1024})"), allowed);
  EXPECT_LT(of("Encrypt", "{" + key_ + "," + context_ + R"(,"Plaintext":")" + to_base64(Bytes(4096)) + "\"}"), allowed);
  EXPECT_LT(of("Decrypt", sealed + context_ + "}"), allowed);
  EXPECT_LT(of("ReEncrypt", sealed + "\"Source" + context_.substr(1) + R"(,"DestinationKeyId":")" + arn_ + "\"}"),
            allowed);
  EXPECT_LT(of("GenerateRandom", R"({"NumberOfBytes":1024})"), allowed);
  EXPECT_LT(of("DescribeKey", "{" + key_ + "}"), allowed);
}

TEST_F(Allocations, NoneWhereGrantsAreLookedAt) {
  const std::string grantee = R"("GranteePrincipal":"arn:aws:iam::123456789012:root")";
  const std::string constraint = R"("Constraints":{"EncryptionContextSubset":{"tenant":"a"}})";
  ASSERT_EQ(kms_.call("CreateGrant", "{" + key_ + "," + grantee + "," + constraint +
                                         R"(,"Operations":["GenerateDataKey","DescribeKey"]})")
                .status,
            200);
  EXPECT_LT(of("GenerateDataKey", "{" + key_ + "," + context_ + R"(,"KeySpec":"AES_256"})"), allowed);
  EXPECT_LT(of("DescribeKey", "{" + key_ + "}"), allowed);
}

}  // namespace
}  // namespace keyfold::server

#endif
