#include "keyfold/kms/policy/known_keys.h"

#include <algorithm>
#include <array>

#include "keyfold/kms/policy/letter_case.h"

namespace keyfold::policy {
namespace {

using namespace condition_key;

constexpr std::array supplied = {
    caller_account,
    principal_account,
    principal_arn,
    principal_type,
    resource_account,
    username,
    user_id,
    token_issue_time,
    multi_factor_auth_present,
    current_time,
    epoch_time,
    principal_is_aws_service,
    referer,
    requested_region,
    secure_transport,
    source_ip,
    user_agent,
    via_aws_service,
    tag_keys,
    key_origin,
    key_spec,
    customer_master_key_spec,
    key_usage,
    customer_master_key_usage,
    multi_region,
    multi_region_key_type,
    resource_aliases,
    bypass_policy_lockout_safety_check,
    encryption_algorithm,
    encryption_context_keys,
    grant_constraint_type,
    grant_is_for_aws_resource,
    grant_operations,
    grantee_principal,
    re_encrypt_on_same_key,
    request_alias,
    retiring_principal,
    rotation_period_in_days,
    pending_window_in_days,
};

constexpr std::string_view attestation_prefix = "kms:RecipientAttestation:";  // Nobody attests anything here.
// Followed by a name.
constexpr std::array<std::string_view, 6> prefixes = {encryption_context_prefix, principal_tag_prefix,
                                                      request_tag_prefix,        resource_tag_prefix,
                                                      "iam:ResourceTag/",        attestation_prefix};

// Of operations and circumstances that there are none of here.
constexpr std::array<std::string_view, 53> never_there = {
    "kms:DataKeyPairSpec",
    "kms:ExpirationModel",
    "kms:KeyAgreementAlgorithm",
    "kms:MacAlgorithm",
    "kms:MessageType",
    "kms:PrimaryRegion",
    "kms:ReplicaRegion",
    "kms:SigningAlgorithm",
    "kms:ValidTo",
    "kms:ViaService",
    "kms:WrappingAlgorithm",
    "kms:WrappingKeySpec",
    "aws:AssumedRoot",
    "aws:CalledVia",
    "aws:CalledViaFirst",
    "aws:CalledViaLast",
    "aws:ChatbotSourceArn",
    "aws:Ec2InstanceSourcePrivateIPv4",
    "aws:Ec2InstanceSourceVpc",
    "aws:FederatedProvider",
    "aws:MultiFactorAuthAge",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalServiceName",
    "aws:PrincipalServiceNamesList",
    "aws:ResourceOrgID",
    "aws:ResourceOrgPaths",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceIdentity",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
    "aws:SourceVpc",
    "aws:SourceVpcArn",
    "aws:SourceVpce",
    "aws:VpceAccount",
    "aws:VpceOrgID",
    "aws:VpceOrgPaths",
    "aws:VpcSourceIp",
    "iam:AWSServiceName",
    "iam:AssociatedResourceArn",
    "iam:OrganizationsPolicyId",
    "iam:PassedToService",
    "iam:RegisterSecurityKey",
    "iam:FIDO-FIPS-140-2-certification",
    "iam:FIDO-FIPS-140-3-certification",
    "iam:FIDO-certification",
    "sts:AWSServiceName",
    "sts:DurationSeconds",  // Of bearer tokens.
    "sts:RequestContextProviders",
    "sts:SourceIdentity",
    "sts:TaskPolicyArn",
    "sts:TransitiveTagKeys",
};

// Supplied by IAM's and STS's operations.
constexpr std::array<std::string_view, 4> of_identities = {"iam:PermissionsBoundary", "iam:PolicyARN", "sts:ExternalId",
                                                           "sts:RoleSessionName"};

template <class Names>
bool has(const Names& names, std::string_view name) {
  return std::ranges::any_of(names, [&](std::string_view one) { return equal_ignoring_case(one, name); });
}

bool starts(std::string_view name, std::string_view prefix) {
  return name.size() > prefix.size() && equal_ignoring_case(name.substr(0, prefix.size()), prefix);
}

}  // namespace

bool is_condition_key(std::string_view name) {
  const auto colon = name.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == name.size()) return false;
  if (std::ranges::any_of(prefixes, [&](std::string_view prefix) { return starts(name, prefix); })) return true;
  static constexpr std::array<std::string_view, 4> ours = {"kms", "aws", "iam", "sts"};
  if (!has(ours, name.substr(0, colon))) return true;
  return has(supplied, name) || has(of_identities, name) || is_never_there(name);
}

bool is_never_there(std::string_view name) { return has(never_there, name) || starts(name, attestation_prefix); }

}  // namespace keyfold::policy
