#include "keyfold/kms/identity/snapshot.h"

#include <algorithm>

namespace keyfold::identity {

const PolicyEntry* Snapshot::find_policy(std::string_view arn) const {
  const auto named = parse_policy_arn(arn);
  const auto* entry = named ? find(named->account, named->name) : nullptr;
  return entry != nullptr && entry->policy.path == named->path ? entry : nullptr;
}

const UserEntry* Snapshot::find_user(std::string_view arn) const {
  const auto named = parse_user_arn(arn);
  const auto* entry = named ? find(named->account, named->name) : nullptr;
  return entry != nullptr && entry->user.path == named->path ? entry : nullptr;
}

const RoleEntry* Snapshot::find_role(std::string_view arn) const {
  const auto named = parse_role_arn(arn);
  const auto* entry = named ? find(named->account, named->name) : nullptr;
  return entry != nullptr && entry->role.path == named->path ? entry : nullptr;
}

std::vector<const AccessKeyEntry*> Snapshot::keys_of(const AccountId& account,
                                                     const std::optional<UserName>& user) const {
  std::vector<const AccessKeyEntry*> keys;
  for (const auto& [id, entry] : access_keys)
    if (entry->key.account == account && entry->key.user == user) keys.push_back(entry.get());
  std::ranges::sort(keys, {}, [](const AccessKeyEntry* entry) { return entry->key.id; });
  return keys;
}

}  // namespace keyfold::identity
