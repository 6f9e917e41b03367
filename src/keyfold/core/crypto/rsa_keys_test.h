#pragma once
// RSA keys for tests, made when they are needed: no private key stands in this repository.

#include <openssl/encoder.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <memory>
#include <string>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/secret.h"

namespace keyfold::crypto::testing {

// One key in each of the forms that are read, as libcrypto writes them.
struct RsaKeyFiles {
  std::string spki, pkcs1_public, pkcs8, pkcs1_private;
};

inline SecretBytes secret_text(std::string_view text) { return *SecretBytes::copy_of(keyfold::as_bytes(text)); }

inline RsaKeyFiles make_rsa_key(unsigned bits) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_RSA_gen(bits), &EVP_PKEY_free);
  const auto written = [&](int selection, const char* structure) {
    OSSL_ENCODER_CTX* encoder = OSSL_ENCODER_CTX_new_for_pkey(key.get(), selection, "PEM", structure, nullptr);
    unsigned char* data = nullptr;
    std::size_t size = 0;
    KEYFOLD_CHECK(OSSL_ENCODER_to_data(encoder, &data, &size) == 1);
    std::string text(reinterpret_cast<const char*>(data), size);
    OPENSSL_free(data);
    OSSL_ENCODER_CTX_free(encoder);
    return text;
  };
  return {.spki = written(EVP_PKEY_PUBLIC_KEY, "SubjectPublicKeyInfo"),
          .pkcs1_public = written(EVP_PKEY_PUBLIC_KEY, "pkcs1"),
          .pkcs8 = written(EVP_PKEY_KEYPAIR, "PrivateKeyInfo"),
          .pkcs1_private = written(EVP_PKEY_KEYPAIR, "pkcs1")};
}

// The same, made once for all tests of a program.
inline const RsaKeyFiles& rsa_2048() {
  static const RsaKeyFiles files = make_rsa_key(2048);
  return files;
}

}  // namespace keyfold::crypto::testing
