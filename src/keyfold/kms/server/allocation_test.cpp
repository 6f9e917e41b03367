// The gate on the fast lane: no allocation per call in steady state. Everything that allocates in this program is
// counted.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "keyfold/core/base/arena.h"
#include "keyfold/kms/server/server_testing.h"

#ifndef KEYFOLD_ARENA_IS_HEAP  // A sanitizer has the allocator, then.

namespace {
// This thread's, so that the audit log's committer (which has a budget of its own) is not counted as the call's.
thread_local std::uint64_t allocations = 0;

void* counted(std::size_t size) {
  ++allocations;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return ++allocations, std::malloc(size == 0 ? 1 : size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return ++allocations, std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

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
    const std::uint64_t before = allocations;
    for (int i = 0; i < measured; ++i) serve(view, reply);
    return static_cast<double>(allocations - before) / measured;
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

}  // namespace
}  // namespace keyfold::server

#endif
