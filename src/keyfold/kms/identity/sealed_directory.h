#pragma once
// SealedDirectory: the Directory that a sealed store holds.

#include <memory>
#include <mutex>
#include <string>

#include "keyfold/kms/identity/directory.h"
#include "keyfold/kms/identity/entitlements.h"
#include "keyfold/kms/identity/session.h"
#include "keyfold/kms/identity/signing_keys.h"
#include "keyfold/kms/identity/snapshot.h"

namespace keyfold::identity {

class SealedDirectory : public Directory {
 public:
  // `unknown` is the secret of access keys that do not exist.
  SealedDirectory(vault::SealedStore& store, const Clock& clock, SecretBytes unknown)
      : store_(store), clock_(clock), unknown_(std::move(unknown)), sessions_(store) {}
  // Reads everything. Called once, before anything else.
  Outcome load();

  std::optional<Caller> find(const AccessKeyId& id, std::string_view token) const override;
  Result<std::shared_ptr<const SecretBytes>> signing_key(const AccessKeyId& id, std::string_view date,
                                                         const Region& region, std::string_view service,
                                                         std::string_view token) const override;
  void note_use(const AccessKeyId& id, const Region& region, std::string_view service) const override;

  std::shared_ptr<const Snapshot> snapshot() const override { return published_.get(); }
  Outcome change(FunctionRef<Outcome(Edit&)> edit) override;
  Result<Credentials> seal_session(const SessionClaims& claims, Random& random) override;
  Outcome write_last_used() override;

  std::vector<User> users(const AccountId& account) const override;
  std::vector<AccessKey> access_keys(const AccountId& account) const override;
  Outcome add_user(const User& user, const storage::OutboxRecord* event) override;
  Outcome add_user_with_key(const User& user, const NewAccessKey& key,
                            std::span<const storage::OutboxRecord> events) override;
  Outcome remove_user(const AccountId& account, const UserName& name, const storage::OutboxRecord* event) override;
  Outcome add_access_key(const AccountId& account, const std::optional<UserName>& user, const NewAccessKey& key,
                         const storage::OutboxRecord* event) override;
  Outcome set_status(const AccountId& account, const AccessKeyId& id, KeyStatus status,
                     const storage::OutboxRecord* event) override;
  Outcome remove_access_key(const AccountId& account, const AccessKeyId& id,
                            const storage::OutboxRecord* event) override;
  Outcome reset_root(const AccountId& account, const NewAccessKey& key, const storage::OutboxRecord* event) override;

 protected:
  // The same for a secret that is not in the store: under `id`, which must be no access key's.
  Result<std::shared_ptr<const SecretBytes>> signing_key_of(const SecretBytes& secret, const AccessKeyId& id,
                                                            std::string_view date, const Region& region,
                                                            std::string_view service, std::uint64_t epoch = 0) const;
  // Whether no access key may have this id.
  virtual bool is_reserved(const AccessKeyId&) const { return false; }

 private:
  Outcome load_entities(Snapshot& snapshot);
  Outcome load_access_keys(Snapshot& snapshot);
  Outcome load_key_uses(Snapshot& snapshot);
  Outcome resolve_all(Snapshot& snapshot);
  Outcome change(FunctionRef<Outcome(Edit&)> edit, std::span<const storage::OutboxRecord> events);
  Outcome change(FunctionRef<Outcome(Edit&)> edit, const storage::OutboxRecord* event) {
    return change(edit, std::span(event, event == nullptr ? 0 : 1));
  }
  void publish(const std::shared_ptr<const Snapshot>& next);

  vault::SealedStore& store_;
  const Clock& clock_;
  const SecretBytes unknown_;
  Published published_;
  mutable SigningKeys signing_keys_;
  Sessions sessions_;
  std::mutex mutex_;  // One change after another. Guards the compiler.
  Compiler compiler_;
};

}  // namespace keyfold::identity
