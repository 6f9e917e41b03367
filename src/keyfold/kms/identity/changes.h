#pragma once
// What may be done to entities, with IAM's rules and quotas: what there must be, what there must not be any more, how
// many and how large. Each changes `edit` or fails, with AWS's texts:
//   `not_found`                  there is no such entity, policy, version, key;
//   `already_exists`             there is one of this name, in whatever case;
//   `delete_conflict`            something is still attached to it;
//   `limit_exceeded`             a quota of entities.h;
//   `malformed_policy_document`  a policy is none;
//   `invalid_input`              of tags: a key twice, or beginning with "aws:".
// E is User, Group or Role, where these have the same.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "keyfold/kms/identity/edit.h"

namespace keyfold::identity {

template <class E>
struct Kind;
template <>
struct Kind<User> {
  using Name = UserName;
  static constexpr std::string_view word = "user", capital = "User";
  static constexpr std::size_t count_max = users_per_account_max, inline_size_max = user_inline_size_max;
  static std::string arn(const AccountId& account, const EntityPath& path, const Name& name) {
    return std::string(user_arn(account, path, name).text());
  }
};
template <>
struct Kind<Group> {
  using Name = GroupName;
  static constexpr std::string_view word = "group", capital = "Group";
  static constexpr std::size_t count_max = groups_per_account_max, inline_size_max = group_inline_size_max;
  static std::string arn(const AccountId& account, const EntityPath& path, const Name& name) {
    return group_arn(account, path, name);
  }
};
template <>
struct Kind<Role> {
  using Name = RoleName;
  static constexpr std::string_view word = "role", capital = "Role";
  static constexpr std::size_t count_max = roles_per_account_max, inline_size_max = role_inline_size_max;
  static std::string arn(const AccountId& account, const EntityPath& path, const Name& name) {
    return std::string(role_arn(account, path, name).text());
  }
};

// One that there is.
Result<User> need(const Snapshot& snapshot, const AccountId& account, const UserName& name);
Result<Group> need(const Snapshot& snapshot, const AccountId& account, const GroupName& name);
Result<Role> need(const Snapshot& snapshot, const AccountId& account, const RoleName& name);
Result<ManagedPolicy> need_policy(const Snapshot& snapshot, const AccountId& account, std::string_view arn);

Outcome create(Edit& edit, User user);
Outcome create(Edit& edit, Group group);
Outcome create(Edit& edit, Role role);
// Only what nothing is attached to any more.
Outcome remove(Edit& edit, const AccountId& account, const UserName& name);
Outcome remove(Edit& edit, const AccountId& account, const GroupName& name);
Outcome remove(Edit& edit, const AccountId& account, const RoleName& name);

// The user with all that he has.
Outcome remove_whole_user(Edit& edit, const AccountId& account, const UserName& name);

template <class E>
Outcome put_inline_policy(Edit& edit, const AccountId& account, const typename Kind<E>::Name& name,
                          const PolicyName& policy, std::string_view text);
template <class E>
Outcome remove_inline_policy(Edit& edit, const AccountId& account, const typename Kind<E>::Name& name,
                             const PolicyName& policy);
// Attaching what is attached changes nothing.
template <class E>
Outcome attach(Edit& edit, const AccountId& account, const typename Kind<E>::Name& name, std::string_view policy_arn);
template <class E>
Outcome detach(Edit& edit, const AccountId& account, const typename Kind<E>::Name& name, std::string_view policy_arn);
// Users and roles only. None: no boundary any more.
template <class E>
Outcome set_boundary(Edit& edit, const AccountId& account, const typename Kind<E>::Name& name,
                     std::optional<std::string_view> policy_arn);
template <class E>
Outcome add_tags(Edit& edit, const AccountId& account, const typename Kind<E>::Name& name, std::span<const Tag> tags);
template <class E>
Outcome remove_tags(Edit& edit, const AccountId& account, const typename Kind<E>::Name& name,
                    std::span<const std::string_view> keys);
// Of new entities and of sessions. Of AWS's pattern, letters, digits, spaces and _ . : / = + - @, what is not ASCII is
// not told apart: there, only what is no character is refused.
Outcome check_tags(std::span<const Tag> tags);

Outcome add_to_group(Edit& edit, const AccountId& account, const GroupName& group, const UserName& user);
Outcome remove_from_group(Edit& edit, const AccountId& account, const GroupName& group, const UserName& user);

Outcome set_trust_policy(Edit& edit, const AccountId& account, const RoleName& name, std::string_view text);

Outcome create_policy(Edit& edit, ManagedPolicy policy);
Outcome remove_policy(Edit& edit, const AccountId& account, std::string_view arn);
enum class MakeDefault : std::uint8_t { no, yes };
Result<PolicyVersion> add_policy_version(Edit& edit, const AccountId& account, std::string_view arn,
                                         std::string_view text, MakeDefault make_default, Timestamp now);
Outcome set_default_version(Edit& edit, const AccountId& account, std::string_view arn, std::uint32_t number,
                            Timestamp now);
Outcome remove_policy_version(Edit& edit, const AccountId& account, std::string_view arn, std::uint32_t number,
                              Timestamp now);
// How many have it, as a policy or as a boundary.
struct PolicyUse {
  std::size_t attachments = 0, boundaries = 0;
};
PolicyUse use_of(const Snapshot& snapshot, const AccountId& account, std::string_view arn);

// Keys: of the root when `user` is none.
Outcome add_key(Edit& edit, const AccountId& account, const std::optional<UserName>& user, const NewAccessKey& key,
                Timestamp now);
Outcome set_key_status(Edit& edit, const AccountId& account, const AccessKeyId& id, KeyStatus status);
Outcome remove_key(Edit& edit, const AccountId& account, const AccessKeyId& id);
// Fails with `not_found` unless it is this user's, or the root's when `user` is none.
Outcome key_is_of(const Snapshot& snapshot, const AccountId& account, const std::optional<UserName>& user,
                  const AccessKeyId& id);

}  // namespace keyfold::identity
