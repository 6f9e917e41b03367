#pragma once
// The branch-key keyring ("hierarchical"): wraps data keys under a branch key, one per tenant or data set, which a KMS
// key wraps in turn. Sealing and opening call the KMS once per branch key and time to live, not once per message, and
// when the KMS key rotates, branch keys are re-encrypted, not messages. Spec:
// framework/aws-kms/aws-kms-hierarchical-keyring.md.

#include "keyfold/core/base/random.h"
#include "keyfold/envelope/keyrings/branch_key_cache.h"
#include "keyfold/envelope/keyrings/branch_key_store.h"
#include "keyfold/envelope/keyrings/branch_key_supplier.h"
#include "keyfold/envelope/keyrings/keyring.h"

namespace keyfold::keyrings {

inline constexpr std::string_view branch_key_provider_id = "aws-kms-hierarchy";
inline constexpr Duration branch_key_time_to_live_max = std::chrono::hours(24 * 365);

struct BranchKeyOptions {
  // How long a branch key is used from memory: how long a disabled KMS key, or a caller who lost access, can still seal
  // and open, and how long messages are still sealed under the version before a rotation. To be set.
  Duration time_to_live{};
  std::shared_ptr<BranchKeyCache> cache = nullptr;  // Null: one of the keyring's own, of 1,000 entries.
  // Keyrings with the same cache, store name and partition use each other's branch keys, so give it only to those whose
  // callers may. Empty: the keyring's own, which is no other's.
  std::string partition{};
  std::shared_ptr<Random> random = std::make_shared<SystemRandom>();
};

// Shareable between threads. Each message's data key is wrapped under a key derived for it alone, bound to branch key
// id, version and encryption context. Opening takes only data keys whose branch key id is the one that `supplier` gives
// for the message's context; it fails with `incorrect_key` when there is none, `authentication` when one does not
// verify. Fails with `invalid_input` unless 0 < time_to_live <= branch_key_time_to_live_max.
Result<std::shared_ptr<const Keyring>> branch_key_keyring(std::shared_ptr<BranchKeyStore> store,
                                                          std::shared_ptr<const BranchKeySupplier> supplier,
                                                          BranchKeyOptions options);

}  // namespace keyfold::keyrings
