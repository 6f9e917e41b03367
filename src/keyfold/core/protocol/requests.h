#pragma once
// The requests of the KMS API, as values: one struct per shape, members in the order of AWS's API model. Used by both
// ends: the server decodes them (request_reader.h), the client encodes them (append, below). Texts, bytes and contexts
// are views: into the reader's document and scratch, or into whatever the client holds. What AWS knows and we do not
// serve (attestation, service principals) is decoded so far as to be refused, never ignored.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/encryption_context.h"

namespace keyfold::protocol {

using Text = std::optional<std::string_view>;
using Integer = std::optional<std::int64_t>;

struct Tag {
  std::string_view key{};
  std::string_view value{};
};

// Asked for and not served here: any of these set means that the call is refused.
struct Unserved {
  bool recipient = false;
};

using GrantTokens = std::span<const std::string_view>;

struct EncryptRequest {
  std::string_view key_id{};
  BytesView plaintext{};  // Secret.
  ContextView context{};
  GrantTokens grant_tokens{};
  Text algorithm{};
  bool dry_run = false;
};

struct DecryptRequest {
  BytesView ciphertext{};
  ContextView context{};
  GrantTokens grant_tokens{};
  Text key_id{};
  Text algorithm{};
  bool dry_run = false;
  bool ignore_ciphertext = false;  // DryRunModifiers: [IGNORE_CIPHERTEXT].
  Unserved unserved{};
};

struct ReEncryptRequest {
  BytesView ciphertext{};
  ContextView source_context{};
  Text source_key_id{};
  std::string_view destination_key_id{};
  ContextView destination_context{};
  Text source_algorithm{};
  Text destination_algorithm{};
  GrantTokens grant_tokens{};
  bool dry_run = false;
  bool ignore_ciphertext = false;
};

// GenerateDataKey and GenerateDataKeyWithoutPlaintext.
struct GenerateDataKeyRequest {
  std::string_view key_id{};
  ContextView context{};
  Integer number_of_bytes{};
  Text key_spec{};  // "AES_256" or "AES_128".
  GrantTokens grant_tokens{};
  bool dry_run = false;
  Unserved unserved{};
};

struct GenerateRandomRequest {
  Integer number_of_bytes{};
  Text custom_key_store_id{};
  Unserved unserved{};
};

struct CreateKeyRequest {
  Text policy{};
  Text description{};
  Text key_usage{};
  Text customer_master_key_spec{};
  Text key_spec{};
  Text origin{};
  Text custom_key_store_id{};
  bool bypass_policy_lockout_safety_check = false;
  std::span<const Tag> tags{};
  bool multi_region = false;
  Text xks_key_id{};
};

struct DescribeKeyRequest {
  std::string_view key_id{};
  GrantTokens grant_tokens{};
};

// EnableKey, DisableKey, CancelKeyDeletion, DisableKeyRotation, GetKeyRotationStatus, RotateKeyOnDemand.
struct KeyIdRequest {
  std::string_view key_id{};
};

struct ListKeysRequest {
  Integer limit{};
  Text marker{};
  bool other_accounts_only = false;  // ResourceOwners without SELF: shared keys, of which there are none.
};

struct UpdateKeyDescriptionRequest {
  std::string_view key_id{};
  std::string_view description{};
};

struct ScheduleKeyDeletionRequest {
  std::string_view key_id{};
  Integer pending_window_in_days{};
};

// CreateAlias and UpdateAlias.
struct AliasRequest {
  std::string_view alias_name{};
  std::string_view target_key_id{};
};

struct DeleteAliasRequest {
  std::string_view alias_name{};
};

struct ListAliasesRequest {
  Text key_id{};
  Integer limit{};
  Text marker{};
};

struct TagResourceRequest {
  std::string_view key_id{};
  std::span<const Tag> tags{};
};

struct UntagResourceRequest {
  std::string_view key_id{};
  std::span<const std::string_view> tag_keys{};
};

// ListResourceTags and ListKeyPolicies.
struct ListOfKeyRequest {
  std::string_view key_id{};
  Integer limit{};
  Text marker{};
};

struct GetKeyPolicyRequest {
  std::string_view key_id{};
  Text policy_name{};
};

struct PutKeyPolicyRequest {
  std::string_view key_id{};
  Text policy_name{};
  std::string_view policy{};
  bool bypass_policy_lockout_safety_check = false;
};

struct EnableKeyRotationRequest {
  std::string_view key_id{};
  Integer rotation_period_in_days{};
};

struct ListKeyRotationsRequest {
  std::string_view key_id{};
  bool all_key_material = false;  // IncludeKeyMaterial: ALL_KEY_MATERIAL.
  Integer limit{};
  Text marker{};
};

struct GrantConstraints {
  std::optional<ContextView> encryption_context_subset{};
  std::optional<ContextView> encryption_context_equals{};
  Text source_arn{};
};

struct CreateGrantRequest {
  std::string_view key_id{};
  Text grantee_principal{};
  Text retiring_principal{};
  std::span<const std::string_view> operations{};
  GrantConstraints constraints{};
  GrantTokens grant_tokens{};
  Text name{};
  bool dry_run = false;
  Text grantee_service_principal{};
  Text retiring_service_principal{};
};

struct ListGrantsRequest {
  Integer limit{};
  Text marker{};
  std::string_view key_id{};
  Text grant_id{};
  Text grantee_principal{};
  Text grantee_service_principal{};
};

struct ListRetirableGrantsRequest {
  Integer limit{};
  Text marker{};
  Text retiring_principal{};
  Text retiring_service_principal{};
};

struct RetireGrantRequest {
  Text grant_token{};
  Text key_id{};
  Text grant_id{};
  bool dry_run = false;
};

struct RevokeGrantRequest {
  std::string_view key_id{};
  std::string_view grant_id{};
  bool dry_run = false;
};

// What a client sends: the JSON of a request, appended. `out` should have room reserved when the request holds a
// secret.
void append(std::string& out, const EncryptRequest& request);
void append(std::string& out, const DecryptRequest& request);
void append(std::string& out, const ReEncryptRequest& request);
void append(std::string& out, const GenerateDataKeyRequest& request);
void append(std::string& out, const DescribeKeyRequest& request);

}  // namespace keyfold::protocol
