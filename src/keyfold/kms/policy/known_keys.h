#pragma once
// The condition keys that this server can say something about. One with our prefixes that is not among them is refused
// when a policy is put: a Deny that waits for what never comes would deny nobody. Keys of other services are taken, and
// never there, as on AWS.

#include <string_view>

namespace keyfold::policy {

// "kms:EncryptionContext:<key>" and "kms:EncryptionContextKeys", of the request's encryption context;
// "kms:CallerAccount", "aws:PrincipalAccount", "aws:PrincipalArn" (of a role's session: the role's),
// "aws:PrincipalType"
// ("Account", "User", "AssumedRole") and "aws:username" (users only), of the caller; "aws:ResourceAccount". (KMS
// Developer Guide, "Condition keys for AWS KMS"; IAM User Guide, "AWS global condition context keys".)
namespace condition_key {
inline constexpr std::string_view caller_account = "kms:CallerAccount";
inline constexpr std::string_view encryption_context_keys = "kms:EncryptionContextKeys";
inline constexpr std::string_view principal_account = "aws:PrincipalAccount";
inline constexpr std::string_view principal_arn = "aws:PrincipalArn";
inline constexpr std::string_view principal_type = "aws:PrincipalType";
inline constexpr std::string_view resource_account = "aws:ResourceAccount";
inline constexpr std::string_view username = "aws:username";
}  // namespace condition_key

// Whether a policy may ask for it.
bool is_condition_key(std::string_view lower_case_name);

}  // namespace keyfold::policy
