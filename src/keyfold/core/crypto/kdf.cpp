#include "keyfold/core/crypto/kdf.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <bit>
#include <memory>

#include "keyfold/core/base/try.h"
#include "keyfold/core/crypto/aead.h"
#include "keyfold/core/crypto/error_scope.h"
#include "keyfold/core/crypto/hmac_sha2.h"

namespace keyfold::crypto {
namespace {

template <std::size_t N>
struct WipedArray : ByteArray<N> {
  WipedArray() : ByteArray<N>{} {}
  ~WipedArray() { wipe(*this); }
  WipedArray(const WipedArray&) = delete;
  WipedArray& operator=(const WipedArray&) = delete;
};

ByteArray<4> big_endian(std::uint32_t value) {
  return {static_cast<std::byte>(value >> 24), static_cast<std::byte>(value >> 16), static_cast<std::byte>(value >> 8),
          static_cast<std::byte>(value)};
}

// RFC 5869, section 2.3; `hmac` is keyed with the pseudorandom key.
template <class Sha>
void expand(const ScopedHmac<Sha>& hmac, BytesView info, std::span<std::byte> out) {
  KEYFOLD_CHECK(out.size() <= 255 * Sha::size);
  WipedArray<Sha::size> block;
  BytesView previous;  // T(0) is empty.
  for (std::uint8_t i = 1; !out.empty(); ++i) {
    const ByteArray<1> counter{std::byte{i}};
    hmac.sign({previous, info, counter}, block);
    previous = block;
    const auto piece = previous.first(std::min(out.size(), block.size()));
    std::ranges::copy(piece, out.begin());
    out = out.subspan(piece.size());
  }
}

constexpr std::uint64_t scrypt_memory_max = std::uint64_t{1} << 30;  // Bytes.

Outcome check(const ScryptParameters& p) {
  const bool sound = std::has_single_bit(p.cost) && p.cost >= 2 && p.block_size >= 1 && p.parallelism >= 1;
  // Each bounded first, so that their product cannot overflow.
  const bool bounded = p.cost <= scrypt_memory_max && p.block_size <= 1024 && p.parallelism <= 1024 &&
                       std::uint64_t{128} * p.block_size * p.cost <= scrypt_memory_max;
  if (!sound || !bounded) return Error{ErrorCode::invalid_input, "scrypt parameters that are out of bounds"};
  return ok();
}

// What seal_derived and open_derived set up before they run: the key of this one use in the thread's cipher, and its
// IV. Both are gone with it.
struct Derived {
  AesGcm& cipher;
  WipedArray<32 + gcm_iv_size> bytes;
  BytesView iv() const { return BytesView(bytes).last(gcm_iv_size); }

  Derived() : cipher(of_this_thread()) {}
  ~Derived() { cipher.forget_key(); }
  Derived(const Derived&) = delete;
  Derived& operator=(const Derived&) = delete;
  Outcome derive(BytesView key, std::string_view label, BytesView context) {
    TRY(kbkdf_hmac_sha256(key, label, context, bytes));
    return cipher.set_key(BytesView(bytes).first(32));
  }

 private:
  static AesGcm& of_this_thread() {
    thread_local AesGcm cipher;
    return cipher;
  }
};

}  // namespace

void hkdf_extract(Hash hash, BytesView salt, BytesView ikm, std::span<std::byte> prk) {
  with_hash(hash, [&]<class Sha>(Sha) {
    KEYFOLD_CHECK(prk.size() == Sha::size);
    ScopedHmac<Sha>(salt).sign({ikm}, prk.first<Sha::size>());
  });
}

void hkdf_expand(Hash hash, BytesView prk, BytesView info, std::span<std::byte> out) {
  with_hash(hash, [&]<class Sha>(Sha) {
    KEYFOLD_CHECK(prk.size() == Sha::size);
    expand(ScopedHmac<Sha>(prk), info, out);
  });
}

void hkdf(Hash hash, BytesView salt, BytesView ikm, std::initializer_list<HkdfResult> results) {
  with_hash(hash, [&]<class Sha>(Sha) {
    WipedArray<Sha::size> prk;
    ScopedHmac<Sha>(salt).sign({ikm}, prk);
    const ScopedHmac<Sha> hmac(prk);
    for (const auto& [info, out] : results) expand(hmac, info, out);
  });
}

Outcome kbkdf_hmac_sha256(BytesView key, std::string_view label, BytesView context, std::span<std::byte> out) {
  KEYFOLD_CHECK(out.size() <= 255 * Sha256::size);
  const ScopedHmac<Sha256> hmac(key);
  const auto bits = big_endian(static_cast<std::uint32_t>(out.size() * 8));
  const ByteArray<1> separator{};
  WipedArray<Sha256::size> block;
  for (std::uint32_t i = 1; !out.empty(); ++i) {
    hmac.sign({big_endian(i), as_bytes(label), separator, context, bits}, block);
    const auto piece = BytesView(block).first(std::min(out.size(), block.size()));
    std::ranges::copy(piece, out.begin());
    out = out.subspan(piece.size());
  }
  return ok();
}

Result<SecretBytes> scrypt(BytesView passphrase, BytesView salt, const ScryptParameters& parameters, std::size_t size) {
  TRY(check(parameters));
  const ErrorScope errors;  // There may not be enough memory.
  TRY_ASSIGN(auto key, SecretBytes::zeroed(size));
  const std::unique_ptr<EVP_KDF, decltype(&EVP_KDF_free)> kdf(EVP_KDF_fetch(nullptr, "SCRYPT", nullptr), &EVP_KDF_free);
  const std::unique_ptr<EVP_KDF_CTX, decltype(&EVP_KDF_CTX_free)> context(EVP_KDF_CTX_new(kdf.get()),
                                                                          &EVP_KDF_CTX_free);
  std::uint64_t cost = parameters.cost;
  std::uint32_t block_size = parameters.block_size;
  std::uint32_t parallelism = parameters.parallelism;
  // The big table, as check() bounds it, and what lies beside it.
  std::uint64_t memory_max = scrypt_memory_max + (std::uint64_t{1} << 28);
  // libcrypto's parameters are not const, but it only reads them.
  auto* const passphrase_data = const_cast<std::byte*>(passphrase.data());
  auto* const salt_data = const_cast<std::byte*>(salt.data());
  const OSSL_PARAM settings[] = {
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, passphrase_data, passphrase.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt_data, salt.size()),
      OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &cost),
      OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &block_size),
      OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &parallelism),
      OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory_max),
      OSSL_PARAM_construct_end(),
  };
  const auto out = key.fill();
  if (!context ||
      EVP_KDF_derive(context.get(), reinterpret_cast<unsigned char*>(out.data()), out.size(), settings) != 1)
    return Error{ErrorCode::unavailable, "scrypt cannot be computed: is there enough memory?"};
  return key;
}

Outcome seal_derived(BytesView key, std::string_view label, BytesView context, BytesView aad, BytesView plaintext,
                     std::span<std::byte> out) {
  Derived derived;
  TRY(derived.derive(key, label, context));
  return derived.cipher.seal(derived.iv(), aad, plaintext, out);
}

Outcome open_derived(BytesView key, std::string_view label, BytesView context, BytesView aad, BytesView sealed,
                     std::span<std::byte> out) {
  Derived derived;
  TRY(derived.derive(key, label, context));
  return derived.cipher.open(derived.iv(), aad, sealed, out);
}

}  // namespace keyfold::crypto
