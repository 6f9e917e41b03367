#include "keyfold/envelope/materials/suite.h"

#include <algorithm>
#include <array>

namespace keyfold::materials {
namespace {

using enum KeyDerivation;
using enum SuiteId;
constexpr auto unsigned_ = SignatureAlgorithm::none;
constexpr auto p256 = SignatureAlgorithm::ecdsa_p256_sha256;
constexpr auto p384 = SignatureAlgorithm::ecdsa_p384_sha384;
constexpr auto commits = KeyCommitment::present;
constexpr auto plain = KeyCommitment::absent;

// Spec: framework/algorithm-suites.md, the tables of "Supported Algorithm Suites" and after it. Version, then sizes in
// bytes: data key, message id, suite data.
// clang-format off
constexpr std::array suites{
    AlgorithmSuite{aes_128_gcm_no_kdf,                 "AES_128_GCM_IV12_TAG16_NO_KDF",                 1, 16, 16, 0,  none,        plain,   unsigned_},
    AlgorithmSuite{aes_192_gcm_no_kdf,                 "AES_192_GCM_IV12_TAG16_NO_KDF",                 1, 24, 16, 0,  none,        plain,   unsigned_},
    AlgorithmSuite{aes_256_gcm_no_kdf,                 "AES_256_GCM_IV12_TAG16_NO_KDF",                 1, 32, 16, 0,  none,        plain,   unsigned_},
    AlgorithmSuite{aes_128_gcm_hkdf_sha256,            "AES_128_GCM_IV12_TAG16_HKDF_SHA256",            1, 16, 16, 0,  hkdf_sha256, plain,   unsigned_},
    AlgorithmSuite{aes_192_gcm_hkdf_sha256,            "AES_192_GCM_IV12_TAG16_HKDF_SHA256",            1, 24, 16, 0,  hkdf_sha256, plain,   unsigned_},
    AlgorithmSuite{aes_256_gcm_hkdf_sha256,            "AES_256_GCM_IV12_TAG16_HKDF_SHA256",            1, 32, 16, 0,  hkdf_sha256, plain,   unsigned_},
    AlgorithmSuite{aes_128_gcm_hkdf_sha256_ecdsa_p256, "AES_128_GCM_IV12_TAG16_HKDF_SHA256_ECDSA_P256", 1, 16, 16, 0,  hkdf_sha256, plain,   p256},
    AlgorithmSuite{aes_192_gcm_hkdf_sha384_ecdsa_p384, "AES_192_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384", 1, 24, 16, 0,  hkdf_sha384, plain,   p384},
    AlgorithmSuite{aes_256_gcm_hkdf_sha384_ecdsa_p384, "AES_256_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384", 1, 32, 16, 0,  hkdf_sha384, plain,   p384},
    AlgorithmSuite{aes_256_gcm_hkdf_sha512_commit_key, "AES_256_GCM_HKDF_SHA512_COMMIT_KEY",            2, 32, 32, 32, hkdf_sha512, commits, unsigned_},
    AlgorithmSuite{aes_256_gcm_hkdf_sha512_commit_key_ecdsa_p384,
                                                       "AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384", 2, 32, 32, 32, hkdf_sha512, commits, p384},
};
// clang-format on

std::string hex4(std::uint16_t id) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text = "0x";
  for (int shift = 12; shift >= 0; shift -= 4) text += digits[static_cast<std::size_t>(id >> shift & 15)];
  return text;
}

}  // namespace

std::span<const AlgorithmSuite> all_suites() { return suites; }

const AlgorithmSuite* find_suite(std::uint16_t id) {
  const auto found =
      std::ranges::find(suites, id, [](const auto& suite) { return static_cast<std::uint16_t>(suite.id); });
  return found == suites.end() ? nullptr : &*found;
}

Result<const AlgorithmSuite*> suite_of(std::uint16_t id) {
  const auto* suite = find_suite(id);
  if (suite == nullptr) return Error{ErrorCode::invalid_input, "unknown algorithm suite " + hex4(id)};
  return suite;
}

const AlgorithmSuite& suite_of(SuiteId id) {
  const auto* suite = find_suite(static_cast<std::uint16_t>(id));
  KEYFOLD_CHECK(suite != nullptr);
  return *suite;
}

Result<SuiteId> parse_suite(std::string_view text) {
  for (const auto& suite : suites) {
    const auto number = to_string(suite.id);
    if (text == number || text == std::string_view(number).substr(2) || text == suite.name) return suite.id;
  }
  return Error{ErrorCode::invalid_input, "not an algorithm suite: \"" + std::string(text) +
                                             "\" (0x0478, 0x0578, or another of the AWS Encryption SDK's)"};
}

std::string to_string(SuiteId id) { return hex4(static_cast<std::uint16_t>(id)); }

}  // namespace keyfold::materials
