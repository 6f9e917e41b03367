// How a sealed directory is changed: one transaction of the store, then the next snapshot.
#include <algorithm>

#include "keyfold/core/base/try.h"
#include "keyfold/kms/identity/record_codec.h"
#include "keyfold/kms/identity/sealed_directory.h"

namespace keyfold::identity {
namespace {

Error no_such_user(const UserName& name) {
  return {ErrorCode::not_found, "there is no user " + std::string(name.text())};
}
Error no_such_access_key(const AccessKeyId& id) {
  return {ErrorCode::not_found, "there is no access key " + std::string(id.text())};
}

Error access_key_in_use(const AccessKeyId& id) {
  return {ErrorCode::already_exists, "there is an access key " + std::string(id.text()) + " already"};
}

vault::Change removal(const AccessKeyEntry& entry) {
  return {.name = entry.record.name, .expected_version = entry.record.version, .value = std::nullopt};
}

// The access keys of one user, or of the root.
std::vector<const AccessKeyEntry*> keys_of(const Snapshot& snapshot, const AccountId& account,
                                           const std::optional<UserName>& user) {
  std::vector<const AccessKeyEntry*> keys;
  for (const auto& [id, entry] : snapshot.access_keys)
    if (entry->key.account == account && entry->key.user == user) keys.push_back(entry.get());
  return keys;
}

std::size_t users_in(const Snapshot& snapshot, const AccountId& account) {
  return static_cast<std::size_t>(
      std::ranges::count_if(snapshot.users, [&](const auto& entry) { return entry.first.first == account; }));
}

Outcome check_addition(const Snapshot& now, const User& user) {
  if (now.find(user.account, user.name) != nullptr)
    return Error{ErrorCode::already_exists, "there is a user " + std::string(user.name.text()) + " already"};
  if (users_in(now, user.account) >= users_per_account_max)
    return Error{ErrorCode::limit_exceeded,
                 "an account may have at most " + std::to_string(users_per_account_max) + " users"};
  return ok();
}

// What `changes` removed is no longer in the snapshot.
void forget(Snapshot& snapshot, const vault::RecordName& name) {
  if (name.type() == vault::RecordType::accesskey) {
    snapshot.access_keys.erase(*AccessKeyId::parse(name.id()));
  } else {
    snapshot.users.erase({*AccountId::parse(name.account()), *UserName::parse(name.id())});
  }
}

std::shared_ptr<Snapshot> without(const Snapshot& snapshot, std::span<const vault::Change> changes) {
  auto next = std::make_shared<Snapshot>(snapshot);
  for (const auto& change : changes)
    if (!change.value) forget(*next, change.name);
  return next;
}

}  // namespace

Outcome SealedDirectory::write_user_entry(const User& user, std::uint64_t expected_version,
                                          const storage::OutboxRecord* event) {
  TRY_ASSIGN(auto entitlements, compile(user.identity_policy));
  Bytes value;
  write_user(value, user);
  const vault::Change change{
      .name = record_name(user), .expected_version = expected_version, .value = BytesView(value)};
  TRY_ASSIGN(const auto committed, store_.commit({&change, 1}, event));
  auto next = std::make_shared<Snapshot>(*published_.get());
  next->epoch = committed.revision;
  next->users[{user.account, user.name}] = std::make_shared<const UserEntry>(
      UserEntry{.user = user, .version = committed.revision, .entitlements = std::move(entitlements)});
  publish(next);
  return ok();
}

Outcome SealedDirectory::add_user(const User& user, const storage::OutboxRecord* event) {
  const std::scoped_lock lock(mutex_);
  TRY(check_addition(*published_.get(), user));
  return write_user_entry(user, 0, event);
}

Outcome SealedDirectory::add_user_with_key(const User& user, const NewAccessKey& key,
                                           std::span<const storage::OutboxRecord> events) {
  const std::scoped_lock lock(mutex_);
  const auto now = published_.get();
  TRY(check_addition(*now, user));
  if (now->find(key.id) != nullptr) return access_key_in_use(key.id);
  const AccessKey made{
      .id = key.id, .account = user.account, .user = user.name, .status = KeyStatus::active, .created = clock_.now()};
  TRY_ASSIGN(auto entitlements, compile(user.identity_policy));
  Bytes user_value;
  write_user(user_value, user);
  TRY_ASSIGN(const auto key_value, write_access_key(made, key.secret));
  const vault::Change changes[] = {
      {.name = record_name(user), .expected_version = 0, .value = BytesView(user_value)},
      {.name = record_name(made.account, made.id), .expected_version = 0, .value = BytesView(key_value.reveal())}};
  TRY_ASSIGN(auto committed, store_.commit(changes, events));
  auto next = std::make_shared<Snapshot>(*now);
  next->epoch = committed.revision;
  next->users[{user.account, user.name}] = std::make_shared<const UserEntry>(
      UserEntry{.user = user, .version = committed.revision, .entitlements = std::move(entitlements)});
  next->access_keys[key.id] = std::make_shared<const AccessKeyEntry>(
      AccessKeyEntry{.key = made, .record = std::move(committed.records.back())});
  publish(next);
  return ok();
}

Outcome SealedDirectory::put_identity_policy(const AccountId& account, const UserName& name, std::string_view text,
                                             const storage::OutboxRecord* event) {
  const std::scoped_lock lock(mutex_);
  const auto now = published_.get();
  const auto* entry = now->find(account, name);
  if (entry == nullptr) return no_such_user(name);
  User user = entry->user;
  user.identity_policy = text;
  return write_user_entry(user, entry->version, event);
}

Outcome SealedDirectory::remove_user(const AccountId& account, const UserName& name,
                                     const storage::OutboxRecord* event) {
  const std::scoped_lock lock(mutex_);
  const auto now = published_.get();
  const auto* entry = now->find(account, name);
  if (entry == nullptr) return no_such_user(name);
  std::vector<vault::Change> changes;
  for (const auto* key : keys_of(*now, account, name)) changes.push_back(removal(*key));
  changes.push_back({.name = record_name(account, name), .expected_version = entry->version, .value = std::nullopt});
  TRY_ASSIGN(const auto committed, store_.commit(changes, event));
  auto next = without(*now, changes);
  next->epoch = committed.revision;
  publish(next);
  return ok();
}

// The key's new record, and the removal of others, in one transaction.
Outcome SealedDirectory::write_access_key_entry(const AccessKey& key, const SecretBytes& secret,
                                                std::uint64_t expected_version, std::vector<vault::Change> removals,
                                                const storage::OutboxRecord* event) {
  TRY_ASSIGN(const auto value, write_access_key(key, secret));
  std::vector<vault::Change> changes = std::move(removals);
  changes.push_back({.name = record_name(key.account, key.id),
                     .expected_version = expected_version,
                     .value = BytesView(value.reveal())});
  TRY_ASSIGN(auto committed, store_.commit(changes, event));
  KEYFOLD_CHECK(committed.records.size() == 1);
  auto next = without(*published_.get(), changes);
  next->epoch = committed.revision;
  next->access_keys[key.id] = std::make_shared<const AccessKeyEntry>(
      AccessKeyEntry{.key = key, .record = std::move(committed.records.front())});
  publish(next);
  return ok();
}

Outcome SealedDirectory::add_access_key(const AccountId& account, const std::optional<UserName>& user,
                                        const NewAccessKey& key, const storage::OutboxRecord* event) {
  const std::scoped_lock lock(mutex_);
  const auto now = published_.get();
  if (user && now->find(account, *user) == nullptr) return no_such_user(*user);
  if (now->find(key.id) != nullptr) return access_key_in_use(key.id);
  if (keys_of(*now, account, user).size() >= access_keys_per_user_max)
    return Error{ErrorCode::limit_exceeded, (user ? "the user " + std::string(user->text()) : "the root") + " has " +
                                                std::to_string(access_keys_per_user_max) + " access keys already"};
  const AccessKey made{
      .id = key.id, .account = account, .user = user, .status = KeyStatus::active, .created = clock_.now()};
  return write_access_key_entry(made, key.secret, 0, {}, event);
}

Outcome SealedDirectory::set_status(const AccountId& account, const AccessKeyId& id, KeyStatus status,
                                    const storage::OutboxRecord* event) {
  const std::scoped_lock lock(mutex_);
  const auto now = published_.get();
  const auto* entry = now->find(account, id);
  if (entry == nullptr) return no_such_access_key(id);
  TRY_ASSIGN(const auto value, store_.open_secret(entry->record));
  TRY_ASSIGN(const auto secret, read_secret(value));
  AccessKey key = entry->key;
  key.status = status;
  return write_access_key_entry(key, secret, entry->record.version, {}, event);
}

Outcome SealedDirectory::remove_access_key(const AccountId& account, const AccessKeyId& id,
                                           const storage::OutboxRecord* event) {
  const std::scoped_lock lock(mutex_);
  const auto now = published_.get();
  const auto* entry = now->find(account, id);
  if (entry == nullptr) return no_such_access_key(id);
  const auto change = removal(*entry);
  TRY_ASSIGN(const auto committed, store_.commit({&change, 1}, event));
  auto next = without(*now, {&change, 1});
  next->epoch = committed.revision;
  publish(next);
  return ok();
}

Outcome SealedDirectory::reset_root(const AccountId& account, const NewAccessKey& key,
                                    const storage::OutboxRecord* event) {
  const std::scoped_lock lock(mutex_);
  const auto now = published_.get();
  if (now->find(key.id) != nullptr) return access_key_in_use(key.id);
  std::vector<vault::Change> removals;
  for (const auto* old : keys_of(*now, account, std::nullopt)) removals.push_back(removal(*old));
  const AccessKey made{
      .id = key.id, .account = account, .user = {}, .status = KeyStatus::active, .created = clock_.now()};
  return write_access_key_entry(made, key.secret, 0, std::move(removals), event);
}

}  // namespace keyfold::identity
