#include "keyfold/kms/identity/sealed_directory.h"

#include <algorithm>

#include "keyfold/core/base/try.h"
#include "keyfold/core/sigv4/signing_key.h"
#include "keyfold/kms/identity/record_codec.h"

namespace keyfold::identity {
namespace {

// What a stranger's access key id is cached under; no access key of ours has this form.
const AccessKeyId& id_of_the_unknown() {
  static const AccessKeyId id = *AccessKeyId::parse("_");
  return id;
}

Error corrupt_user(const vault::RecordName& name, const Error& why) {
  return {ErrorCode::corrupt, "the record " + name.text() + " has no valid identity policy: " + why.message};
}

}  // namespace

Outcome SealedDirectory::load() {
  const std::scoped_lock lock(mutex_);
  auto next = std::make_shared<Snapshot>();
  next->epoch = store_.revision();
  TRY(store_.scan(vault::RecordType::user, [&](const vault::OpenedRecord& record) -> Outcome {
    TRY_ASSIGN(auto user, read_user(record.name, record.value));
    auto entitlements = compile(user.identity_policy);
    if (!entitlements) return corrupt_user(record.name, entitlements.error());
    const Snapshot::UserKey key{user.account, user.name};
    next->users[key] = std::make_shared<const UserEntry>(
        UserEntry{.user = std::move(user), .version = record.version, .entitlements = *entitlements});
    return ok();
  }));
  // The records first, their secrets after the scan: the store must not be called from inside it.
  std::vector<vault::SealedRecord> records;
  TRY(store_.scan_sealed(vault::RecordType::accesskey, [&](vault::SealedRecord record) -> Outcome {
    records.push_back(std::move(record));
    return ok();
  }));
  for (auto& record : records) {
    TRY_ASSIGN(const auto value, store_.open_secret(record));
    TRY_ASSIGN(const auto key, read_access_key(record.name, value));
    if (key.user && next->find(key.account, *key.user) == nullptr)
      return Error{ErrorCode::corrupt, "the record " + record.name.text() + " belongs to no user"};
    next->access_keys[key.id] =
        std::make_shared<const AccessKeyEntry>(AccessKeyEntry{.key = key, .record = std::move(record)});
  }
  publish(next);
  return ok();
}

void SealedDirectory::publish(const std::shared_ptr<const Snapshot>& next) {
  published_.set(next);
  signing_keys_.clear();
}

Result<std::shared_ptr<const Entitlements>> SealedDirectory::compile(const std::string& text) {
  if (text.empty()) return std::shared_ptr<const Entitlements>();
  if (const auto known = compiled_.find(text); known != compiled_.end())
    if (auto entitlements = known->second.lock()) return entitlements;
  TRY_ASSIGN(auto parsed, policy::Document::parse(text, policy::PolicyKind::identity));
  auto made = std::make_shared<Entitlements>();
  made->documents.push_back(std::make_shared<const policy::Document>(std::move(parsed)));
  made->identity.push_back(made->documents.back().get());
  std::erase_if(compiled_, [](const auto& known) { return known.second.expired(); });
  compiled_[text] = made;
  return std::shared_ptr<const Entitlements>(std::move(made));
}

std::optional<Caller> SealedDirectory::find(const AccessKeyId& id) const {
  const auto snapshot = published_.get();
  const auto* entry = snapshot->find(id);
  if (entry == nullptr || entry->key.status != KeyStatus::active) return std::nullopt;
  const AccessKey& key = entry->key;
  if (!key.user)
    return Caller{.account = key.account,
                  .arn = root_arn(key.account),
                  .type = PrincipalType::root,
                  .access_key_id = id,
                  .user_id = {},
                  .user_name = {},
                  .entitlements = nullptr};
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
                                                                        const Region& region,
                                                                        std::string_view service) const {
  const auto snapshot = published_.get();
  const auto* entry = snapshot->find(id);
  if (entry == nullptr || entry->key.status != KeyStatus::active)
    return signing_key_of(unknown_, id_of_the_unknown(), date, region, service);
  const SigningScope scope{.id = id, .date = date, .region = region, .service = service, .epoch = snapshot->epoch};
  if (auto key = signing_keys_.find(scope)) return key;
  TRY_ASSIGN(const auto value, store_.open_secret(entry->record));
  TRY_ASSIGN(const auto secret, read_secret(value));
  TRY_ASSIGN(auto derived, sigv4::derive_signing_key(secret, date, region, service));
  auto key = std::make_shared<const SecretBytes>(std::move(derived));
  signing_keys_.add(scope, key);
  return key;
}

Result<std::shared_ptr<const SecretBytes>> SealedDirectory::signing_key_of(const SecretBytes& secret,
                                                                           const AccessKeyId& id, std::string_view date,
                                                                           const Region& region,
                                                                           std::string_view service) const {
  const SigningScope scope{.id = id, .date = date, .region = region, .service = service, .epoch = 0};
  if (auto key = signing_keys_.find(scope)) return key;
  TRY_ASSIGN(auto derived, sigv4::derive_signing_key(secret, date, region, service));
  auto key = std::make_shared<const SecretBytes>(std::move(derived));
  signing_keys_.add(scope, key);
  return key;
}

std::vector<User> SealedDirectory::users(const AccountId& account) const {
  const auto snapshot = published_.get();
  std::vector<User> users;
  for (const auto& [key, entry] : snapshot->users)
    if (key.first == account) users.push_back(entry->user);
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
