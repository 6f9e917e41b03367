#pragma once
// Which suites a caller accepts: whether the header must commit to the data key, so that no two keys open one message.
// Spec: framework/commitment-policy.md.

#include "keyfold/core/base/result.h"
#include "keyfold/envelope/materials/suite.h"

namespace keyfold::materials {

enum class CommitmentPolicy : std::uint8_t { require_encrypt_require_decrypt };

// Each fails with `invalid_input`, naming suite and policy.
Outcome check_may_encrypt(CommitmentPolicy policy, const AlgorithmSuite& suite);
Outcome check_may_decrypt(CommitmentPolicy policy, const AlgorithmSuite& suite);

}  // namespace keyfold::materials
