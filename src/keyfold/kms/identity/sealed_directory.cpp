#include "keyfold/kms/identity/sealed_directory.h"

#include <algorithm>

#include "keyfold/core/base/try.h"
#include "keyfold/core/sigv4/signing_key.h"
#include "keyfold/kms/identity/changes.h"
#include "keyfold/kms/identity/record_codec.h"

namespace keyfold::identity {
namespace {

// What a stranger's access key id is cached under; no access key of ours has this form.
const AccessKeyId& id_of_the_unknown() {
  static const AccessKeyId id = *AccessKeyId::parse("_");
  return id;
}

Error corrupt(const vault::RecordName& name, const Error& why) {
  return {ErrorCode::corrupt, "the record " + name.text() + " has no valid policy: " + why.message};
}

}  // namespace

User make_user(const AccountId& account, const UserName& name, std::string_view identity_policy, const Clock& clock,
               Random& random) {
  User user{.account = account, .name = name, .id = make_user_id(random), .created = clock.now()};
  if (!identity_policy.empty()) user.policies.inlined.emplace(administered_policy_name, std::string(identity_policy));
  return user;
}

// 240 random bits, as base64's alphabet writes them.
Result<NewAccessKey> make_access_key(Random& random) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr std::size_t secret_size = 40;
  TRY_ASSIGN(const auto bits, random.secret(secret_size));
  TRY_ASSIGN(auto secret, SecretBytes::zeroed(secret_size));
  std::ranges::transform(bits.reveal(), secret.fill().begin(), [alphabet](std::byte b) {
    return static_cast<std::byte>(alphabet[std::to_integer<std::size_t>(b) % alphabet.size()]);
  });
  return NewAccessKey{.id = make_access_key_id(random), .secret = std::move(secret)};
}

Outcome SealedDirectory::load() {
  const std::scoped_lock lock(mutex_);
  auto next = std::make_shared<Snapshot>();
  next->epoch = store_.revision();
  TRY(load_entities(*next));
  TRY(resolve_all(*next));
  TRY(load_access_keys(*next));
  TRY(load_key_uses(*next));
  publish(next);
  return ok();
}

Outcome SealedDirectory::load_entities(Snapshot& next) {
  using vault::OpenedRecord;
  using vault::RecordType;
  TRY(store_.scan(RecordType::policy, [&](const OpenedRecord& record) -> Outcome {
    TRY_ASSIGN(auto policy, read_policy(record.name, record.value));
    auto for_sessions = compiler_.compile(policy.text(), policy::PolicyKind::session);
    if (!for_sessions) return corrupt(record.name, for_sessions.error());
    const std::pair key(policy.account, policy.name);
    next.policies[key] = std::make_shared<const PolicyEntry>(
        PolicyEntry{.policy = std::move(policy), .version = record.version, .for_sessions = *std::move(for_sessions)});
    return ok();
  }));
  TRY(store_.scan(RecordType::group, [&](const OpenedRecord& record) -> Outcome {
    TRY_ASSIGN(auto group, read_group(record.name, record.value));
    const std::pair key(group.account, group.name);
    next.groups[key] =
        std::make_shared<const GroupEntry>(GroupEntry{.group = std::move(group), .version = record.version});
    return ok();
  }));
  TRY(store_.scan(RecordType::role, [&](const OpenedRecord& record) -> Outcome {
    TRY_ASSIGN(auto role, read_role(record.name, record.value));
    auto trust = compiler_.compile(role.trust_policy, policy::PolicyKind::trust);
    if (!trust) return corrupt(record.name, trust.error());
    const std::pair key(role.account, role.name);
    next.roles[key] = std::make_shared<const RoleEntry>(RoleEntry{
        .role = std::move(role), .version = record.version, .trust = *std::move(trust), .entitlements = nullptr});
    return ok();
  }));
  return store_.scan(RecordType::user, [&](const OpenedRecord& record) -> Outcome {
    TRY_ASSIGN(auto user, read_user(record.name, record.value));
    const std::pair key(user.account, user.name);
    next.users[key] = std::make_shared<const UserEntry>(
        UserEntry{.user = std::move(user), .version = record.version, .entitlements = nullptr});
    return ok();
  });
}

Outcome SealedDirectory::resolve_all(Snapshot& next) {
  for (auto& [key, entry] : next.users) {
    auto resolved = resolve(compiler_, next, entry->user);
    if (!resolved) return corrupt(record_name(key.first, key.second), resolved.error());
    auto copy = std::make_shared<UserEntry>(*entry);
    copy->entitlements = *std::move(resolved);
    entry = std::move(copy);
  }
  for (auto& [key, entry] : next.roles) {
    auto resolved = resolve(compiler_, next, entry->role);
    if (!resolved) return corrupt(record_name(key.first, key.second), resolved.error());
    auto copy = std::make_shared<RoleEntry>(*entry);
    copy->entitlements = *std::move(resolved);
    entry = std::move(copy);
  }
  return ok();
}

Outcome SealedDirectory::load_access_keys(Snapshot& next) {
  // The records first, their secrets after the scan: the store must not be called from inside it.
  std::vector<vault::SealedRecord> records;
  TRY(store_.scan_sealed(vault::RecordType::accesskey, [&](vault::SealedRecord record) -> Outcome {
    records.push_back(std::move(record));
    return ok();
  }));
  for (auto& record : records) {
    TRY_ASSIGN(const auto value, store_.open_secret(record));
    TRY_ASSIGN(const auto key, read_access_key(record.name, value));
    if (key.user && next.find(key.account, *key.user) == nullptr)
      return Error{ErrorCode::corrupt, "the record " + record.name.text() + " belongs to no user"};
    next.access_keys[key.id] =
        std::make_shared<const AccessKeyEntry>(AccessKeyEntry{.key = key, .record = std::move(record)});
  }
  return ok();
}

