#include "keyfold/kms/identity/edit.h"

#include <algorithm>

#include "keyfold/core/base/try.h"
#include "keyfold/kms/identity/record_codec.h"

namespace keyfold::identity {
namespace {

template <class Entry>
std::uint64_t version_of(const Entry* entry) {
  return entry == nullptr ? 0 : entry->version;
}

}  // namespace

template <class Name, class Entry>
std::shared_ptr<Entry> Edit::fresh(Fresh<Name, Entry>& mine, ByName<Name, Entry>& all, const Key<Name>& key) {
  auto& entry = mine[key];
  if (entry == nullptr) entry = std::make_shared<Entry>(*all.at(key));
  all[key] = entry;
  return entry;
}

void Edit::write(const vault::RecordName& name, std::uint64_t expected_version, std::optional<Bytes> value) {
  if (!value && expected_version == 0) {  // Made and removed in the same change.
    pending_.erase(name.text());
    return;
  }
  pending_.insert_or_assign(
      name.text(),
      Pending{.name = name, .expected_version = expected_version, .value = std::move(value), .secret = {}});
}

Outcome Edit::compile(const Policies& policies) {
  for (const auto& [name, text] : policies.inlined) {
    TRY_ASSIGN(auto document, compiler_.compile(text, policy::PolicyKind::identity));
    compiled_.push_back(std::move(document));
  }
  return ok();
}

Outcome Edit::put(User user) {
  TRY(compile(user.policies));
  Bytes value;
  write_user(value, user);
  write(record_name(user.account, user.name), version_of(now_.find(user.account, user.name)), std::move(value));
  const Key<UserName> key(user.account, user.name);
  users_[key] = std::make_shared<UserEntry>(UserEntry{.user = std::move(user), .version = 0, .entitlements = nullptr});
  next_->users[key] = users_[key];
  return ok();
}

Outcome Edit::put(Group group) {
  TRY(compile(group.policies));
  Bytes value;
  write_group(value, group);
  write(record_name(group.account, group.name), version_of(now_.find(group.account, group.name)), std::move(value));
  const Key<GroupName> key(group.account, group.name);
  groups_[key] = std::make_shared<GroupEntry>(GroupEntry{.group = std::move(group), .version = 0});
  next_->groups[key] = groups_[key];
  return ok();
}

Outcome Edit::put(Role role) {
  TRY(compile(role.policies));
  TRY_ASSIGN(auto trust, compiler_.compile(role.trust_policy, policy::PolicyKind::trust));
  Bytes value;
  write_role(value, role);
  write(record_name(role.account, role.name), version_of(now_.find(role.account, role.name)), std::move(value));
  const Key<RoleName> key(role.account, role.name);
  roles_[key] = std::make_shared<RoleEntry>(
      RoleEntry{.role = std::move(role), .version = 0, .trust = std::move(trust), .entitlements = nullptr});
  next_->roles[key] = roles_[key];
  return ok();
}

Outcome Edit::put(ManagedPolicy policy) {
  TRY_ASSIGN(auto document, compiler_.compile(policy.text(), policy::PolicyKind::identity));
  compiled_.push_back(std::move(document));
  TRY_ASSIGN(auto for_sessions, compiler_.compile(policy.text(), policy::PolicyKind::session));
  for (const auto& version : policy.versions) {
    TRY_ASSIGN(auto other, compiler_.compile(version.text, policy::PolicyKind::identity));
    compiled_.push_back(std::move(other));
  }
  Bytes value;
  write_policy(value, policy);
  write(record_name(policy.account, policy.name), version_of(now_.find(policy.account, policy.name)), std::move(value));
  policies_changed_.insert(policy.arn());
  const Key<PolicyName> key(policy.account, policy.name);
  policies_[key] = std::make_shared<PolicyEntry>(
      PolicyEntry{.policy = std::move(policy), .version = 0, .for_sessions = std::move(for_sessions)});
  next_->policies[key] = policies_[key];
  return ok();
}

template <class Entity, class Mine, class All>
void Edit::remove_from(Mine& mine, All& all, const Entity& entity) {
  write(record_name(entity.account, entity.name), version_of(now_.find(entity.account, entity.name)), std::nullopt);
  const std::pair key(entity.account, entity.name);
  mine.erase(key);
  all.erase(key);
}

void Edit::remove(const User& user) { remove_from(users_, next_->users, user); }
void Edit::remove(const Group& group) { remove_from(groups_, next_->groups, group); }
void Edit::remove(const Role& role) { remove_from(roles_, next_->roles, role); }
void Edit::remove(const ManagedPolicy& policy) { remove_from(policies_, next_->policies, policy); }

Outcome Edit::write_key(const AccessKey& key, const SecretBytes& secret, std::shared_ptr<LastUsed> last_used) {
  TRY_ASSIGN(auto value, write_access_key(key, secret));
  const auto* before = now_.find(key.id);
  const auto name = record_name(key.account, key.id);
  pending_.insert_or_assign(name.text(), Pending{.name = name,
                                                 .expected_version = before == nullptr ? 0 : before->record.version,
                                                 .value = std::nullopt,
                                                 .secret = std::move(value)});
  // The record is what the commit makes of it.
  keys_[key.id] = std::make_shared<AccessKeyEntry>(AccessKeyEntry{.key = key,
                                                                  .record = {.name = name, .version = 0, .sealed = {}},
                                                                  .last_used = std::move(last_used),
                                                                  .use_version = before ? before->use_version : 0});
  next_->access_keys[key.id] = keys_[key.id];
  return ok();
}

Outcome Edit::put_key(const AccessKey& key, const SecretBytes& secret) {
  return write_key(key, secret, std::make_shared<LastUsed>());
}

Outcome Edit::set_key_status(const AccessKeyId& id, KeyStatus status) {
  const auto* entry = now_.find(id);
  KEYFOLD_CHECK(entry != nullptr);
  TRY_ASSIGN(const auto value, store_.open_secret(entry->record));
  TRY_ASSIGN(const auto secret, read_secret(value));
  AccessKey key = entry->key;
  key.status = status;
  return write_key(key, secret, entry->last_used);
}

void Edit::remove_key(const AccessKeyId& id) {
  const auto* entry = now_.find(id);
  KEYFOLD_CHECK(entry != nullptr);
  write(entry->record.name, entry->record.version, std::nullopt);
  write(use_record_name(entry->key.account, id), entry->use_version, std::nullopt);
  keys_.erase(id);
  next_->access_keys.erase(id);
}

Outcome Edit::put_key_use(const AccessKeyEntry& entry, const KeyUse& use) {
  Bytes value;
  write_key_use(value, use);
  write(use_record_name(entry.key.account, entry.key.id), entry.use_version, std::move(value));
  auto& mine = keys_[entry.key.id];
  if (mine == nullptr) mine = std::make_shared<AccessKeyEntry>(entry);
  next_->access_keys[entry.key.id] = mine;
  return ok();
}

bool Edit::is_affected(const Policies& policies, const std::optional<std::string>& boundary) const {
  if (boundary && policies_changed_.contains(*boundary)) return true;
  return std::ranges::any_of(policies.attached,
                             [this](const std::string& arn) { return policies_changed_.contains(arn); });
}

bool Edit::is_affected(const User& user) const {
  if (is_affected(user.policies, user.boundary)) return true;
  return std::ranges::any_of(user.groups, [&](const GroupName& name) {
    if (groups_.contains({user.account, name})) return true;
    const auto* group = next_->find(user.account, name);
    return group != nullptr && is_affected(group->group.policies, std::nullopt);
  });
}

Outcome Edit::resolve() {
  const bool far_reaching = !groups_.empty() || !policies_changed_.empty();
  if (far_reaching) {
    std::vector<Key<UserName>> users;
    for (const auto& [key, entry] : next_->users)
      if (is_affected(entry->user)) users.push_back(key);
    for (const auto& key : users) fresh(users_, next_->users, key);
    std::vector<Key<RoleName>> roles;
    for (const auto& [key, entry] : next_->roles)
      if (is_affected(entry->role.policies, entry->role.boundary)) roles.push_back(key);
    for (const auto& key : roles) fresh(roles_, next_->roles, key);
  }
  for (auto& [key, entry] : users_) {
    TRY_ASSIGN(entry->entitlements, identity::resolve(compiler_, *next_, entry->user));
  }
  for (auto& [key, entry] : roles_) {
    TRY_ASSIGN(entry->entitlements, identity::resolve(compiler_, *next_, entry->role));
  }
  return ok();
}

std::vector<vault::Change> Edit::changes() const {
  std::vector<vault::Change> changes;
  for (const auto& [text, pending] : pending_) {
    std::optional<BytesView> value;
    if (pending.value) value = BytesView(*pending.value);
    if (!pending.secret.empty()) value = BytesView(pending.secret.reveal());
    changes.push_back({.name = pending.name, .expected_version = pending.expected_version, .value = value});
  }
  return changes;
}

std::shared_ptr<const Snapshot> Edit::finish(vault::Committed committed) {
  next_->epoch = committed.revision;
  const auto written = [&](const vault::RecordName& name) { return pending_.contains(name.text()); };
  for (auto& [key, entry] : users_)
    if (written(record_name(key.first, key.second))) entry->version = committed.revision;
  for (auto& [key, entry] : groups_) entry->version = committed.revision;
  for (auto& [key, entry] : roles_)
    if (written(record_name(key.first, key.second))) entry->version = committed.revision;
  for (auto& [key, entry] : policies_) entry->version = committed.revision;
  for (auto& record : committed.records) {
    if (record.name.type() != vault::RecordType::accesskey) continue;
    keys_.at(*AccessKeyId::parse(record.name.id()))->record = std::move(record);
  }
  for (auto& [id, entry] : keys_)
    if (written(use_record_name(entry->key.account, id))) entry->use_version = committed.revision;
  return next_;
}

}  // namespace keyfold::identity
