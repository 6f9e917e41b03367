#pragma once
// RSA encryption (RFC 8017): PKCS#1 v1.5 and OAEP, for wrapping data keys. Keys come from PEM files: public ones as
// SubjectPublicKeyInfo or RSAPublicKey, private ones as PKCS#8 or RSAPrivateKey, unencrypted. A public key is never
// made from a private one. All keys here are immutable and may be shared between threads.

#include <memory>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/secret.h"

struct evp_pkey_st;

namespace keyfold::crypto {

// OAEP uses its hash for MGF1 too, and no label.
enum class RsaPadding : std::uint8_t { pkcs1, oaep_sha1, oaep_sha256, oaep_sha384, oaep_sha512 };

// Bits of the modulus. Smaller ones protect nothing (NIST SP 800-131A); larger ones take time without end.
inline constexpr std::size_t rsa_bits_min = 2048;
inline constexpr std::size_t rsa_bits_max = 8192;

class RsaPublicKey {
 public:
  // Fails with `invalid_input`: not such a file, or the modulus is not of 2048 to 8192 bits.
  static Result<RsaPublicKey> from_pem(std::string_view pem);
  // modulus_size() bytes. Fails with `invalid_input` when `plaintext` is longer than the padding leaves room for; 32
  // bytes always fit.
  Result<Bytes> encrypt(RsaPadding padding, const SecretBytes& plaintext) const;
  std::size_t modulus_size() const { return modulus_size_; }  // Bytes.

 private:
  std::shared_ptr<evp_pkey_st> key_;
  std::size_t modulus_size_ = 0;
};

class RsaPrivateKey {
 public:
  // Fails with `invalid_input`: not such a file, of another size, or its numbers do not belong together.
  static Result<RsaPrivateKey> from_pem(const SecretBytes& pem);

  // The plaintext, which must be known to have `size` bytes. Fails with `authentication` and always the same message.
  //
  // With PKCS#1 v1.5 there is no failure for a bad padding or another size: the result is then a random-looking string
  // that depends on key and ciphertext only ("implicit rejection"), and takes the same time. Whether a padding was good
  // is what Bleichenbacher's attack and its descendants live on; whatever the key was for fails to authenticate
  // instead. Only what anybody can see fails at once: a ciphertext of another size than the modulus, or not below it.
  Result<SecretBytes> decrypt(RsaPadding padding, BytesView ciphertext, std::size_t size) const;
  std::size_t modulus_size() const { return modulus_size_; }  // Bytes.

 private:
  Result<SecretBytes> decrypt_pkcs1(BytesView ciphertext, std::size_t size) const;
  Result<SecretBytes> decrypt_oaep(RsaPadding padding, BytesView ciphertext, std::size_t size) const;

  std::shared_ptr<evp_pkey_st> key_;
  std::size_t modulus_size_ = 0;
  std::shared_ptr<const SecretBytes> rejection_key_;  // What bad PKCS#1 paddings give is derived from it.
};

}  // namespace keyfold::crypto
