#pragma once
// The names, paths, ids and ARNs of IAM's entities. Forms and lengths: AWS's API model of IAM.

#include <string>
#include <string_view>

#include "keyfold/core/base/named.h"
#include "keyfold/core/base/random.h"

namespace keyfold::identity {

// [\w+=,.@-]+
bool is_entity_name(std::string_view text);
// As in AWS's unique ids: `prefix`, then 17 of A-Z 2-7.
bool is_entity_id(std::string_view prefix, std::string_view text);

struct UserNameTag {
  static constexpr std::string_view what = "a user name (1 to 64 of A-Z a-z 0-9 + = , . @ _ -)";
  static constexpr std::size_t size_max = 64;
  static bool valid(std::string_view text) { return is_entity_name(text); }
};
using UserName = Named<UserNameTag>;
struct GroupNameTag {
  static constexpr std::string_view what = "a group name (1 to 128 of A-Z a-z 0-9 + = , . @ _ -)";
  static constexpr std::size_t size_max = 128;
  static bool valid(std::string_view text) { return is_entity_name(text); }
};
using GroupName = Named<GroupNameTag>;
struct RoleNameTag {
  static constexpr std::string_view what = "a role name (1 to 64 of A-Z a-z 0-9 + = , . @ _ -)";
  static constexpr std::size_t size_max = 64;
  static bool valid(std::string_view text) { return is_entity_name(text); }
};
using RoleName = Named<RoleNameTag>;
struct PolicyNameTag {
  static constexpr std::string_view what = "a policy name (1 to 128 of A-Z a-z 0-9 + = , . @ _ -)";
  static constexpr std::size_t size_max = 128;
  static bool valid(std::string_view text) { return is_entity_name(text); }
};
using PolicyName = Named<PolicyNameTag>;
struct SessionNameTag {
  static constexpr std::string_view what = "a session name (2 to 64 of A-Z a-z 0-9 + = , . @ _ -)";
  static constexpr std::size_t size_max = 64;
  static bool valid(std::string_view text) { return text.size() >= 2 && is_entity_name(text); }
};
using SessionName = Named<SessionNameTag>;

// "/" or "/a/path/".
struct EntityPathTag {
  static constexpr std::string_view what = "a path (\"/\", or text between slashes, at most 512 characters)";
  static constexpr std::size_t size_max = 512;
  static bool valid(std::string_view text);
};
using EntityPath = Named<EntityPathTag>;

// Never used twice, unlike names.
struct UserIdTag {
  static constexpr std::string_view what = "a user id";
  static constexpr std::size_t size_max = 21;
  static bool valid(std::string_view text) { return is_entity_id("AIDA", text); }
};
using UserId = Named<UserIdTag>;
struct GroupIdTag {
  static constexpr std::string_view what = "a group id";
  static constexpr std::size_t size_max = 21;
  static bool valid(std::string_view text) { return is_entity_id("AGPA", text); }
};
using GroupId = Named<GroupIdTag>;
struct RoleIdTag {
  static constexpr std::string_view what = "a role id";
  static constexpr std::size_t size_max = 21;
  static bool valid(std::string_view text) { return is_entity_id("AROA", text); }
};
using RoleId = Named<RoleIdTag>;
struct PolicyIdTag {
  static constexpr std::string_view what = "a policy id";
  static constexpr std::size_t size_max = 21;
  static bool valid(std::string_view text) { return is_entity_id("ANPA", text); }
};
using PolicyId = Named<PolicyIdTag>;

UserId make_user_id(Random& random);
GroupId make_group_id(Random& random);
RoleId make_role_id(Random& random);
PolicyId make_policy_id(Random& random);
AccessKeyId make_access_key_id(Random& random);          // "AKIA…": somebody's for long.
AccessKeyId make_session_access_key_id(Random& random);  // "ASIA…": a session's.
bool is_session_access_key_id(const AccessKeyId& id);

PrincipalArn user_arn(const AccountId& account, const EntityPath& path, const UserName& name);
PrincipalArn user_arn(const AccountId& account, const UserName& name);  // In path "/".
PrincipalArn role_arn(const AccountId& account, const EntityPath& path, const RoleName& name);
PrincipalArn root_arn(const AccountId& account);
PrincipalArn session_arn(const AccountId& account, const RoleName& role, const SessionName& session);
std::string group_arn(const AccountId& account, const EntityPath& path, const GroupName& name);
std::string policy_arn(const AccountId& account, const EntityPath& path, const PolicyName& name);

// What the ARN of an entity names: "arn:aws:iam::123456789012:role/a/path/NAME". Fails with `invalid_input`.
template <class Name>
struct NamedEntity {
  AccountId account;
  EntityPath path;
  Name name;
};
Result<NamedEntity<UserName>> parse_user_arn(std::string_view arn);
Result<NamedEntity<RoleName>> parse_role_arn(std::string_view arn);
Result<NamedEntity<PolicyName>> parse_policy_arn(std::string_view arn);

}  // namespace keyfold::identity
