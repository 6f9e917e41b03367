#pragma once
// SealedDirectory: the Directory that a sealed store holds.

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "keyfold/kms/identity/directory.h"
#include "keyfold/kms/identity/signing_keys.h"
#include "keyfold/kms/identity/snapshot.h"

namespace keyfold::identity {

class SealedDirectory final : public Directory {
 public:
  // `unknown` is the secret of access keys that do not exist.
  SealedDirectory(vault::SealedStore& store, const Clock& clock, SecretBytes unknown)
      : store_(store), clock_(clock), unknown_(std::move(unknown)) {}
  // Reads everything. Called once, before anything else.
  Outcome load();

  std::optional<Caller> find(const AccessKeyId& id) const override;
  Result<std::shared_ptr<const SecretBytes>> signing_key(const AccessKeyId& id, std::string_view date,
                                                         const Region& region, std::string_view service) const override;
  // The same for a secret that is not in the store: under `id`, which must be no access key's.
  Result<std::shared_ptr<const SecretBytes>> signing_key_of(const SecretBytes& secret, const AccessKeyId& id,
                                                            std::string_view date, const Region& region,
                                                            std::string_view service) const;

  std::vector<User> users(const AccountId& account) const override;
  std::vector<AccessKey> access_keys(const AccountId& account) const override;
  Outcome add_user(const User& user, const storage::OutboxRecord* event) override;
  Outcome add_user_with_key(const User& user, const NewAccessKey& key,
                            std::span<const storage::OutboxRecord> events) override;
  Outcome remove_user(const AccountId& account, const UserName& name, const storage::OutboxRecord* event) override;
  Outcome put_identity_policy(const AccountId& account, const UserName& name, std::string_view text,
                              const storage::OutboxRecord* event) override;
  Outcome add_access_key(const AccountId& account, const std::optional<UserName>& user, const NewAccessKey& key,
                         const storage::OutboxRecord* event) override;
  Outcome set_status(const AccountId& account, const AccessKeyId& id, KeyStatus status,
                     const storage::OutboxRecord* event) override;
  Outcome remove_access_key(const AccountId& account, const AccessKeyId& id,
                            const storage::OutboxRecord* event) override;
  Outcome reset_root(const AccountId& account, const NewAccessKey& key, const storage::OutboxRecord* event) override;

 private:
  // Null for an empty text. One document for all users that have the same text. Under mutex_.
  Result<std::shared_ptr<const Entitlements>> compile(const std::string& text);
  Outcome write_user_entry(const User& user, std::uint64_t expected_version, const storage::OutboxRecord* event);
  Outcome write_access_key_entry(const AccessKey& key, const SecretBytes& secret, std::uint64_t expected_version,
                                 std::vector<vault::Change> removals, const storage::OutboxRecord* event);
  void publish(const std::shared_ptr<const Snapshot>& next);

  vault::SealedStore& store_;
  const Clock& clock_;
  const SecretBytes unknown_;
  Published published_;
  mutable SigningKeys signing_keys_;
  std::mutex mutex_;  // One change after another.
  std::map<std::string, std::weak_ptr<const Entitlements>, std::less<>> compiled_;
};

}  // namespace keyfold::identity
