#pragma once
// What there is in an account: users, groups, roles, managed policies, access keys. Values; the quotas are AWS's
// defaults ("IAM and AWS STS quotas"), enforced where entities are changed (changes.h).

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keyfold/core/base/clock.h"
#include "keyfold/core/base/named.h"
#include "keyfold/kms/identity/names.h"

namespace keyfold::identity {

inline constexpr std::size_t users_per_account_max = 5000;
inline constexpr std::size_t groups_per_account_max = 300;
inline constexpr std::size_t roles_per_account_max = 1000;
inline constexpr std::size_t policies_per_account_max = 1500;
inline constexpr std::size_t groups_per_user_max = 10;
inline constexpr std::size_t access_keys_per_user_max = 2;  // For the root, too.
inline constexpr std::size_t attached_policies_max = 10;    // To one user, group or role.
inline constexpr std::size_t tags_per_entity_max = 50;
inline constexpr std::size_t versions_per_policy_max = 5;
// Characters without white space: of all inline policies together, of one version of a managed policy, of a trust
// policy.
inline constexpr std::size_t user_inline_size_max = 2048;
inline constexpr std::size_t group_inline_size_max = 5120;
inline constexpr std::size_t role_inline_size_max = 10240;
inline constexpr std::size_t managed_policy_size_max = 6144;
inline constexpr std::size_t trust_policy_size_max = 2048;
// What white space may add: so many times as much may be stored of one document, or of all inline policies of one
// entity.
inline constexpr std::size_t raw_policy_factor = 4;
inline constexpr std::size_t description_size_max = 1000;  // Characters.
inline constexpr std::size_t tag_key_size_max = 128;       // Likewise.
inline constexpr std::size_t tag_value_size_max = 256;     // Likewise.
inline constexpr std::int64_t session_seconds_min = 3600;  // Of a role's maximum.
inline constexpr std::int64_t session_seconds_max = 43200;

struct Tag {
  std::string key, value;
  friend bool operator==(const Tag&, const Tag&) = default;
};

// What is given to a user, a group or a role.
struct Policies {
  std::map<std::string, std::string, std::less<>> inlined;  // By name: the text.
  std::vector<std::string> attached;                        // ARNs of managed policies, in the order of attachment.
};

inline const EntityPath& root_path() {
  static const EntityPath path = *EntityPath::parse("/");
  return path;
}

// The inline policy that `keyfold admin` gives, and that users of before inline policies had names have.
inline constexpr std::string_view administered_policy_name = "keyfold-admin";

struct User {
  AccountId account;
  UserName name;
  UserId id;
  Timestamp created;
  EntityPath path = root_path();
  Policies policies{};
  std::optional<std::string> boundary{};  // ARN of a managed policy.
  std::vector<Tag> tags{};                // In the order of their making.
  std::vector<GroupName> groups{};        // Whose member it is; by name.
  PrincipalArn arn() const { return user_arn(account, path, name); }
  // Empty: none.
  std::string_view administered_policy() const {
    const auto found = policies.inlined.find(administered_policy_name);
    return found == policies.inlined.end() ? std::string_view() : std::string_view(found->second);
  }
};

struct Group {
  AccountId account;
  GroupName name;
  GroupId id;
  Timestamp created;
  EntityPath path = root_path();
  Policies policies{};
  std::string arn() const { return group_arn(account, path, name); }
};

struct Role {
  AccountId account;
  RoleName name;
  RoleId id;
  Timestamp created;
  EntityPath path = root_path();
  std::string trust_policy;
  std::string description{};
  std::int64_t session_seconds = session_seconds_min;  // The most that a session may last.
  Policies policies{};
  std::optional<std::string> boundary{};
  std::vector<Tag> tags{};
  PrincipalArn arn() const { return role_arn(account, path, name); }
};

struct PolicyVersion {
  std::uint32_t number = 1;  // "v1"
  Timestamp created;
  std::string text;
};

struct ManagedPolicy {
  AccountId account;
  PolicyName name;
  PolicyId id;
  Timestamp created;
  Timestamp updated;
  EntityPath path = root_path();
  std::string description{};
  std::vector<PolicyVersion> versions{};  // By number; at least one.
  std::uint32_t default_version = 1;
  std::uint32_t next_version = 2;  // No number is used twice.
  std::vector<Tag> tags{};
  std::string arn() const { return policy_arn(account, path, name); }
  const PolicyVersion* version(std::uint32_t number) const {
    for (const auto& version : versions)
      if (version.number == number) return &version;
    return nullptr;
  }
  const std::string& text() const { return version(default_version)->text; }
};

enum class KeyStatus : std::uint8_t { active = 1, inactive = 2 };

struct AccessKey {
  AccessKeyId id;
  AccountId account;
  std::optional<UserName> user;  // None: the root's.
  KeyStatus status = KeyStatus::active;
  Timestamp created;
};

}  // namespace keyfold::identity
