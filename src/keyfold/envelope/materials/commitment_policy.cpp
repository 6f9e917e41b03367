#include "keyfold/envelope/materials/commitment_policy.h"

namespace keyfold::materials {
namespace {

Outcome check(CommitmentPolicy policy, const AlgorithmSuite& suite) {
  switch (policy) {
    case CommitmentPolicy::require_encrypt_require_decrypt:
      if (suite.commits()) return ok();
      break;
  }
  return Error{
      ErrorCode::invalid_input,
      "suite " + to_string(suite.id) + " does not commit to its data key, as require_encrypt_require_decrypt asks"};
}

}  // namespace

Outcome check_may_encrypt(CommitmentPolicy policy, const AlgorithmSuite& suite) { return check(policy, suite); }
Outcome check_may_decrypt(CommitmentPolicy policy, const AlgorithmSuite& suite) { return check(policy, suite); }

}  // namespace keyfold::materials
