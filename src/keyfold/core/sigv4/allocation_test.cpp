// That verifying allocates nothing: malloc itself is counted.

#include <gtest/gtest.h>

#include <vector>

#include "keyfold/core/sigv4/sign.h"
#include "keyfold/core/sigv4/signing_key.h"
#include "keyfold/core/sigv4/verify.h"
#include "keyfold/testing/count_malloc.h"

#if KEYFOLD_COUNTS_MALLOC

namespace keyfold::sigv4 {
namespace {

TEST(Allocations, NoneInVerifyingARequestWithAPathAndAQuery) {
  const Timestamp now = *from_iso8601_basic("20260830T123600Z");
  const Credentials credentials{
      .access_key_id = "AKIDEXAMPLE",
      .secret_access_key = *SecretBytes::copy_of(as_bytes("secret")),
      .session_token = *SecretBytes::copy_of(as_bytes("a token that is too long for a std::string alone"))};
  const auto region = *Region::parse("eu-central-1");
  const std::string body(3000, 'b');
  std::vector<HeaderView> headers = {{.name = "Host", .value = "kms.example:4599"},
                                     {.name = "Content-Type", .value = "application/x-amz-json-1.1"},
                                     {.name = "X-Amz-Target", .value = "TrentService.Encrypt"},
                                     {.name = "X-Note", .value = "with  many   spaces"}};
  RequestView request{
      .method = "POST", .path = "/a path/b", .query = "b=%20&a=1", .headers = headers, .body = as_bytes(body)};
  const auto made = sign(request, credentials, region, "kms", now);
  ASSERT_TRUE(made);
  headers.push_back({.name = "X-Amz-Date", .value = made->amz_date});
  headers.push_back({.name = "X-Amz-Security-Token", .value = made->amz_security_token});
  headers.push_back({.name = "Authorization", .value = made->authorization});
  request.headers = headers;
  const auto key = derive_signing_key(credentials.secret_access_key, "20260830", region, "kms");
  ASSERT_TRUE(key);

  const std::size_t before = malloc_calls();
  std::size_t verified = 0;
  for (int i = 0; i < 10'000; ++i) {
    const auto presented = present(request, "kms");
    if (presented && verify(*presented, request, now, *key)) ++verified;
  }
  EXPECT_EQ(malloc_calls() - before, 0U);
  EXPECT_EQ(verified, 10'000U);
}

}  // namespace
}  // namespace keyfold::sigv4

#endif
