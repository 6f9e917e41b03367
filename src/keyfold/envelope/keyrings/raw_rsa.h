#pragma once
// The raw RSA keyring: wraps data keys for an RSA key that the application holds itself, or for somebody whose public
// key it has. For exchange with other Encryption SDKs; a KMS key is what production data belongs under. Spec:
// framework/raw-rsa-keyring.md.
//
// OAEP with SHA-256 or more is for new data. PKCS#1 v1.5 is there to read what others have written: with it, a wrapped
// key of this name that is not for this key, or was altered, is not told from a good one here (see
// crypto::RsaPrivateKey::decrypt), so that no other wrapped key is tried after it, and the message fails to
// authenticate.

#include "keyfold/core/base/random.h"
#include "keyfold/core/crypto/rsa.h"
#include "keyfold/envelope/keyrings/keyring.h"

namespace keyfold::keyrings {

using crypto::RsaPadding;

struct RawRsaKey {
  // The provider id of what it wraps. UTF-8; not "aws-kms" nor "aws-kms-…", which are the KMS's.
  std::string key_namespace;
  std::string key_name;  // The provider info. UTF-8.
  RsaPadding padding;
  // Files as crypto/rsa.h says: unencrypted, 2048 to 8192 bits. One of them at least; neither is made from the other.
  std::string public_key_pem;   // Empty: the keyring cannot seal.
  SecretBytes private_key_pem;  // Empty: it cannot open.
};

// Fails with `invalid_input`. So does sealing without a public key; opening without a private one fails with
// `incorrect_key`. Shareable between threads.
Result<std::shared_ptr<const Keyring>> raw_rsa_keyring(
    RawRsaKey key, std::shared_ptr<Random> random = std::make_shared<SystemRandom>());

}  // namespace keyfold::keyrings
