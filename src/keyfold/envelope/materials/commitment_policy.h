#pragma once
// Which suites a caller accepts: whether the header must commit to the data key, so that no two keys open one message.
// Spec: framework/commitment-policy.md.

#include "keyfold/core/base/result.h"
#include "keyfold/envelope/materials/suite.h"

namespace keyfold::materials {

// The three are the steps of moving from messages that do not commit to ones that do: first every reader must be able
// to read both, then every writer commits, then readers refuse what does not.
enum class CommitmentPolicy : std::uint8_t {
  forbid_encrypt_allow_decrypt,
  require_encrypt_allow_decrypt,
  require_encrypt_require_decrypt,  // What everything takes that is not told otherwise.
};

// Each fails with `invalid_input`, naming suite and policy.
Outcome check_may_encrypt(CommitmentPolicy policy, const AlgorithmSuite& suite);
Outcome check_may_decrypt(CommitmentPolicy policy, const AlgorithmSuite& suite);

// What a policy seals with when no suite is named: 0x0478, or 0x0178 where commitment is forbidden. Neither signs, as
// the specification's defaults do: docs/decisions/0006-default-suite.md.
SuiteId default_suite(CommitmentPolicy policy);

// "require_encrypt_require_decrypt", and so on. Parsing fails with `invalid_input`.
std::string_view to_string(CommitmentPolicy policy);
Result<CommitmentPolicy> parse_commitment_policy(std::string_view text);

}  // namespace keyfold::materials
