#pragma once
// Directory: who the callers are, and the keys that prove it. Users, groups, roles, their policies, access keys,
// sessions, and each account's root. Three small interfaces: Callers for every request, Administration for those who
// make users on the server's own machine, Entities for the IAM API. The secret of an access key
// never leaves the room once it was handed to its owner: requests are verified with a key derived from it for one day,
// Region and service.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "keyfold/core/base/clock.h"
#include "keyfold/core/base/function_ref.h"
#include "keyfold/core/base/named.h"
#include "keyfold/core/base/random.h"
#include "keyfold/core/base/secret.h"
#include "keyfold/kms/identity/entities.h"
#include "keyfold/kms/identity/entitlements.h"
#include "keyfold/kms/policy/authorizer.h"
#include "keyfold/kms/storage/outbox.h"
#include "keyfold/kms/vault/sealed_store.h"

namespace keyfold::identity {

using policy::PrincipalType;

struct Session;        // session.h
struct SessionClaims;  // session_token.h

// Whoever an access key belongs to. A value: copying it allocates nothing.
struct Caller {
  AccountId account;
  PrincipalArn arn;  // Of a role's session: the session's.
  PrincipalType type = PrincipalType::user;
  AccessKeyId access_key_id;
  std::optional<UserId> user_id;                       // Of a user; his session has it too.
  std::optional<UserName> user_name;                   // Likewise.
  std::shared_ptr<const Entitlements> entitlements{};  // Null: a root's.
  std::shared_ptr<const Session> session{};            // Null: the access key is not a session's.

  // "AIDA…"; of a role's session "AROA…:name"; the root's is the account's id.
  std::string_view principal_id() const;
  // When it ends; none: it does not.
  std::optional<Timestamp> expires() const;
  // For Authorizer; views into this.
  policy::Caller for_policy() const;
};

// Safe to use from several threads. A key that was deactivated or deleted is unknown as soon as the call that did so
// has returned; so is the session of a user or a role that was deleted.
class Callers {
 public:
  virtual ~Callers() = default;

  // Whose access key it is; none when there is no such key, or it is inactive. For a session's key, `token` is the
  // session token that came with it: without it, or when it is not one that this store gave out with this key, the key
  // is unknown. A session that has expired is still known: look at expires(). Allocates nothing for a key that was
  // asked for before.
  virtual std::optional<Caller> find(const AccessKeyId& id, std::string_view token = {}) const = 0;

  // The key that verifies what this access key signed (sigv4/verify.h). For a key that find() does not know, a key that
  // verifies nothing, at the same cost: whether a key exists does not show in the time. Cached, with a bound: allocates
  // nothing when it was asked for before. Fails with `unavailable` when the secret arena is full, with `corrupt` when
  // the stored secret is not what was stored.
  virtual Result<std::shared_ptr<const SecretBytes>> signing_key(const AccessKeyId& id, std::string_view date,
                                                                 const Region& region, std::string_view service,
                                                                 std::string_view token = {}) const = 0;

  // A request of this key was served. Allocates nothing, and writes nothing to the store.
  virtual void note_use(const AccessKeyId& id, const Region& region, std::string_view service) const = 0;
};

// An access key before it is added: made beforehand, so that the audit event can name it.
struct NewAccessKey {
  AccessKeyId id;      // "AKIA" and 16 of A-Z 2-7.
  SecretBytes secret;  // 40 characters. Shown to its owner once; afterwards only the sealed store has it.
};
Result<NewAccessKey> make_access_key(Random& random);
User make_user(const AccountId& account, const UserName& name, std::string_view identity_policy, const Clock& clock,
               Random& random);

// Safe to use from several threads. Every mutator commits `event` (if not null) in the same transaction, and is in
// force for the next request when it returns. Each fails as SealedStore::commit beyond what it says; then nothing has
// changed.
class Administration {
 public:
  virtual ~Administration() = default;

  virtual std::vector<User> users(const AccountId& account) const = 0;             // By name.
  virtual std::vector<AccessKey> access_keys(const AccountId& account) const = 0;  // By id.

  // Fails with `already_exists`, with `limit_exceeded` at users_per_account_max, and with `malformed_policy_document`
  // when the user's identity policy is not one.
  virtual Outcome add_user(const User& user, const storage::OutboxRecord* event) = 0;
  // With its first access key: both in one transaction, or neither. Fails as add_user and add_access_key.
  virtual Outcome add_user_with_key(const User& user, const NewAccessKey& key,
                                    std::span<const storage::OutboxRecord> events) = 0;
  // With its access keys. Fails with `not_found`.
  virtual Outcome remove_user(const AccountId& account, const UserName& name, const storage::OutboxRecord* event) = 0;

  // For the root when `user` is none. Fails with `not_found`, with `already_exists` when the id is in use, and with
  // `limit_exceeded` at access_keys_per_user_max.
  virtual Outcome add_access_key(const AccountId& account, const std::optional<UserName>& user, const NewAccessKey& key,
                                 const storage::OutboxRecord* event) = 0;
  // Both fail with `not_found` when the account has no such key.
  virtual Outcome set_status(const AccountId& account, const AccessKeyId& id, KeyStatus status,
                             const storage::OutboxRecord* event) = 0;
  virtual Outcome remove_access_key(const AccountId& account, const AccessKeyId& id,
                                    const storage::OutboxRecord* event) = 0;

  // `key` becomes the root's only one: all that it had are removed in the same transaction.
  virtual Outcome reset_root(const AccountId& account, const NewAccessKey& key, const storage::OutboxRecord* event) = 0;
};

struct Snapshot;  // snapshot.h
class Edit;       // edit.h

// All entities, to be read and changed. Safe to use from several threads.
class Entities {
 public:
  virtual ~Entities() = default;

  virtual std::shared_ptr<const Snapshot> snapshot() const = 0;
  // Lets `edit` change things, and commits what it did, with the events that it recorded, in one transaction. In force
  // for the next request when it returns. One after another. Fails as `edit`, as SealedStore::commit, and with
  // `malformed_policy_document`; then nothing has changed.
  virtual Outcome change(FunctionRef<Outcome(Edit&)> edit) = 0;

  // Gives out what a session is to sign with. Fails as SealedStore::seal_token.
  struct Credentials {
    AccessKeyId id;
    SecretBytes secret;
    std::string token;  // Base64. Whoever has it and the secret is the session.
  };
  virtual Result<Credentials> seal_session(const SessionClaims& claims, Random& random) = 0;

  // Writes down when access keys were used last, as far as that was not yet: what
  // has not been written is lost when the process is killed.
  virtual Outcome write_last_used() = 0;
};

class Directory : public Callers, public Administration, public Entities {};

// What the sealed store holds. `store`, `clock` and `random` must outlive it; it must be the only one that writes these
// records. Fails as SealedStore::scan, and with `corrupt` when a record cannot be read.
Result<std::unique_ptr<Directory>> open_directory(vault::SealedStore& store, const Clock& clock, Random& random);

// The same for development: besides those users, access key `test` with secret `test` is the root of `account`, and any
// 12 digits with secret `test` are the root of the account that they name. Refused (`invalid_input`) on a store that is
// not a development server's.
Result<std::unique_ptr<Directory>> open_dev_directory(vault::SealedStore& store, const Clock& clock, Random& random,
                                                      const AccountId& account);

}  // namespace keyfold::identity
