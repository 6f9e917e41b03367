// That the fast lane's cryptography allocates nothing once it has warmed up: malloc itself is counted, so that operator
// new and libcrypto are.

#include <gtest/gtest.h>

#include "keyfold/core/crypto/aead.h"
#include "keyfold/core/crypto/digest.h"
#include "keyfold/core/crypto/kdf.h"
#include "keyfold/testing/count_malloc.h"

#if KEYFOLD_COUNTS_MALLOC

namespace keyfold::crypto {
namespace {

template <class Action>
std::size_t allocations_of_10000(Action&& action) {
  action();  // Warms up: fetches, makes the thread's context.
  const std::size_t before = malloc_calls();
  for (int i = 0; i < 10'000; ++i) action();
  return malloc_calls() - before;
}

TEST(Allocations, AreCounted) {
  const std::size_t before = malloc_calls();
  const auto text = std::make_unique<std::string>(100, 'x');
  EXPECT_EQ(malloc_calls() - before, 2U) << text->size();
}

TEST(Allocations, NoneInTheConstructionUnderEverySealedThing) {
  const ByteArray<32> key{};
  const ByteArray<49> context{};
  const ByteArray<100> plaintext{};
  ByteArray<116> sealed;
  ByteArray<100> opened;
  EXPECT_EQ(allocations_of_10000([&] {
              (void)seal_derived(key, "keyfold/test", context, context, plaintext, sealed);
              (void)open_derived(key, "keyfold/test", context, context, sealed, opened);
            }),
            0U);
}

TEST(Allocations, NoneInDigestsMacsAndDerivations) {
  const ByteArray<200> data{};
  HmacSha256 kept;
  EXPECT_EQ(allocations_of_10000([&] {
              Digest digest(Hash::sha384);
              digest.update(data);
              Sha384Digest out;
              digest.finish(out);
              (void)sha256(data);
              (void)sha512(data);
              (void)hmac_sha256(data, data);
              (void)kept.set_key(data);
              (void)kept.sign({data, data});
              ByteArray<64> prk;
              hkdf_extract(Hash::sha512, data, data, prk);
              hkdf_expand(Hash::sha512, prk, data, std::span(prk));
            }),
            0U);
}

TEST(Allocations, NoneInChangingAKeyForOneOfTheSameSize) {
  AesGcm gcm;
  ByteArray<32> key{};
  ByteArray<16> tag;
  EXPECT_EQ(allocations_of_10000([&] {
              key[0] ^= std::byte{1};
              (void)gcm.set_key(key);
              (void)gcm.seal(ByteArray<gcm_iv_size>{}, key, {}, tag);
              (void)gcm.open(ByteArray<gcm_iv_size>{}, key, tag, {});
            }),
            0U);
}

}  // namespace
}  // namespace keyfold::crypto

#endif
