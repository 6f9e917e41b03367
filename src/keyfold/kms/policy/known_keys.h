#pragma once
// The condition keys of KMS, IAM and STS, and the global ones (KMS Developer Guide, "Condition keys for AWS KMS"; IAM
// User Guide, "AWS global condition context keys", "IAM and AWS STS condition context keys"). Every one that a policy
// may ask for is listed here; one with such a prefix that is not, is refused when a policy is put: a Deny that waits
// for what never comes would deny nobody. Keys of other services are taken, and never there, as on AWS.
//
// Some that are listed are never there either, and truly so: nobody calls through another service, from inside a VPC,
// on behalf of an organization or with a second factor here.

#include <string_view>

namespace keyfold::policy {

namespace condition_key {
// Of the caller, and of whose the resource is: CallerFacts.
inline constexpr std::string_view caller_account = "kms:CallerAccount";
inline constexpr std::string_view principal_account = "aws:PrincipalAccount";
inline constexpr std::string_view principal_arn = "aws:PrincipalArn";    // Of a role's session: the role's.
inline constexpr std::string_view principal_type = "aws:PrincipalType";  // "Account", "User", "AssumedRole".
inline constexpr std::string_view resource_account = "aws:ResourceAccount";
inline constexpr std::string_view username = "aws:username";  // Users only.
// Of the caller, by those who know him: policy::Caller::facts.
inline constexpr std::string_view user_id = "aws:userid";
inline constexpr std::string_view principal_tag_prefix = "aws:PrincipalTag/";
inline constexpr std::string_view token_issue_time = "aws:TokenIssueTime";                   // Sessions only.
inline constexpr std::string_view multi_factor_auth_present = "aws:MultiFactorAuthPresent";  // Likewise: "false".
// Of any call.
inline constexpr std::string_view current_time = "aws:CurrentTime";
inline constexpr std::string_view epoch_time = "aws:EpochTime";
inline constexpr std::string_view principal_is_aws_service = "aws:PrincipalIsAWSService";  // "false".
inline constexpr std::string_view referer = "aws:Referer";
inline constexpr std::string_view requested_region = "aws:RequestedRegion";
inline constexpr std::string_view secure_transport = "aws:SecureTransport";
inline constexpr std::string_view source_ip = "aws:SourceIp";
inline constexpr std::string_view user_agent = "aws:UserAgent";
inline constexpr std::string_view via_aws_service = "aws:ViaAWSService";  // "false".
// Of what is tagged, and with what.
inline constexpr std::string_view request_tag_prefix = "aws:RequestTag/";
inline constexpr std::string_view resource_tag_prefix = "aws:ResourceTag/";
inline constexpr std::string_view tag_keys = "aws:TagKeys";
// Of the key that is acted on; of CreateKey, what is asked for.
inline constexpr std::string_view key_origin = "kms:KeyOrigin";
inline constexpr std::string_view key_spec = "kms:KeySpec";
inline constexpr std::string_view customer_master_key_spec = "kms:CustomerMasterKeySpec";  // The older names of the
inline constexpr std::string_view key_usage = "kms:KeyUsage";                              // same.
inline constexpr std::string_view customer_master_key_usage = "kms:CustomerMasterKeyUsage";
inline constexpr std::string_view multi_region = "kms:MultiRegion";
inline constexpr std::string_view multi_region_key_type = "kms:MultiRegionKeyType";
inline constexpr std::string_view resource_aliases = "kms:ResourceAliases";
// Of the request, with what stands for what was left out.
inline constexpr std::string_view bypass_policy_lockout_safety_check = "kms:BypassPolicyLockoutSafetyCheck";
inline constexpr std::string_view encryption_algorithm = "kms:EncryptionAlgorithm";
inline constexpr std::string_view encryption_context_keys = "kms:EncryptionContextKeys";
inline constexpr std::string_view encryption_context_prefix = "kms:EncryptionContext:";
inline constexpr std::string_view grant_constraint_type = "kms:GrantConstraintType";
inline constexpr std::string_view grant_is_for_aws_resource = "kms:GrantIsForAWSResource";  // "false".
inline constexpr std::string_view grant_operations = "kms:GrantOperations";
inline constexpr std::string_view grantee_principal = "kms:GranteePrincipal";
inline constexpr std::string_view re_encrypt_on_same_key = "kms:ReEncryptOnSameKey";
inline constexpr std::string_view request_alias = "kms:RequestAlias";
inline constexpr std::string_view retiring_principal = "kms:RetiringPrincipal";
inline constexpr std::string_view rotation_period_in_days = "kms:RotationPeriodInDays";
inline constexpr std::string_view pending_window_in_days = "kms:ScheduleKeyDeletionPendingWindowInDays";
}  // namespace condition_key

// Whether a policy may ask for it.
bool is_condition_key(std::string_view name);
// Whether it is one that no request here ever has. In whatever case.
bool is_never_there(std::string_view name);

}  // namespace keyfold::policy
