#pragma once
// Grants: what CreateGrant hands out (KMS Developer Guide, "Grants in AWS KMS"). A grant is an Allow, for one
// principal, of some operations on one key, under a constraint on the encryption context. Views throughout: whoever
// fills one in keeps the text alive. Nothing here allocates but the errors.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "keyfold/core/base/encryption_context.h"
#include "keyfold/core/base/result.h"
#include "keyfold/kms/policy/request.h"

namespace keyfold::policy {

// Stored by their numbers: never renumber.
enum class GrantOperation : std::uint8_t {
  decrypt = 0,
  encrypt = 1,
  generate_data_key = 2,
  generate_data_key_without_plaintext = 3,
  re_encrypt_from = 4,
  re_encrypt_to = 5,
  sign = 6,
  verify = 7,
  get_public_key = 8,
  create_grant = 9,
  retire_grant = 10,
  describe_key = 11,
  generate_data_key_pair = 12,
  generate_data_key_pair_without_plaintext = 13,
  generate_mac = 14,
  verify_mac = 15,
  derive_shared_secret = 16,
};
inline constexpr std::size_t grant_operation_count = 17;

// In the order of their numbers. A grant operation gives the IAM action of the same name; the API's ReEncrypt needs
// two.
inline constexpr std::array<std::string_view, grant_operation_count> grant_actions = {
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:Sign",
    "kms:Verify",
    "kms:GetPublicKey",
    "kms:CreateGrant",
    "kms:RetireGrant",
    "kms:DescribeKey",
    "kms:GenerateDataKeyPair",
    "kms:GenerateDataKeyPairWithoutPlaintext",
    "kms:GenerateMac",
    "kms:VerifyMac",
    "kms:DeriveSharedSecret",
};
// Nothing: no grant gives this action.
constexpr std::optional<GrantOperation> grant_operation_of_action(std::string_view action) {
  for (std::size_t i = 0; i < grant_actions.size(); ++i)
    if (grant_actions[i] == action) return static_cast<GrantOperation>(i);
  return std::nullopt;
}
constexpr std::string_view to_text(GrantOperation operation) {
  return grant_actions[static_cast<std::size_t>(operation)].substr(std::string_view("kms:").size());
}
// "ReEncryptFrom" → re_encrypt_from; nothing when there is no such one.
constexpr std::optional<GrantOperation> grant_operation(std::string_view name) {
  for (std::size_t i = 0; i < grant_actions.size(); ++i)
    if (to_text(static_cast<GrantOperation>(i)) == name) return static_cast<GrantOperation>(i);
  return std::nullopt;
}
// What is asked without an encryption context, so that no constraint says anything about it: DescribeKey, RetireGrant,
// and CreateGrant, which is bounded in another way (GrantTerms::at_most).
constexpr bool has_no_context(GrantOperation operation) {
  return operation == GrantOperation::describe_key || operation == GrantOperation::retire_grant ||
         operation == GrantOperation::create_grant;
}

// A set of them.
class GrantOperations {
 public:
  constexpr GrantOperations() = default;
  // The lowest bit is the operation numbered 0. Bits without an operation are refused by whoever reads them.
  explicit constexpr GrantOperations(std::uint32_t bits) : bits_(bits) {}
  constexpr GrantOperations& add(GrantOperation operation) {
    bits_ |= bit(operation);
    return *this;
  }
  constexpr bool has(GrantOperation operation) const { return (bits_ & bit(operation)) != 0; }
  constexpr bool has_all_of(GrantOperations others) const { return (others.bits_ & ~bits_) == 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr std::uint32_t bits() const { return bits_; }
  friend constexpr bool operator==(GrantOperations, GrantOperations) = default;

 private:
  static constexpr std::uint32_t bit(GrantOperation operation) {
    return std::uint32_t{1} << static_cast<unsigned>(operation);
  }
  std::uint32_t bits_ = 0;
};

// On the request's encryption context: exact, and case-sensitive.
struct GrantConstraint {
  enum class Kind : std::uint8_t {
    none = 0,
    equals = 1,  // EncryptionContextEquals: the context is these pairs and no others.
    subset = 2,  // EncryptionContextSubset: these pairs are among it.
  };
  Kind kind = Kind::none;
  ContextView pairs{};  // Never empty but for `none`.

  // Whether a context that is known whole meets it.
  bool holds(const ContextView& context) const;
  // Whether one that is known as far as the request says does.
  Tri holds(const Request& request) const;
  // Whether every context that meets this one meets `other`: equal or stricter. Every constraint is at least as strict
  // as none; `equals` E as `equals` E, and as `subset` S when all of S is in E; `subset` T as `subset` S when all of S
  // is in T, and never as `equals`.
  bool at_least_as_strict_as(const GrantConstraint& other) const;
};

// What a grant gives.
struct GrantTerms {
  GrantOperations operations;
  GrantConstraint constraint{};

  // Whether this gives nothing that `parent` does not: no other operations, under a constraint at least as strict.
  bool at_most(const GrantTerms& parent) const {
    return parent.operations.has_all_of(operations) && constraint.at_least_as_strict_as(parent.constraint);
  }
};

inline constexpr std::size_t grant_principal_size_max = 256;  // Bytes.

// Whom a grant names: a user, a role (for all its sessions), one session of a role, or an account.
struct GrantPrincipal {
  enum class Kind : std::uint8_t { account, arn };
  Kind kind = Kind::arn;
  std::string_view text{};  // The account id, or the ARN.

  // From an ARN. Fails with `invalid_arn`, in AWS's words.
  static Result<GrantPrincipal> parse(std::string_view arn);
};

struct Grant {
  std::string_view label;  // "grant <id>": what audit records say.
  GrantPrincipal grantee;
  std::optional<GrantPrincipal> retiring{};
  GrantTerms terms;

  std::string_view id() const { return label.substr(label.find(' ') + 1); }
};

using Grants = std::span<const Grant* const>;

}  // namespace keyfold::policy
