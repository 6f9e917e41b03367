// What libcrypto does with a private RSA key: no block that it gives back may hold a part of it.

#include <gtest/gtest.h>
#include <malloc.h>
#include <openssl/crypto.h>

#include <array>
#include <cstdlib>
#include <cstring>

#include "keyfold/core/crypto/rsa_keys_test.h"
#include "keyfold/core/crypto/rsa_pem.h"
#include "keyfold/envelope/keyrings/materials_test.h"
#include "keyfold/envelope/keyrings/raw_rsa.h"

namespace {

constexpr std::size_t piece_size = 24;  // Bytes; of random numbers, nothing is like it by chance.
// As numbers stand in files, and as libcrypto holds them: the other way round.
std::array<std::array<unsigned char, piece_size>, 12> planted;
std::size_t planted_count = 0;
int given_back_with_a_piece = 0;

void look_at(void* block) {
  if (block == nullptr) return;
  const auto size = malloc_usable_size(block);
  for (std::size_t i = 0; i < planted_count; ++i)
    if (memmem(block, size, planted[i].data(), piece_size) != nullptr) ++given_back_with_a_piece;
}
void* crypto_malloc(std::size_t size, const char*, int) { return std::calloc(1, size); }
void crypto_free(void* block, const char*, int) {
  look_at(block);
  std::free(block);
}
void* crypto_realloc(void* old, std::size_t size, const char*, int) {
  if (old == nullptr) return std::calloc(1, size);
  look_at(old);  // It may move.
  return std::realloc(old, size);
}
// Before main(): libcrypto refuses once it has allocated anything.
const int is_watched = CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free);

void plant(keyfold::BytesView number) {
  ASSERT_GE(number.size(), 4 * piece_size);
  const auto piece = number.subspan(number.size() / 2, piece_size);
  for (const bool is_reversed : {false, true}) {
    std::memcpy(planted[planted_count].data(), piece.data(), piece_size);
    if (is_reversed) std::ranges::reverse(planted[planted_count]);
    ++planted_count;
  }
}

}  // namespace

namespace keyfold::keyrings {
namespace {

using namespace keyfold::keyrings::testing;
using crypto::testing::rsa_2048;
using crypto::testing::secret_text;

TEST(RawRsaMemory, LibcryptoGivesNoBlockBackWithAPartOfThePrivateKeyInIt) {
  ASSERT_EQ(is_watched, 1);
  for (const auto* file : {&rsa_2048().pkcs8, &rsa_2048().pkcs1_private}) {
    const auto der = *crypto::rsa_der_of_pem(as_bytes(*file));
    const auto numbers = *crypto::read_rsa_private(der);
    planted_count = 0;
    given_back_with_a_piece = 0;
    for (const auto& number : {numbers.exponent, numbers.prime_1, numbers.prime_2, numbers.exponent_1,
                               numbers.exponent_2, numbers.coefficient})
      plant(number);
    for (const auto padding : {RsaPadding::pkcs1, RsaPadding::oaep_sha1, RsaPadding::oaep_sha256}) {
      const auto keyring = *raw_rsa_keyring({.key_namespace = "n",
                                             .key_name = "k",
                                             .padding = padding,
                                             .public_key_pem = rsa_2048().spki,
                                             .private_key_pem = secret_text(*file)});
      auto sealed = fresh();
      EXPECT_TRUE(keyring->on_encrypt(sealed));
      EXPECT_TRUE(unwrap(*keyring, sealed));
      sealed.encrypted_data_keys[0].ciphertext.back() ^= std::byte{1};
      const auto altered = unwrap(*keyring, sealed);
      EXPECT_EQ(altered.has_value(), padding == RsaPadding::pkcs1);
    }
    EXPECT_EQ(given_back_with_a_piece, 0);
    planted_count = 0;
  }
}

TEST(RawRsaMemory, TheWatchWorks) {
  Bytes piece(4 * piece_size);
  SeededRandom(1).fill(piece);
  planted_count = 0;
  plant(piece);
  given_back_with_a_piece = 0;
  void* block = OPENSSL_malloc(piece.size());
  std::memcpy(block, piece.data(), piece.size());
  OPENSSL_free(block);
  EXPECT_EQ(given_back_with_a_piece, 1);
  planted_count = 0;
}

}  // namespace
}  // namespace keyfold::keyrings