Outcome SealedDirectory::load_key_uses(Snapshot& next) {
  return store_.scan(vault::RecordType::keyuse, [&](const vault::OpenedRecord& record) -> Outcome {
    TRY_ASSIGN(const auto use, read_key_use(record.name, record.value));
    const auto id = AccessKeyId::parse(record.name.id());
    const auto found = id ? next.access_keys.find(*id) : next.access_keys.end();
    if (found == next.access_keys.end())
      return Error{ErrorCode::corrupt, "the record " + record.name.text() + " belongs to no access key"};
    auto copy = std::make_shared<AccessKeyEntry>(*found->second);
    copy->use_version = record.version;
    copy->last_used->restore(use);
    found->second = std::move(copy);
    return ok();
  });
}

void SealedDirectory::publish(const std::shared_ptr<const Snapshot>& next) {
  published_.set(next);
  signing_keys_.clear();
}

std::optional<Caller> SealedDirectory::find(const AccessKeyId& id, std::string_view token) const {
  const auto snapshot = published_.get();
  if (is_session_access_key_id(id)) {
    const auto opened = sessions_.open(id, token, *snapshot);
    if (opened == nullptr) return std::nullopt;
    const Session& session = *opened->session;
    return Caller{.account = session.claims.account,
                  .arn = session.arn,
                  .type = session.role ? PrincipalType::role_session : PrincipalType::user,
                  .access_key_id = id,
                  .user_id = session.user_id,
                  .user_name = session.user_name,
                  .entitlements = session.entitlements,
                  .session = opened->session};
  }
  const auto* entry = snapshot->find(id);
  if (entry == nullptr || entry->key.status != KeyStatus::active) return std::nullopt;
  const AccessKey& key = entry->key;
  if (!key.user)
    return Caller{.account = key.account,
                  .arn = root_arn(key.account),
                  .type = PrincipalType::root,
                  .access_key_id = id,
                  .user_id = {},
                  .user_name = {}};
  const auto* user = snapshot->find(key.account, *key.user);
  if (user == nullptr) return std::nullopt;
  return Caller{.account = key.account,
                .arn = user->user.arn(),
                .type = PrincipalType::user,
                .access_key_id = id,
                .user_id = user->user.id,
                .user_name = key.user,
                .entitlements = user->entitlements};
}

Result<std::shared_ptr<const SecretBytes>> SealedDirectory::signing_key(const AccessKeyId& id, std::string_view date,
                                                                        const Region& region, std::string_view service,
                                                                        std::string_view token) const {
  const auto snapshot = published_.get();
  if (is_session_access_key_id(id)) {
    const auto opened = sessions_.open(id, token, *snapshot);
    if (opened == nullptr) return signing_key_of(unknown_, id_of_the_unknown(), date, region, service);
    return signing_key_of(opened->secret, id, date, region, service, snapshot->epoch);
  }
  const auto* entry = snapshot->find(id);
  if (entry == nullptr || entry->key.status != KeyStatus::active)
    return signing_key_of(unknown_, id_of_the_unknown(), date, region, service);
  const SigningScope scope{.id = id, .date = date, .region = region, .service = service, .epoch = snapshot->epoch};
  if (auto key = signing_keys_.find(scope)) return key;
  TRY_ASSIGN(const auto value, store_.open_secret(entry->record));
  TRY_ASSIGN(const auto secret, read_secret(value));
  return signing_key_of(secret, id, date, region, service, snapshot->epoch);
}

Result<std::shared_ptr<const SecretBytes>> SealedDirectory::signing_key_of(const SecretBytes& secret,
                                                                           const AccessKeyId& id, std::string_view date,
                                                                           const Region& region,
                                                                           std::string_view service,
                                                                           std::uint64_t epoch) const {
  const SigningScope scope{.id = id, .date = date, .region = region, .service = service, .epoch = epoch};
  if (auto key = signing_keys_.find(scope)) return key;
  TRY_ASSIGN(auto derived, sigv4::derive_signing_key(secret, date, region, service));
  auto key = std::make_shared<const SecretBytes>(std::move(derived));
  signing_keys_.add(scope, key);
  return key;
}

void SealedDirectory::note_use(const AccessKeyId& id, const Region& region, std::string_view service) const {
  const auto snapshot = published_.get();
  if (const auto* entry = snapshot->find(id)) entry->last_used->note(clock_.now(), region, service);
}

std::vector<User> SealedDirectory::users(const AccountId& account) const {
  const auto snapshot = published_.get();
  std::vector<User> users;
  Snapshot::each_in(snapshot->users, account, [&users](const UserEntry& entry) { users.push_back(entry.user); });
  return users;
}

std::vector<AccessKey> SealedDirectory::access_keys(const AccountId& account) const {
  const auto snapshot = published_.get();
  std::vector<AccessKey> keys;
  for (const auto& [id, entry] : snapshot->access_keys)
    if (entry->key.account == account) keys.push_back(entry->key);
  std::ranges::sort(keys, {}, &AccessKey::id);
  return keys;
}

Result<std::unique_ptr<Directory>> open_directory(vault::SealedStore& store, const Clock& clock, Random& random) {
  TRY_ASSIGN(auto unknown, make_access_key(random));
  auto directory = std::make_unique<SealedDirectory>(store, clock, std::move(unknown.secret));
  TRY(directory->load());
  return std::unique_ptr<Directory>(std::move(directory));
}

}  // namespace keyfold::identity
