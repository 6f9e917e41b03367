#pragma once
// The raw AES keyring: wraps data keys with AES-GCM under a key that the application holds itself. For tests and for
// exchange with other Encryption SDKs; a KMS key is what production data belongs under. Spec:
// framework/raw-aes-keyring.md.

#include "keyfold/core/base/random.h"
#include "keyfold/envelope/keyrings/keyring.h"

namespace keyfold::keyrings {

struct RawAesKey {
  // The provider id of what it wraps. UTF-8; not "aws-kms" nor "aws-kms-…", which are the KMS's.
  std::string key_namespace;
  std::string key_name;      // UTF-8.
  SecretBytes wrapping_key;  // 16, 24 or 32 bytes.
};

// How often one keyring wraps before it refuses, with `limit_exceeded`: its IVs are random and 96 bits (NIST SP
// 800-38D, 8.3). It counts its own wraps only; the same key in other processes counts on its own.
inline constexpr std::uint64_t raw_aes_wraps_max = std::uint64_t{1} << 32;

// Fails with `invalid_input`. The keyring keeps one key schedule, used by one thread at a time.
Result<std::shared_ptr<const Keyring>> raw_aes_keyring(
    RawAesKey key, std::shared_ptr<Random> random = std::make_shared<SystemRandom>());

}  // namespace keyfold::keyrings
