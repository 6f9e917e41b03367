#pragma once
// Algorithm suites: what the two bytes in a message's header stand for; all eleven of the AWS Encryption SDK. Which of
// them a caller accepts is the commitment policy's to say (commitment_policy.h). Spec: framework/algorithm-suites.md,
// "Supported Algorithm Suites".

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "keyfold/core/base/result.h"

namespace keyfold::materials {

enum class SuiteId : std::uint16_t {
  aes_128_gcm_no_kdf = 0x0014,
  aes_192_gcm_no_kdf = 0x0046,
  aes_256_gcm_no_kdf = 0x0078,
  aes_128_gcm_hkdf_sha256 = 0x0114,
  aes_192_gcm_hkdf_sha256 = 0x0146,
  aes_256_gcm_hkdf_sha256 = 0x0178,
  aes_128_gcm_hkdf_sha256_ecdsa_p256 = 0x0214,
  aes_192_gcm_hkdf_sha384_ecdsa_p384 = 0x0346,
  aes_256_gcm_hkdf_sha384_ecdsa_p384 = 0x0378,
  aes_256_gcm_hkdf_sha512_commit_key = 0x0478,
  aes_256_gcm_hkdf_sha512_commit_key_ecdsa_p384 = 0x0578,
};

enum class KeyDerivation : std::uint8_t { none, hkdf_sha256, hkdf_sha384, hkdf_sha512 };
enum class SignatureAlgorithm : std::uint8_t { none, ecdsa_p256_sha256, ecdsa_p384_sha384 };
enum class KeyCommitment : std::uint8_t { absent, present };

struct AlgorithmSuite {
  SuiteId id;
  std::string_view name;  // As the specification writes it.
  std::uint8_t message_version;
  std::uint8_t data_key_size;    // Bytes.
  std::uint8_t message_id_size;  // Bytes.
  std::uint8_t suite_data_size;  // Bytes: the commit key, in the header.
  KeyDerivation key_derivation;
  KeyCommitment commitment;
  SignatureAlgorithm signature;

  bool signs() const { return signature != SignatureAlgorithm::none; }
  bool commits() const { return commitment == KeyCommitment::present; }
  // Whether messages have keys of their own, derived from the data key. One without (the oldest three suites) seals its
  // frames under the data key itself, so that a data key must never serve a second message.
  bool derives_keys() const { return key_derivation != KeyDerivation::none; }
};

std::span<const AlgorithmSuite> all_suites();
// Null when the number is none of the SDK's.
const AlgorithmSuite* find_suite(std::uint16_t id);
// Fails with `invalid_input` when the number is none of the SDK's.
Result<const AlgorithmSuite*> suite_of(std::uint16_t id);
const AlgorithmSuite& suite_of(SuiteId id);
// Reads "0x0478", "0478", or a suite's name. Fails with `invalid_input`.
Result<SuiteId> parse_suite(std::string_view text);
std::string to_string(SuiteId id);  // "0x0478"

}  // namespace keyfold::materials
