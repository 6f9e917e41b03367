#pragma once
// The one table of IAM's and STS's operations: what each is called, who decides about what, and what it leaves behind.
// An operation has a row, and a handler (`run<IamOperation::x>`), or it does not build. Facts: AWS's API models and the
// Service Authorization Reference, "Actions, resources, and condition keys" for IAM and STS.

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "keyfold/kms/audit/event.h"
#include "keyfold/kms/policy/known_keys.h"

namespace keyfold::server {

// Which services there are at the endpoint besides KMS: SigV4's names.
enum class QueryService : std::uint8_t { iam, sts };
std::string_view name_of(QueryService service);          // "iam"
std::string_view event_source_of(QueryService service);  // "iam.amazonaws.com"
std::string_view namespace_of(QueryService service);     // Of its XML.
std::string_view api_version_of(QueryService service);   // "2010-05-08"

// In alphabetical order, as the rows are.
enum class IamOperation : std::uint8_t {
  add_user_to_group,
  assume_role,
  attach_group_policy,
  attach_role_policy,
  attach_user_policy,
  create_access_key,
  create_group,
  create_policy,
  create_policy_version,
  create_role,
  create_user,
  delete_access_key,
  delete_group,
  delete_group_policy,
  delete_policy,
  delete_policy_version,
  delete_role,
  delete_role_permissions_boundary,
  delete_role_policy,
  delete_user,
  delete_user_permissions_boundary,
  delete_user_policy,
  detach_group_policy,
  detach_role_policy,
  detach_user_policy,
  get_access_key_last_used,
  get_caller_identity,
  get_group,
  get_group_policy,
  get_policy,
  get_policy_version,
  get_role,
  get_role_policy,
  get_session_token,
  get_user,
  get_user_policy,
  list_access_keys,
  list_attached_group_policies,
  list_attached_role_policies,
  list_attached_user_policies,
  list_entities_for_policy,
  list_group_policies,
  list_groups,
  list_groups_for_user,
  list_policies,
  list_policy_versions,
  list_role_policies,
  list_role_tags,
  list_roles,
  list_user_policies,
  list_user_tags,
  list_users,
  put_group_policy,
  put_role_permissions_boundary,
  put_role_policy,
  put_user_permissions_boundary,
  put_user_policy,
  remove_user_from_group,
  set_default_policy_version,
  tag_role,
  tag_user,
  untag_role,
  untag_user,
  update_access_key,
  update_assume_role_policy,
  update_role,
};
inline constexpr std::size_t iam_operation_count = 66;

// What the operation is about: the statement's Resource.
enum class IamResource : std::uint8_t {
  account,  // "*"
  user,
  user_or_caller,  // The caller himself when no user is named.
  group,
  role,
  policy,  // A managed policy, by its ARN.
  new_user,
  new_group,
  new_role,
  new_policy,
  access_key,      // The user whose it is.
  role_to_assume,  // By its ARN; its trust policy decides as well.
  everybody,       // Needs no permission.
};

enum class Replies : std::uint8_t { nothing, result };

// Condition keys of IAM's that a request has.
inline constexpr std::string_view boundary_key = "iam:PermissionsBoundary";
inline constexpr std::string_view policy_arn_key = "iam:PolicyARN";

// A parameter as a request may have it: "UserName", or of a list "TagKeys.member.1", "Tags.member.1.Key".
struct IamParameter {
  std::string_view name;
  bool is_list = false;
  std::vector<std::string_view> parts;  // Of a list's members, where they are no texts.
  // Whether a request's parameter of this name is this one, or a part of it. Of a list, "<name>" alone says that it is
  // empty; how its members are counted, QueryReader::list knows.
  bool has(std::string_view parameter) const;
};

struct IamRow {
  IamOperation operation;
  std::string_view name;  // "CreateUser"
  QueryService service;
  IamResource resource;
  std::string_view parameter;  // Which names the resource.
  // Every parameter that AWS documents, and so all that a request may have: "Path UserName TagKeys[] Tags[Key,Value]".
  // What is not served of them, the handler refuses.
  std::string_view takes;
  // Which condition keys the request itself has; of "aws:RequestTag/" the prefix. iam:PermissionsBoundary is the
  // entity's own where it is not here.
  std::span<const std::string_view> condition_keys{};
  std::string_view tag_action{};  // Needed too, of the same resource, by a request that has Tags.
  audit::Access access;           // CloudTrail's readOnly.
  Replies replies;                // Whether there is a <…Result>.

  std::string_view action() const;  // "iam:CreateUser"
  bool carries(std::string_view condition_key) const;
  std::vector<IamParameter> parameters() const;  // What `takes` says.
};

const std::array<IamRow, iam_operation_count>& iam_table();
const IamRow* find_iam_operation(QueryService service, std::string_view name);  // Null: there is none.

}  // namespace keyfold::server
