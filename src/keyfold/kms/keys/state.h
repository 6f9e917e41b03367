#pragma once
// Which operation a key allows in which state: AWS's table ("Key states of AWS KMS keys"), and what it answers when it
// does not.

#include <cstdint>

#include "keyfold/core/base/named.h"
#include "keyfold/core/base/result.h"
#include "keyfold/kms/keys/record.h"

namespace keyfold::keys {

// The rows of the table. Operations that stand in the same row are judged alike.
enum class StateRule : std::uint8_t {
  any_state,            // DeleteAlias, DescribeKey, GetKeyPolicy, ListAliases, ListKeyPolicies, ListKeyRotations,
                        // ListResourceTags, PutKeyPolicy, ListGrants, RetireGrant, RevokeGrant
  cancel_key_deletion,  // CancelKeyDeletion
  edit,            // CreateAlias, TagResource, UntagResource, UpdateKeyDescription; UpdateAlias for the key it moves to
  use,             // Encrypt, Decrypt, ReEncrypt, GenerateDataKey, GenerateDataKeyWithoutPlaintext
  enable_disable,  // EnableKey, DisableKey
  rotation_setting,   // EnableKeyRotation, DisableKeyRotation
  rotation_status,    // GetKeyRotationStatus
  rotate_on_demand,   // RotateKeyOnDemand
  schedule_deletion,  // ScheduleKeyDeletion
  create_grant,       // CreateGrant
};

// Fails with `disabled`, `invalid_state` or `unsupported_operation` and AWS's text ("<arn> is disabled.").
// Allocates nothing when it succeeds.
Outcome state_allows(StateRule rule, KeyState state, const KeyArn& key);

}  // namespace keyfold::keys
