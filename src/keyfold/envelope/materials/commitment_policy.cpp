#include "keyfold/envelope/materials/commitment_policy.h"

#include <array>

namespace keyfold::materials {
namespace {

using enum CommitmentPolicy;

Error refused(CommitmentPolicy policy, const AlgorithmSuite& suite) {
  return {ErrorCode::invalid_input,
          "suite " + to_string(suite.id) +
              (suite.commits() ? " commits to its data key, which " : " does not commit to its data key, as ") +
              std::string(to_string(policy)) + (suite.commits() ? " forbids" : " asks")};
}

}  // namespace

Outcome check_may_encrypt(CommitmentPolicy policy, const AlgorithmSuite& suite) {
  if (suite.commits() == (policy != forbid_encrypt_allow_decrypt)) return ok();
  return refused(policy, suite);
}

Outcome check_may_decrypt(CommitmentPolicy policy, const AlgorithmSuite& suite) {
  if (suite.commits() || policy != require_encrypt_require_decrypt) return ok();
  return refused(policy, suite);
}

SuiteId default_suite(CommitmentPolicy policy) {
  return policy == forbid_encrypt_allow_decrypt ? SuiteId::aes_256_gcm_hkdf_sha256
                                                : SuiteId::aes_256_gcm_hkdf_sha512_commit_key;
}

std::string_view to_string(CommitmentPolicy policy) {
  switch (policy) {
    case forbid_encrypt_allow_decrypt:
      return "forbid_encrypt_allow_decrypt";
    case require_encrypt_allow_decrypt:
      return "require_encrypt_allow_decrypt";
    case require_encrypt_require_decrypt:
      return "require_encrypt_require_decrypt";
  }
  check_failed("a policy that is none of CommitmentPolicy", __FILE__, __LINE__);
}

Result<CommitmentPolicy> parse_commitment_policy(std::string_view text) {
  for (const auto policy :
       {forbid_encrypt_allow_decrypt, require_encrypt_allow_decrypt, require_encrypt_require_decrypt})
    if (text == to_string(policy)) return policy;
  return Error{ErrorCode::invalid_input, "not a commitment policy: \"" + std::string(text.substr(0, 100)) +
                                             "\" (forbid_encrypt_allow_decrypt, require_encrypt_allow_decrypt or "
                                             "require_encrypt_require_decrypt)"};
}

}  // namespace keyfold::materials
