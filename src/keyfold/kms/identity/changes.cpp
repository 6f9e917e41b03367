#include "keyfold/kms/identity/changes.h"

#include <algorithm>
#include <set>

#include "keyfold/core/base/try.h"
#include "keyfold/core/base/utf8.h"

namespace keyfold::identity {
namespace {

template <class E>
Error missing(std::string_view name) {
  std::string text = "The ";
  return {ErrorCode::not_found,
          text.append(Kind<E>::word).append(" with name ").append(name).append(" cannot be found.")};
}

Error quota(std::string_view of, std::size_t limit) {
  std::string text = "Cannot exceed quota for ";
  return {ErrorCode::limit_exceeded, text.append(of).append(": ").append(std::to_string(limit))};
}

Error still_has(std::string_view what) {
  return {ErrorCode::delete_conflict, "Cannot delete entity, must " + std::string(what) + " first."};
}

// Two sizes: as AWS counts it, without white space, and as it is stored.
struct PolicySize {
  std::size_t counted = 0, raw = 0;
  void add(std::string_view text) {
    raw += text.size();
    counted += text.size() - static_cast<std::size_t>(std::ranges::count_if(
                                 text, [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }));
  }
  bool is_within(std::size_t limit) const { return counted <= limit && raw <= raw_policy_factor * limit; }
};

bool is_within(std::string_view policy, std::size_t limit) {
  PolicySize size;
  size.add(policy);
  return size.is_within(limit);
}

bool is_tag_text(std::string_view text) {
  return all_utf8_characters(text, [](char32_t c) {
    if (c >= 0x80) return c >= 0xA0 && (c & 0xFFFE) != 0xFFFE;
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(" _.:/=+-@").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

Outcome check_tag(const Tag& tag) {
  const auto refused = [](std::string_view constraint) {
    return Error{ErrorCode::validation, "1 validation error detected: Value at 'tags' failed to satisfy constraint: " +
                                            std::string(constraint)};
  };
  if (tag.key.empty() || utf8_characters(tag.key) > tag_key_size_max || utf8_characters(tag.value) > tag_value_size_max)
    return refused("Member must have length less than or equal to 128 (key) and 256 (value), and a key at least 1");
  if (!is_tag_text(tag.key) || !is_tag_text(tag.value))
    return refused("Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*");
  return ok();
}

// A name in use, in whatever case, keeps others out.
template <class E, class Name, class Entry>
Outcome check_new(const ByName<Name, Entry>& entries, const AccountId& account, const Name& name) {
  std::size_t count = 0;
  for (const auto& [key, entry] : entries) {
    if (key.first != account) continue;
    ++count;
    if (policy::equal_ignoring_case(key.second.text(), name.text()))
      return Error{ErrorCode::already_exists,
                   std::string(Kind<E>::capital) + " with name " + std::string(name.text()) + " already exists."};
  }
  if (count >= Kind<E>::count_max) return quota(std::string(Kind<E>::capital) + "sPerAccount", Kind<E>::count_max);
  return ok();
}

template <class E>
Outcome check_inline_size(const E& entity) {
  PolicySize size;
  for (const auto& [name, text] : entity.policies.inlined) size.add(text);
  if (size.is_within(Kind<E>::inline_size_max)) return ok();
  std::string text = "Maximum policy size of " + std::to_string(Kind<E>::inline_size_max) + " bytes exceeded for ";
  return Error{ErrorCode::limit_exceeded, text.append(Kind<E>::word).append(" ").append(entity.name.text())};
}

Error no_such_policy(std::string_view arn) {
  return {ErrorCode::not_found, "Policy " + std::string(arn) + " was not found."};
}

Outcome attachable(const Snapshot& snapshot, const AccountId& account, std::string_view arn) {
  const auto* policy = snapshot.find_policy(arn);
  if (policy != nullptr && policy->policy.account == account) return ok();
  return Error{ErrorCode::not_found, "Policy " + std::string(arn) + " does not exist or is not attachable."};
}

Outcome check_trust_size(std::string_view text) {
  return is_within(text, trust_policy_size_max) ? ok() : Outcome(quota("ACLSizePerRole", trust_policy_size_max));
}

Outcome check_policies_gone(const Policies& policies) {
  if (!policies.attached.empty()) return still_has("detach all policies");
  if (!policies.inlined.empty()) return still_has("delete policies");
  return ok();
}

Error no_such_key(std::string_view id) {
  return {ErrorCode::not_found, "The Access Key with id " + std::string(id) + " cannot be found."};
}

template <class E>
Result<E> need_in(const Snapshot& snapshot, const AccountId& account, const typename Kind<E>::Name& name) {
  const auto* entry = snapshot.find(account, name);
  if (entry == nullptr) return missing<E>(name.text());
  return entity_of(*entry);
}

}  // namespace

Result<User> need(const Snapshot& snapshot, const AccountId& account, const UserName& name) {
  return need_in<User>(snapshot, account, name);
}
Result<Group> need(const Snapshot& snapshot, const AccountId& account, const GroupName& name) {
  return need_in<Group>(snapshot, account, name);
}
Result<Role> need(const Snapshot& snapshot, const AccountId& account, const RoleName& name) {
  return need_in<Role>(snapshot, account, name);
}
Result<ManagedPolicy> need_policy(const Snapshot& snapshot, const AccountId& account, std::string_view arn) {
  const auto* entry = snapshot.find_policy(arn);
  if (entry == nullptr || entry->policy.account != account) return no_such_policy(arn);
  return entry->policy;
}

Outcome check_tags(std::span<const Tag> tags) {
  std::vector<std::string_view> keys;
  for (const auto& tag : tags) {
    TRY(check_tag(tag));
    if (policy::equal_ignoring_case(tag.key.substr(0, 4), "aws:"))
      return Error{ErrorCode::invalid_input, "Tag keys beginning with \"aws:\" are reserved."};
    for (const auto key : keys)
      if (policy::equal_ignoring_case(key, tag.key))
        return Error{ErrorCode::invalid_input,
                     "Duplicate tag keys found. Please note that Tag keys are case insensitive."};
    keys.push_back(tag.key);
  }
  return tags.size() <= tags_per_entity_max ? ok() : Outcome(quota("TagsPerEntity", tags_per_entity_max));
}

Outcome create(Edit& edit, User user) {
  TRY(check_new<User>(edit.snapshot().users, user.account, user.name));
  TRY(check_tags(user.tags));
  if (user.boundary) TRY(attachable(edit.snapshot(), user.account, *user.boundary));
  return edit.put(std::move(user));
}

Outcome create(Edit& edit, Group group) {
  TRY(check_new<Group>(edit.snapshot().groups, group.account, group.name));
  return edit.put(std::move(group));
}

Outcome create(Edit& edit, Role role) {
  TRY(check_new<Role>(edit.snapshot().roles, role.account, role.name));
  TRY(check_tags(role.tags));
  TRY(check_trust_size(role.trust_policy));
  if (role.boundary) TRY(attachable(edit.snapshot(), role.account, *role.boundary));
  return edit.put(std::move(role));
}

Outcome remove(Edit& edit, const AccountId& account, const UserName& name) {
  TRY_ASSIGN(const auto user, need(edit.snapshot(), account, name));
  if (!user.groups.empty()) return still_has("remove users from group");
  if (!edit.snapshot().keys_of(account, name).empty()) return still_has("delete access keys");
  TRY(check_policies_gone(user.policies));
  edit.remove(user);
  return ok();
}

Outcome remove(Edit& edit, const AccountId& account, const GroupName& name) {
  TRY_ASSIGN(const auto group, need(edit.snapshot(), account, name));
  bool has_members = false;
  Snapshot::each_in(edit.snapshot().users, account, [&](const UserEntry& entry) {
    has_members = has_members || std::ranges::find(entry.user.groups, name) != entry.user.groups.end();
  });
  if (has_members) return still_has("remove users from group");
  TRY(check_policies_gone(group.policies));
  edit.remove(group);
  return ok();
}

Outcome remove(Edit& edit, const AccountId& account, const RoleName& name) {
  TRY_ASSIGN(const auto role, need(edit.snapshot(), account, name));
  TRY(check_policies_gone(role.policies));
  edit.remove(role);
  return ok();
}

Outcome remove_whole_user(Edit& edit, const AccountId& account, const UserName& name) {
  TRY_ASSIGN(const auto user, need(edit.snapshot(), account, name));
  for (const auto* key : edit.snapshot().keys_of(account, name)) edit.remove_key(AccessKeyId(key->key.id));
  edit.remove(user);
  return ok();
}

template <class E>
Outcome put_inline_policy(Edit& edit, const AccountId& account, const typename Kind<E>::Name& name,
                          const PolicyName& policy, std::string_view text) {
  TRY_ASSIGN(auto entity, need(edit.snapshot(), account, name));
  entity.policies.inlined.insert_or_assign(std::string(policy.text()), std::string(text));
  TRY(check_inline_size(entity));
  return edit.put(std::move(entity));
}

template <class E>
Outcome remove_inline_policy(Edit& edit, const AccountId& account, const typename Kind<E>::Name& name,
                             const PolicyName& policy) {
  TRY_ASSIGN(auto entity, need(edit.snapshot(), account, name));
  const auto found = entity.policies.inlined.find(policy.text());
  if (found == entity.policies.inlined.end()) {
    std::string text = "The ";
    return Error{
        ErrorCode::not_found,
        text.append(Kind<E>::word).append(" policy with name ").append(policy.text()).append(" cannot be found.")};
  }
  entity.policies.inlined.erase(found);
  return edit.put(std::move(entity));
}

template <class E>
Outcome attach(Edit& edit, const AccountId& account, const typename Kind<E>::Name& name, std::string_view arn) {
  TRY_ASSIGN(auto entity, need(edit.snapshot(), account, name));
  TRY(attachable(edit.snapshot(), account, arn));
  auto& attached = entity.policies.attached;
  if (std::ranges::find(attached, arn) != attached.end()) return ok();
  if (attached.size() >= attached_policies_max)
    return quota("PoliciesPer" + std::string(Kind<E>::capital), attached_policies_max);
  attached.emplace_back(arn);
  return edit.put(std::move(entity));
}

template <class E>
Outcome detach(Edit& edit, const AccountId& account, const typename Kind<E>::Name& name, std::string_view arn) {
  TRY_ASSIGN(auto entity, need(edit.snapshot(), account, name));
  if (std::erase(entity.policies.attached, arn) == 0) return no_such_policy(arn);
  return edit.put(std::move(entity));
}

template <class E>
Outcome set_boundary(Edit& edit, const AccountId& account, const typename Kind<E>::Name& name,
                     std::optional<std::string_view> arn) {
  TRY_ASSIGN(auto entity, need(edit.snapshot(), account, name));
  if (arn) TRY(attachable(edit.snapshot(), account, *arn));
  if (!arn && !entity.boundary)
    return Error{ErrorCode::not_found, std::string(Kind<E>::capital) + " " + std::string(name.text()) +
                                           " does not have a permissions boundary."};
  entity.boundary.reset();
  if (arn) entity.boundary = std::string(*arn);
  return edit.put(std::move(entity));
}

template <class E>
Outcome add_tags(Edit& edit, const AccountId& account, const typename Kind<E>::Name& name, std::span<const Tag> tags) {
  TRY_ASSIGN(auto entity, need(edit.snapshot(), account, name));
  TRY(check_tags(tags));
  for (const auto& tag : tags) {
    const auto at = std::ranges::find_if(
        entity.tags, [&tag](const Tag& old) { return policy::equal_ignoring_case(old.key, tag.key); });
    if (at == entity.tags.end())
      entity.tags.push_back(tag);
    else
      *at = tag;
  }
  if (entity.tags.size() > tags_per_entity_max)
    return quota("TagsPer" + std::string(Kind<E>::capital), tags_per_entity_max);
  return edit.put(std::move(entity));
}

template <class E>
Outcome remove_tags(Edit& edit, const AccountId& account, const typename Kind<E>::Name& name,
                    std::span<const std::string_view> keys) {
  TRY_ASSIGN(auto entity, need(edit.snapshot(), account, name));
  std::erase_if(entity.tags, [&keys](const Tag& tag) {
    return std::ranges::any_of(keys, [&tag](auto key) { return policy::equal_ignoring_case(tag.key, key); });
  });
  return edit.put(std::move(entity));
}

#define KEYFOLD_FOR_EACH_HOLDER(E)                                                                            \
  template Outcome put_inline_policy<E>(Edit&, const AccountId&, const Kind<E>::Name&, const PolicyName&,     \
                                        std::string_view);                                                    \
  template Outcome remove_inline_policy<E>(Edit&, const AccountId&, const Kind<E>::Name&, const PolicyName&); \
  template Outcome attach<E>(Edit&, const AccountId&, const Kind<E>::Name&, std::string_view);                \
  template Outcome detach<E>(Edit&, const AccountId&, const Kind<E>::Name&, std::string_view)
KEYFOLD_FOR_EACH_HOLDER(User);
KEYFOLD_FOR_EACH_HOLDER(Group);
KEYFOLD_FOR_EACH_HOLDER(Role);
#undef KEYFOLD_FOR_EACH_HOLDER
#define KEYFOLD_FOR_EACH_PRINCIPAL(E)                                                                               \
  template Outcome set_boundary<E>(Edit&, const AccountId&, const Kind<E>::Name&, std::optional<std::string_view>); \
  template Outcome add_tags<E>(Edit&, const AccountId&, const Kind<E>::Name&, std::span<const Tag>);                \
  template Outcome remove_tags<E>(Edit&, const AccountId&, const Kind<E>::Name&, std::span<const std::string_view>)
KEYFOLD_FOR_EACH_PRINCIPAL(User);
KEYFOLD_FOR_EACH_PRINCIPAL(Role);
#undef KEYFOLD_FOR_EACH_PRINCIPAL

Outcome add_to_group(Edit& edit, const AccountId& account, const GroupName& group, const UserName& name) {
  TRY(need(edit.snapshot(), account, group));
  TRY_ASSIGN(auto user, need(edit.snapshot(), account, name));
  if (std::ranges::find(user.groups, group) != user.groups.end()) return ok();
  if (user.groups.size() >= groups_per_user_max) return quota("GroupsPerUser", groups_per_user_max);
  user.groups.push_back(group);
  std::ranges::sort(user.groups);
  return edit.put(std::move(user));
}

Outcome remove_from_group(Edit& edit, const AccountId& account, const GroupName& group, const UserName& name) {
  TRY(need(edit.snapshot(), account, group));
  TRY_ASSIGN(auto user, need(edit.snapshot(), account, name));
  if (std::erase(user.groups, group) == 0)
    return Error{ErrorCode::not_found,
                 "User " + std::string(name.text()) + " is not in group " + std::string(group.text()) + "."};
  return edit.put(std::move(user));
}

Outcome set_trust_policy(Edit& edit, const AccountId& account, const RoleName& name, std::string_view text) {
  TRY_ASSIGN(auto role, need(edit.snapshot(), account, name));
  TRY(check_trust_size(text));
  role.trust_policy = text;
  return edit.put(std::move(role));
}

namespace {

Outcome check_managed_size(std::string_view text) {
  return is_within(text, managed_policy_size_max) ? ok() : Outcome(quota("PolicySize", managed_policy_size_max));
}

Error no_such_version(std::string_view arn, std::uint32_t number) {
  return {ErrorCode::not_found, "Policy " + std::string(arn) + " version v" + std::to_string(number) +
                                    " does not exist or is not attachable."};
}

}  // namespace

Outcome create_policy(Edit& edit, ManagedPolicy policy) {
  std::size_t count = 0;
  bool there = false;
  Snapshot::each_in(edit.snapshot().policies, policy.account, [&](const PolicyEntry& entry) {
    ++count;
    there = there || policy::equal_ignoring_case(entry.policy.name.text(), policy.name.text());
  });
  if (there)
    return Error{ErrorCode::already_exists, "A policy called " + std::string(policy.name.text()) +
                                                " already exists. Duplicate names are not allowed."};
  if (count >= policies_per_account_max) return quota("PoliciesPerAccount", policies_per_account_max);
  TRY(check_tags(policy.tags));
  TRY(check_managed_size(policy.text()));
  return edit.put(std::move(policy));
}

PolicyUse use_of(const Snapshot& snapshot, const AccountId& account, std::string_view arn) {
  PolicyUse use;
  const auto count = [&](const Policies& policies, const std::optional<std::string>& boundary) {
    if (std::ranges::find(policies.attached, arn) != policies.attached.end()) ++use.attachments;
    if (boundary == arn) ++use.boundaries;
  };
  Snapshot::each_in(snapshot.users, account, [&](const UserEntry& e) { count(e.user.policies, e.user.boundary); });
  Snapshot::each_in(snapshot.roles, account, [&](const RoleEntry& e) { count(e.role.policies, e.role.boundary); });
  Snapshot::each_in(snapshot.groups, account, [&](const GroupEntry& e) { count(e.group.policies, std::nullopt); });
  return use;
}

Outcome remove_policy(Edit& edit, const AccountId& account, std::string_view arn) {
  TRY_ASSIGN(const auto policy, need_policy(edit.snapshot(), account, arn));
  const auto use = use_of(edit.snapshot(), account, arn);
  if (use.attachments + use.boundaries > 0)
    return Error{ErrorCode::delete_conflict, "Cannot delete a policy attached to entities."};
  if (policy.versions.size() > 1)
    return Error{ErrorCode::delete_conflict,
                 "This policy has more than one version. Before you delete a policy, you must delete the policy's "
                 "versions. The default version is deleted with the policy."};
  edit.remove(policy);
  return ok();
}

Result<PolicyVersion> add_policy_version(Edit& edit, const AccountId& account, std::string_view arn,
                                         std::string_view text, MakeDefault make_default, Timestamp now) {
  TRY_ASSIGN(auto policy, need_policy(edit.snapshot(), account, arn));
  TRY(check_managed_size(text));
  if (policy.versions.size() >= versions_per_policy_max)
    return Error{ErrorCode::limit_exceeded,
                 "A managed policy can have up to 5 versions. Before you create a new version, you must delete an "
                 "existing version."};
  PolicyVersion version{.number = policy.next_version++, .created = now, .text = std::string(text)};
  policy.versions.push_back(version);
  policy.updated = now;
  if (make_default == MakeDefault::yes) policy.default_version = version.number;
  TRY(edit.put(std::move(policy)));
  return version;
}

Outcome set_default_version(Edit& edit, const AccountId& account, std::string_view arn, std::uint32_t number,
                            Timestamp now) {
  TRY_ASSIGN(auto policy, need_policy(edit.snapshot(), account, arn));
  if (policy.version(number) == nullptr) return no_such_version(arn, number);
  policy.default_version = number;
  policy.updated = now;
  return edit.put(std::move(policy));
}

Outcome remove_policy_version(Edit& edit, const AccountId& account, std::string_view arn, std::uint32_t number,
                              Timestamp now) {
  TRY_ASSIGN(auto policy, need_policy(edit.snapshot(), account, arn));
  if (policy.version(number) == nullptr) return no_such_version(arn, number);
  if (policy.default_version == number)
    return Error{ErrorCode::delete_conflict, "Cannot delete the default version of a policy."};
  std::erase_if(policy.versions, [number](const PolicyVersion& version) { return version.number == number; });
  policy.updated = now;
  return edit.put(std::move(policy));
}

Outcome add_key(Edit& edit, const AccountId& account, const std::optional<UserName>& user, const NewAccessKey& key,
                Timestamp now) {
  if (user) TRY(need(edit.snapshot(), account, *user));
  if (edit.snapshot().find(key.id) != nullptr)
    return Error{ErrorCode::already_exists, "there is an access key " + std::string(key.id.text()) + " already"};
  if (edit.snapshot().keys_of(account, user).size() >= access_keys_per_user_max)
    return quota("AccessKeysPerUser", access_keys_per_user_max);
  return edit.put_key({.id = key.id, .account = account, .user = user, .status = KeyStatus::active, .created = now},
                      key.secret);
}

Outcome set_key_status(Edit& edit, const AccountId& account, const AccessKeyId& id, KeyStatus status) {
  if (edit.snapshot().find(account, id) == nullptr) return no_such_key(id.text());
  return edit.set_key_status(id, status);
}

Outcome remove_key(Edit& edit, const AccountId& account, const AccessKeyId& id) {
  if (edit.snapshot().find(account, id) == nullptr) return no_such_key(id.text());
  edit.remove_key(id);
  return ok();
}

Outcome key_is_of(const Snapshot& snapshot, const AccountId& account, const std::optional<UserName>& user,
                  const AccessKeyId& id) {
  const auto* entry = snapshot.find(account, id);
  return entry != nullptr && entry->key.user == user ? ok() : Outcome(no_such_key(id.text()));
}

}  // namespace keyfold::identity
