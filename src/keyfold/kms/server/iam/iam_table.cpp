#include "keyfold/kms/server/iam/iam_table.h"

#include <algorithm>

#include "keyfold/core/protocol/query_errors.h"
#include "keyfold/kms/server/rows.h"

namespace keyfold::server {
namespace {

using audit::Access;
using policy::condition_key::request_tag_prefix;

constexpr std::array tag_keys = {request_tag_prefix, policy::condition_key::tag_keys};
constexpr std::array untag_keys = {policy::condition_key::tag_keys};
constexpr std::array create_keys = {request_tag_prefix, policy::condition_key::tag_keys, boundary_key};
constexpr std::array boundary_keys = {boundary_key};
constexpr std::array policy_keys = {policy_arn_key};

// clang-format off
constexpr std::array<IamRow, iam_operation_count> table = {{
  {.operation = IamOperation::add_user_to_group, .name = "AddUserToGroup", .service = QueryService::iam, .resource = IamResource::group, .parameter = "GroupName",
   .takes = "GroupName UserName",
   .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::assume_role, .name = "AssumeRole", .service = QueryService::sts, .resource = IamResource::role_to_assume, .parameter = "RoleArn",
   .takes = "RoleArn RoleSessionName PolicyArns[arn] Policy DurationSeconds Tags[Key,Value] TransitiveTagKeys[] ExternalId SerialNumber TokenCode "
            "SourceIdentity ProvidedContexts[ProviderArn,ContextAssertion] MinimumSessionTokenSize",
   .condition_keys = tag_keys, .tag_action = "sts:TagSession",
   .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::attach_group_policy, .name = "AttachGroupPolicy", .service = QueryService::iam, .resource = IamResource::group, .parameter = "GroupName",
   .takes = "GroupName PolicyArn", .condition_keys = policy_keys,
   .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::attach_role_policy, .name = "AttachRolePolicy", .service = QueryService::iam, .resource = IamResource::role, .parameter = "RoleName",
   .takes = "RoleName PolicyArn", .condition_keys = policy_keys,
   .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::attach_user_policy, .name = "AttachUserPolicy", .service = QueryService::iam, .resource = IamResource::user, .parameter = "UserName",
   .takes = "UserName PolicyArn", .condition_keys = policy_keys,
   .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::create_access_key, .name = "CreateAccessKey", .service = QueryService::iam, .resource = IamResource::user_or_caller, .parameter = "UserName",
   .takes = "UserName",
   .access = Access::write, .replies = Replies::result},
  {.operation = IamOperation::create_group, .name = "CreateGroup", .service = QueryService::iam, .resource = IamResource::new_group, .parameter = "GroupName",
   .takes = "Path GroupName",
   .access = Access::write, .replies = Replies::result},
  {.operation = IamOperation::create_policy, .name = "CreatePolicy", .service = QueryService::iam, .resource = IamResource::new_policy, .parameter = "PolicyName",
   .takes = "PolicyName Path PolicyDocument Description Tags[Key,Value]", .condition_keys = tag_keys, .tag_action = "iam:TagPolicy",
   .access = Access::write, .replies = Replies::result},
  {.operation = IamOperation::create_policy_version, .name = "CreatePolicyVersion", .service = QueryService::iam, .resource = IamResource::policy, .parameter = "PolicyArn",
   .takes = "PolicyArn PolicyDocument SetAsDefault",
   .access = Access::write, .replies = Replies::result},
  {.operation = IamOperation::create_role, .name = "CreateRole", .service = QueryService::iam, .resource = IamResource::new_role, .parameter = "RoleName",
   .takes = "Path RoleName AssumeRolePolicyDocument Description MaxSessionDuration PermissionsBoundary Tags[Key,Value]",
   .condition_keys = create_keys, .tag_action = "iam:TagRole",
   .access = Access::write, .replies = Replies::result},
  {.operation = IamOperation::create_user, .name = "CreateUser", .service = QueryService::iam, .resource = IamResource::new_user, .parameter = "UserName",
   .takes = "Path UserName PermissionsBoundary Tags[Key,Value]", .condition_keys = create_keys, .tag_action = "iam:TagUser",
   .access = Access::write, .replies = Replies::result},
  {.operation = IamOperation::delete_access_key, .name = "DeleteAccessKey", .service = QueryService::iam, .resource = IamResource::user_or_caller, .parameter = "UserName",
   .takes = "UserName AccessKeyId",
   .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::delete_group, .name = "DeleteGroup", .service = QueryService::iam, .resource = IamResource::group, .parameter = "GroupName",
   .takes = "GroupName",
   .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::delete_group_policy, .name = "DeleteGroupPolicy", .service = QueryService::iam, .resource = IamResource::group, .parameter = "GroupName",
   .takes = "GroupName PolicyName",
   .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::delete_policy, .name = "DeletePolicy", .service = QueryService::iam, .resource = IamResource::policy, .parameter = "PolicyArn",
   .takes = "PolicyArn",
   .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::delete_policy_version, .name = "DeletePolicyVersion", .service = QueryService::iam, .resource = IamResource::policy, .parameter = "PolicyArn",
   .takes = "PolicyArn VersionId",
   .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::delete_role, .name = "DeleteRole", .service = QueryService::iam, .resource = IamResource::role, .parameter = "RoleName",
   .takes = "RoleName",
   .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::delete_role_permissions_boundary, .name = "DeleteRolePermissionsBoundary", .service = QueryService::iam, .resource = IamResource::role, .parameter = "RoleName",
   .takes = "RoleName",
   .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::delete_role_policy, .name = "DeleteRolePolicy", .service = QueryService::iam, .resource = IamResource::role, .parameter = "RoleName",
   .takes = "RoleName PolicyName",
   .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::delete_user, .name = "DeleteUser", .service = QueryService::iam, .resource = IamResource::user, .parameter = "UserName",
   .takes = "UserName",
   .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::delete_user_permissions_boundary, .name = "DeleteUserPermissionsBoundary", .service = QueryService::iam, .resource = IamResource::user, .parameter = "UserName",
   .takes = "UserName",
   .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::delete_user_policy, .name = "DeleteUserPolicy", .service = QueryService::iam, .resource = IamResource::user, .parameter = "UserName",
   .takes = "UserName PolicyName",
   .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::detach_group_policy, .name = "DetachGroupPolicy", .service = QueryService::iam, .resource = IamResource::group, .parameter = "GroupName",
   .takes = "GroupName PolicyArn", .condition_keys = policy_keys,
   .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::detach_role_policy, .name = "DetachRolePolicy", .service = QueryService::iam, .resource = IamResource::role, .parameter = "RoleName",
   .takes = "RoleName PolicyArn", .condition_keys = policy_keys,
   .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::detach_user_policy, .name = "DetachUserPolicy", .service = QueryService::iam, .resource = IamResource::user, .parameter = "UserName",
   .takes = "UserName PolicyArn", .condition_keys = policy_keys,
   .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::get_access_key_last_used, .name = "GetAccessKeyLastUsed", .service = QueryService::iam, .resource = IamResource::access_key, .parameter = "AccessKeyId",
   .takes = "AccessKeyId",
   .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::get_caller_identity, .name = "GetCallerIdentity", .service = QueryService::sts, .resource = IamResource::everybody, .parameter = "",
   .takes = "",
   .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::get_group, .name = "GetGroup", .service = QueryService::iam, .resource = IamResource::group, .parameter = "GroupName",
   .takes = "GroupName Marker MaxItems",
   .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::get_group_policy, .name = "GetGroupPolicy", .service = QueryService::iam, .resource = IamResource::group, .parameter = "GroupName",
   .takes = "GroupName PolicyName",
   .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::get_policy, .name = "GetPolicy", .service = QueryService::iam, .resource = IamResource::policy, .parameter = "PolicyArn",
   .takes = "PolicyArn",
   .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::get_policy_version, .name = "GetPolicyVersion", .service = QueryService::iam, .resource = IamResource::policy, .parameter = "PolicyArn",
   .takes = "PolicyArn VersionId",
   .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::get_role, .name = "GetRole", .service = QueryService::iam, .resource = IamResource::role, .parameter = "RoleName",
   .takes = "RoleName",
   .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::get_role_policy, .name = "GetRolePolicy", .service = QueryService::iam, .resource = IamResource::role, .parameter = "RoleName",
   .takes = "RoleName PolicyName",
   .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::get_session_token, .name = "GetSessionToken", .service = QueryService::sts, .resource = IamResource::everybody, .parameter = "",
   .takes = "DurationSeconds SerialNumber TokenCode MinimumSessionTokenSize",
   .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::get_user, .name = "GetUser", .service = QueryService::iam, .resource = IamResource::user_or_caller, .parameter = "UserName",
   .takes = "UserName",
   .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::get_user_policy, .name = "GetUserPolicy", .service = QueryService::iam, .resource = IamResource::user, .parameter = "UserName",
   .takes = "UserName PolicyName",
   .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::list_access_keys, .name = "ListAccessKeys", .service = QueryService::iam, .resource = IamResource::user_or_caller, .parameter = "UserName",
   .takes = "UserName Marker MaxItems",
   .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::list_attached_group_policies, .name = "ListAttachedGroupPolicies", .service = QueryService::iam, .resource = IamResource::group, .parameter = "GroupName",
   .takes = "GroupName PathPrefix Marker MaxItems",
   .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::list_attached_role_policies, .name = "ListAttachedRolePolicies", .service = QueryService::iam, .resource = IamResource::role, .parameter = "RoleName",
   .takes = "RoleName PathPrefix Marker MaxItems",
   .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::list_attached_user_policies, .name = "ListAttachedUserPolicies", .service = QueryService::iam, .resource = IamResource::user, .parameter = "UserName",
   .takes = "UserName PathPrefix Marker MaxItems",
   .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::list_entities_for_policy, .name = "ListEntitiesForPolicy", .service = QueryService::iam, .resource = IamResource::policy, .parameter = "PolicyArn",
   .takes = "PolicyArn EntityFilter PathPrefix PolicyUsageFilter Marker MaxItems",
   .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::list_group_policies, .name = "ListGroupPolicies", .service = QueryService::iam, .resource = IamResource::group, .parameter = "GroupName",
   .takes = "GroupName Marker MaxItems",
   .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::list_groups, .name = "ListGroups", .service = QueryService::iam, .resource = IamResource::account, .parameter = "",
   .takes = "PathPrefix Marker MaxItems",
   .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::list_groups_for_user, .name = "ListGroupsForUser", .service = QueryService::iam, .resource = IamResource::user, .parameter = "UserName",
   .takes = "UserName Marker MaxItems",
   .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::list_policies, .name = "ListPolicies", .service = QueryService::iam, .resource = IamResource::account, .parameter = "",
   .takes = "Scope OnlyAttached PathPrefix PolicyUsageFilter Marker MaxItems",
   .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::list_policy_versions, .name = "ListPolicyVersions", .service = QueryService::iam, .resource = IamResource::policy, .parameter = "PolicyArn",
   .takes = "PolicyArn Marker MaxItems",
   .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::list_role_policies, .name = "ListRolePolicies", .service = QueryService::iam, .resource = IamResource::role, .parameter = "RoleName",
   .takes = "RoleName Marker MaxItems",
   .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::list_role_tags, .name = "ListRoleTags", .service = QueryService::iam, .resource = IamResource::role, .parameter = "RoleName",
   .takes = "RoleName Marker MaxItems",
   .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::list_roles, .name = "ListRoles", .service = QueryService::iam, .resource = IamResource::account, .parameter = "",
   .takes = "PathPrefix Marker MaxItems",
   .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::list_user_policies, .name = "ListUserPolicies", .service = QueryService::iam, .resource = IamResource::user, .parameter = "UserName",
   .takes = "UserName Marker MaxItems",
   .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::list_user_tags, .name = "ListUserTags", .service = QueryService::iam, .resource = IamResource::user, .parameter = "UserName",
   .takes = "UserName Marker MaxItems",
   .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::list_users, .name = "ListUsers", .service = QueryService::iam, .resource = IamResource::account, .parameter = "",
   .takes = "PathPrefix Marker MaxItems",
   .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::put_group_policy, .name = "PutGroupPolicy", .service = QueryService::iam, .resource = IamResource::group, .parameter = "GroupName",
   .takes = "GroupName PolicyName PolicyDocument",
   .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::put_role_permissions_boundary, .name = "PutRolePermissionsBoundary", .service = QueryService::iam, .resource = IamResource::role, .parameter = "RoleName",
   .takes = "RoleName PermissionsBoundary", .condition_keys = boundary_keys,
   .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::put_role_policy, .name = "PutRolePolicy", .service = QueryService::iam, .resource = IamResource::role, .parameter = "RoleName",
   .takes = "RoleName PolicyName PolicyDocument",
   .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::put_user_permissions_boundary, .name = "PutUserPermissionsBoundary", .service = QueryService::iam, .resource = IamResource::user, .parameter = "UserName",
   .takes = "UserName PermissionsBoundary", .condition_keys = boundary_keys,
   .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::put_user_policy, .name = "PutUserPolicy", .service = QueryService::iam, .resource = IamResource::user, .parameter = "UserName",
   .takes = "UserName PolicyName PolicyDocument",
   .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::remove_user_from_group, .name = "RemoveUserFromGroup", .service = QueryService::iam, .resource = IamResource::group, .parameter = "GroupName",
   .takes = "GroupName UserName",
   .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::set_default_policy_version, .name = "SetDefaultPolicyVersion", .service = QueryService::iam, .resource = IamResource::policy, .parameter = "PolicyArn",
   .takes = "PolicyArn VersionId",
   .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::tag_role, .name = "TagRole", .service = QueryService::iam, .resource = IamResource::role, .parameter = "RoleName",
   .takes = "RoleName Tags[Key,Value]", .condition_keys = tag_keys,
   .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::tag_user, .name = "TagUser", .service = QueryService::iam, .resource = IamResource::user, .parameter = "UserName",
   .takes = "UserName Tags[Key,Value]", .condition_keys = tag_keys,
   .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::untag_role, .name = "UntagRole", .service = QueryService::iam, .resource = IamResource::role, .parameter = "RoleName",
   .takes = "RoleName TagKeys[]", .condition_keys = untag_keys,
   .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::untag_user, .name = "UntagUser", .service = QueryService::iam, .resource = IamResource::user, .parameter = "UserName",
   .takes = "UserName TagKeys[]", .condition_keys = untag_keys,
   .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::update_access_key, .name = "UpdateAccessKey", .service = QueryService::iam, .resource = IamResource::user_or_caller, .parameter = "UserName",
   .takes = "UserName AccessKeyId Status",
   .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::update_assume_role_policy, .name = "UpdateAssumeRolePolicy", .service = QueryService::iam, .resource = IamResource::role, .parameter = "RoleName",
   .takes = "RoleName PolicyDocument",
   .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::update_role, .name = "UpdateRole", .service = QueryService::iam, .resource = IamResource::role, .parameter = "RoleName",
   .takes = "RoleName Description MaxSessionDuration",
   .access = Access::write, .replies = Replies::result},
}};
// clang-format on

static_assert(in_order(table), "one row for each operation, in its order");

}  // namespace

std::string_view name_of(QueryService service) { return service == QueryService::iam ? "iam" : "sts"; }
std::string_view event_source_of(QueryService service) {
  return service == QueryService::iam ? "iam.amazonaws.com" : "sts.amazonaws.com";
}
std::string_view namespace_of(QueryService service) {
  return service == QueryService::iam ? protocol::iam_namespace : protocol::sts_namespace;
}
std::string_view api_version_of(QueryService service) {
  return service == QueryService::iam ? "2010-05-08" : "2011-06-15";
}

const std::array<IamRow, iam_operation_count>& iam_table() { return table; }

std::string_view IamRow::action() const {
  static const auto actions = [] {
    std::array<std::string, iam_operation_count> made;
    for (const auto& row : table)
      made[static_cast<std::size_t>(row.operation)].append(name_of(row.service)).append(":").append(row.name);
    return made;
  }();
  return actions[static_cast<std::size_t>(operation)];
}

bool IamRow::carries(std::string_view condition_key) const {
  return std::ranges::find(condition_keys, condition_key) != condition_keys.end();
}

std::vector<IamParameter> IamRow::parameters() const {
  std::vector<IamParameter> all;
  for (std::string_view rest = takes; !rest.empty();) {
    const std::string_view one = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    const auto bracket = one.find('[');
    IamParameter made{.name = one.substr(0, bracket), .is_list = bracket != std::string_view::npos, .parts = {}};
    if (made.is_list) {
      std::string_view parts = one.substr(bracket + 1, one.size() - bracket - 2);
      while (!parts.empty()) {
        made.parts.push_back(parts.substr(0, parts.find(',')));
        parts.remove_prefix(std::min(parts.size(), made.parts.back().size() + 1));
      }
    }
    all.push_back(std::move(made));
  }
  return all;
}

bool IamParameter::has(std::string_view parameter) const {
  if (parameter == name) return true;
  constexpr std::string_view infix = ".member.";
  if (!is_list || !parameter.starts_with(name) || !parameter.substr(name.size()).starts_with(infix)) return false;
  const std::string_view member = parameter.substr(name.size() + infix.size());
  const auto dot = member.find('.');
  if (parts.empty()) return dot == std::string_view::npos;
  return dot != std::string_view::npos && std::ranges::find(parts, member.substr(dot + 1)) != parts.end();
}

const IamRow* find_iam_operation(QueryService service, std::string_view name) {
  const IamRow* row = find_by_name(table, name);
  return row != nullptr && row->service == service ? row : nullptr;
}

}  // namespace keyfold::server
