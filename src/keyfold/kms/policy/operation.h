#pragma once
// The operations that can be permitted, as types: a Permit<op::DescribeKey> does not open op::Decrypt, and the compiler
// knows. Each names its IAM action and what it acts on (Service Authorization Reference, "Actions, resources, and
// condition keys for AWS Key Management Service").

#include <concepts>
#include <cstdint>
#include <string_view>

namespace keyfold::policy {

// What stands in the statement's Resource, and whose policies decide.
enum class ResourceKind : std::uint8_t {
  key,            // A KMS key: its key policy, and identity policies where that delegates to them.
  account,        // No resource of its own ("*"): identity policies alone.
  alias_and_key,  // Needs both: the alias by identity policies, the key as above. So two permits, or three for
                  // UpdateAlias.
};

template <class Op>
concept Operation = requires {
  { Op::action } -> std::convertible_to<std::string_view>;
  { Op::resource } -> std::convertible_to<ResourceKind>;
};
template <class Op>
concept KeyOperation = Operation<Op> && Op::resource != ResourceKind::account;
template <class Op>
concept AccountOperation = Operation<Op> && Op::resource == ResourceKind::account;
template <class Op>
concept AliasOperation = Operation<Op> && Op::resource == ResourceKind::alias_and_key;

namespace op {
#define KEYFOLD_OPERATION_OF(service, name, kind)                  \
  struct name {                                                    \
    static constexpr std::string_view action = #service ":" #name; \
    static constexpr ResourceKind resource = ResourceKind::kind;   \
  }
#define KEYFOLD_OPERATION(name, kind) KEYFOLD_OPERATION_OF(kms, name, kind)

// Key lifecycle.
KEYFOLD_OPERATION(CreateKey, account);
KEYFOLD_OPERATION(DescribeKey, key);
KEYFOLD_OPERATION(ListKeys, account);
KEYFOLD_OPERATION(UpdateKeyDescription, key);
KEYFOLD_OPERATION(EnableKey, key);
KEYFOLD_OPERATION(DisableKey, key);
KEYFOLD_OPERATION(ScheduleKeyDeletion, key);
KEYFOLD_OPERATION(CancelKeyDeletion, key);
// Aliases.
KEYFOLD_OPERATION(CreateAlias, alias_and_key);
KEYFOLD_OPERATION(UpdateAlias, alias_and_key);
KEYFOLD_OPERATION(DeleteAlias, alias_and_key);
KEYFOLD_OPERATION(ListAliases, account);
// Tags.
KEYFOLD_OPERATION(TagResource, key);
KEYFOLD_OPERATION(UntagResource, key);
KEYFOLD_OPERATION(ListResourceTags, key);
// Policies.
KEYFOLD_OPERATION(GetKeyPolicy, key);
KEYFOLD_OPERATION(PutKeyPolicy, key);
KEYFOLD_OPERATION(ListKeyPolicies, key);
// Cryptography. The API's ReEncrypt needs two permissions: From on the source key, To on the destination key.
KEYFOLD_OPERATION(Encrypt, key);
KEYFOLD_OPERATION(Decrypt, key);
KEYFOLD_OPERATION(ReEncryptFrom, key);
KEYFOLD_OPERATION(ReEncryptTo, key);
KEYFOLD_OPERATION(GenerateDataKey, key);
KEYFOLD_OPERATION(GenerateDataKeyWithoutPlaintext, key);
KEYFOLD_OPERATION(GenerateRandom, account);
// Grants.
KEYFOLD_OPERATION(CreateGrant, key);
KEYFOLD_OPERATION(ListGrants, key);
KEYFOLD_OPERATION(ListRetirableGrants, account);
KEYFOLD_OPERATION(RetireGrant, key);
KEYFOLD_OPERATION(RevokeGrant, key);
// Rotation.
KEYFOLD_OPERATION(EnableKeyRotation, key);
KEYFOLD_OPERATION(DisableKeyRotation, key);
KEYFOLD_OPERATION(GetKeyRotationStatus, key);
KEYFOLD_OPERATION(RotateKeyOnDemand, key);
KEYFOLD_OPERATION(ListKeyRotations, key);
// Our own: who may do what (docs/access.md). Of the caller's account.
KEYFOLD_OPERATION_OF(keyfold, WhoCan, account);
KEYFOLD_OPERATION_OF(keyfold, ExplainAccess, account);
KEYFOLD_OPERATION_OF(keyfold, LintAccess, account);
#undef KEYFOLD_OPERATION
#undef KEYFOLD_OPERATION_OF
}  // namespace op

}  // namespace keyfold::policy
