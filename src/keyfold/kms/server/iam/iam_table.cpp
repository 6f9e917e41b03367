#include "keyfold/kms/server/iam/iam_table.h"

#include <algorithm>

#include "keyfold/core/protocol/query_errors.h"

namespace keyfold::server {
namespace {

using audit::Access;

// clang-format off
constexpr std::array<IamRow, iam_operation_count> table = {{
  {.operation = IamOperation::add_user_to_group, .name = "AddUserToGroup", .action = "iam:AddUserToGroup", .service = QueryService::iam,
   .resource = IamResource::group, .parameter = "GroupName", .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::assume_role, .name = "AssumeRole", .action = "sts:AssumeRole", .service = QueryService::sts,
   .resource = IamResource::role_to_assume, .parameter = "RoleArn", .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::attach_group_policy, .name = "AttachGroupPolicy", .action = "iam:AttachGroupPolicy", .service = QueryService::iam,
   .resource = IamResource::group, .parameter = "GroupName", .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::attach_role_policy, .name = "AttachRolePolicy", .action = "iam:AttachRolePolicy", .service = QueryService::iam,
   .resource = IamResource::role, .parameter = "RoleName", .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::attach_user_policy, .name = "AttachUserPolicy", .action = "iam:AttachUserPolicy", .service = QueryService::iam,
   .resource = IamResource::user, .parameter = "UserName", .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::create_access_key, .name = "CreateAccessKey", .action = "iam:CreateAccessKey", .service = QueryService::iam,
   .resource = IamResource::user_or_caller, .parameter = "UserName", .access = Access::write, .replies = Replies::result},
  {.operation = IamOperation::create_group, .name = "CreateGroup", .action = "iam:CreateGroup", .service = QueryService::iam,
   .resource = IamResource::new_group, .parameter = "GroupName", .access = Access::write, .replies = Replies::result},
  {.operation = IamOperation::create_policy, .name = "CreatePolicy", .action = "iam:CreatePolicy", .service = QueryService::iam,
   .resource = IamResource::new_policy, .parameter = "PolicyName", .access = Access::write, .replies = Replies::result},
  {.operation = IamOperation::create_policy_version, .name = "CreatePolicyVersion", .action = "iam:CreatePolicyVersion", .service = QueryService::iam,
   .resource = IamResource::policy, .parameter = "PolicyArn", .access = Access::write, .replies = Replies::result},
  {.operation = IamOperation::create_role, .name = "CreateRole", .action = "iam:CreateRole", .service = QueryService::iam,
   .resource = IamResource::new_role, .parameter = "RoleName", .access = Access::write, .replies = Replies::result},
  {.operation = IamOperation::create_user, .name = "CreateUser", .action = "iam:CreateUser", .service = QueryService::iam,
   .resource = IamResource::new_user, .parameter = "UserName", .access = Access::write, .replies = Replies::result},
  {.operation = IamOperation::delete_access_key, .name = "DeleteAccessKey", .action = "iam:DeleteAccessKey", .service = QueryService::iam,
   .resource = IamResource::user_or_caller, .parameter = "UserName", .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::delete_group, .name = "DeleteGroup", .action = "iam:DeleteGroup", .service = QueryService::iam,
   .resource = IamResource::group, .parameter = "GroupName", .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::delete_group_policy, .name = "DeleteGroupPolicy", .action = "iam:DeleteGroupPolicy", .service = QueryService::iam,
   .resource = IamResource::group, .parameter = "GroupName", .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::delete_policy, .name = "DeletePolicy", .action = "iam:DeletePolicy", .service = QueryService::iam,
   .resource = IamResource::policy, .parameter = "PolicyArn", .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::delete_policy_version, .name = "DeletePolicyVersion", .action = "iam:DeletePolicyVersion", .service = QueryService::iam,
   .resource = IamResource::policy, .parameter = "PolicyArn", .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::delete_role, .name = "DeleteRole", .action = "iam:DeleteRole", .service = QueryService::iam,
   .resource = IamResource::role, .parameter = "RoleName", .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::delete_role_permissions_boundary, .name = "DeleteRolePermissionsBoundary", .action = "iam:DeleteRolePermissionsBoundary", .service = QueryService::iam,
   .resource = IamResource::role, .parameter = "RoleName", .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::delete_role_policy, .name = "DeleteRolePolicy", .action = "iam:DeleteRolePolicy", .service = QueryService::iam,
   .resource = IamResource::role, .parameter = "RoleName", .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::delete_user, .name = "DeleteUser", .action = "iam:DeleteUser", .service = QueryService::iam,
   .resource = IamResource::user, .parameter = "UserName", .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::delete_user_permissions_boundary, .name = "DeleteUserPermissionsBoundary", .action = "iam:DeleteUserPermissionsBoundary", .service = QueryService::iam,
   .resource = IamResource::user, .parameter = "UserName", .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::delete_user_policy, .name = "DeleteUserPolicy", .action = "iam:DeleteUserPolicy", .service = QueryService::iam,
   .resource = IamResource::user, .parameter = "UserName", .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::detach_group_policy, .name = "DetachGroupPolicy", .action = "iam:DetachGroupPolicy", .service = QueryService::iam,
   .resource = IamResource::group, .parameter = "GroupName", .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::detach_role_policy, .name = "DetachRolePolicy", .action = "iam:DetachRolePolicy", .service = QueryService::iam,
   .resource = IamResource::role, .parameter = "RoleName", .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::detach_user_policy, .name = "DetachUserPolicy", .action = "iam:DetachUserPolicy", .service = QueryService::iam,
   .resource = IamResource::user, .parameter = "UserName", .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::get_access_key_last_used, .name = "GetAccessKeyLastUsed", .action = "iam:GetAccessKeyLastUsed", .service = QueryService::iam,
   .resource = IamResource::access_key, .parameter = "AccessKeyId", .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::get_caller_identity, .name = "GetCallerIdentity", .action = "sts:GetCallerIdentity", .service = QueryService::sts,
   .resource = IamResource::everybody, .parameter = "", .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::get_group, .name = "GetGroup", .action = "iam:GetGroup", .service = QueryService::iam,
   .resource = IamResource::group, .parameter = "GroupName", .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::get_group_policy, .name = "GetGroupPolicy", .action = "iam:GetGroupPolicy", .service = QueryService::iam,
   .resource = IamResource::group, .parameter = "GroupName", .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::get_policy, .name = "GetPolicy", .action = "iam:GetPolicy", .service = QueryService::iam,
   .resource = IamResource::policy, .parameter = "PolicyArn", .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::get_policy_version, .name = "GetPolicyVersion", .action = "iam:GetPolicyVersion", .service = QueryService::iam,
   .resource = IamResource::policy, .parameter = "PolicyArn", .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::get_role, .name = "GetRole", .action = "iam:GetRole", .service = QueryService::iam,
   .resource = IamResource::role, .parameter = "RoleName", .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::get_role_policy, .name = "GetRolePolicy", .action = "iam:GetRolePolicy", .service = QueryService::iam,
   .resource = IamResource::role, .parameter = "RoleName", .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::get_session_token, .name = "GetSessionToken", .action = "sts:GetSessionToken", .service = QueryService::sts,
   .resource = IamResource::everybody, .parameter = "", .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::get_user, .name = "GetUser", .action = "iam:GetUser", .service = QueryService::iam,
   .resource = IamResource::user_or_caller, .parameter = "UserName", .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::get_user_policy, .name = "GetUserPolicy", .action = "iam:GetUserPolicy", .service = QueryService::iam,
   .resource = IamResource::user, .parameter = "UserName", .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::list_access_keys, .name = "ListAccessKeys", .action = "iam:ListAccessKeys", .service = QueryService::iam,
   .resource = IamResource::user_or_caller, .parameter = "UserName", .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::list_attached_group_policies, .name = "ListAttachedGroupPolicies", .action = "iam:ListAttachedGroupPolicies", .service = QueryService::iam,
   .resource = IamResource::group, .parameter = "GroupName", .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::list_attached_role_policies, .name = "ListAttachedRolePolicies", .action = "iam:ListAttachedRolePolicies", .service = QueryService::iam,
   .resource = IamResource::role, .parameter = "RoleName", .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::list_attached_user_policies, .name = "ListAttachedUserPolicies", .action = "iam:ListAttachedUserPolicies", .service = QueryService::iam,
   .resource = IamResource::user, .parameter = "UserName", .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::list_entities_for_policy, .name = "ListEntitiesForPolicy", .action = "iam:ListEntitiesForPolicy", .service = QueryService::iam,
   .resource = IamResource::policy, .parameter = "PolicyArn", .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::list_group_policies, .name = "ListGroupPolicies", .action = "iam:ListGroupPolicies", .service = QueryService::iam,
   .resource = IamResource::group, .parameter = "GroupName", .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::list_groups, .name = "ListGroups", .action = "iam:ListGroups", .service = QueryService::iam,
   .resource = IamResource::account, .parameter = "", .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::list_groups_for_user, .name = "ListGroupsForUser", .action = "iam:ListGroupsForUser", .service = QueryService::iam,
   .resource = IamResource::user, .parameter = "UserName", .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::list_policies, .name = "ListPolicies", .action = "iam:ListPolicies", .service = QueryService::iam,
   .resource = IamResource::account, .parameter = "", .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::list_policy_versions, .name = "ListPolicyVersions", .action = "iam:ListPolicyVersions", .service = QueryService::iam,
   .resource = IamResource::policy, .parameter = "PolicyArn", .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::list_role_policies, .name = "ListRolePolicies", .action = "iam:ListRolePolicies", .service = QueryService::iam,
   .resource = IamResource::role, .parameter = "RoleName", .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::list_role_tags, .name = "ListRoleTags", .action = "iam:ListRoleTags", .service = QueryService::iam,
   .resource = IamResource::role, .parameter = "RoleName", .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::list_roles, .name = "ListRoles", .action = "iam:ListRoles", .service = QueryService::iam,
   .resource = IamResource::account, .parameter = "", .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::list_user_policies, .name = "ListUserPolicies", .action = "iam:ListUserPolicies", .service = QueryService::iam,
   .resource = IamResource::user, .parameter = "UserName", .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::list_user_tags, .name = "ListUserTags", .action = "iam:ListUserTags", .service = QueryService::iam,
   .resource = IamResource::user, .parameter = "UserName", .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::list_users, .name = "ListUsers", .action = "iam:ListUsers", .service = QueryService::iam,
   .resource = IamResource::account, .parameter = "", .access = Access::read_only, .replies = Replies::result},
  {.operation = IamOperation::put_group_policy, .name = "PutGroupPolicy", .action = "iam:PutGroupPolicy", .service = QueryService::iam,
   .resource = IamResource::group, .parameter = "GroupName", .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::put_role_permissions_boundary, .name = "PutRolePermissionsBoundary", .action = "iam:PutRolePermissionsBoundary", .service = QueryService::iam,
   .resource = IamResource::role, .parameter = "RoleName", .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::put_role_policy, .name = "PutRolePolicy", .action = "iam:PutRolePolicy", .service = QueryService::iam,
   .resource = IamResource::role, .parameter = "RoleName", .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::put_user_permissions_boundary, .name = "PutUserPermissionsBoundary", .action = "iam:PutUserPermissionsBoundary", .service = QueryService::iam,
   .resource = IamResource::user, .parameter = "UserName", .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::put_user_policy, .name = "PutUserPolicy", .action = "iam:PutUserPolicy", .service = QueryService::iam,
   .resource = IamResource::user, .parameter = "UserName", .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::remove_user_from_group, .name = "RemoveUserFromGroup", .action = "iam:RemoveUserFromGroup", .service = QueryService::iam,
   .resource = IamResource::group, .parameter = "GroupName", .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::set_default_policy_version, .name = "SetDefaultPolicyVersion", .action = "iam:SetDefaultPolicyVersion", .service = QueryService::iam,
   .resource = IamResource::policy, .parameter = "PolicyArn", .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::tag_role, .name = "TagRole", .action = "iam:TagRole", .service = QueryService::iam,
   .resource = IamResource::role, .parameter = "RoleName", .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::tag_user, .name = "TagUser", .action = "iam:TagUser", .service = QueryService::iam,
   .resource = IamResource::user, .parameter = "UserName", .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::untag_role, .name = "UntagRole", .action = "iam:UntagRole", .service = QueryService::iam,
   .resource = IamResource::role, .parameter = "RoleName", .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::untag_user, .name = "UntagUser", .action = "iam:UntagUser", .service = QueryService::iam,
   .resource = IamResource::user, .parameter = "UserName", .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::update_access_key, .name = "UpdateAccessKey", .action = "iam:UpdateAccessKey", .service = QueryService::iam,
   .resource = IamResource::user_or_caller, .parameter = "UserName", .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::update_assume_role_policy, .name = "UpdateAssumeRolePolicy", .action = "iam:UpdateAssumeRolePolicy", .service = QueryService::iam,
   .resource = IamResource::role, .parameter = "RoleName", .access = Access::write, .replies = Replies::nothing},
  {.operation = IamOperation::update_role, .name = "UpdateRole", .action = "iam:UpdateRole", .service = QueryService::iam,
   .resource = IamResource::role, .parameter = "RoleName", .access = Access::write, .replies = Replies::result},
}};
// clang-format on

constexpr bool in_order() {
  for (std::size_t i = 0; i < table.size(); ++i)
    if (static_cast<std::size_t>(table[i].operation) != i || (i > 0 && table[i - 1].name >= table[i].name))
      return false;
  return true;
}
static_assert(in_order(), "one row for each operation, in its order");

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

const IamRow* find_iam_operation(QueryService service, std::string_view name) {
  const auto* row = std::ranges::lower_bound(table, name, {}, &IamRow::name);
  return row != table.end() && row->name == name && row->service == service ? row : nullptr;
}

}  // namespace keyfold::server
