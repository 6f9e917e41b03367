#pragma once
// Directory: who the callers are, and the keys that prove it. Users, their access keys, and each account's root. Two
// small interfaces: Callers for every request, Administration for those who make users. The secret of an access key
// never leaves the room once it was handed to its owner: requests are verified with a key derived from it for one day,
// Region and service.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "keyfold/core/base/clock.h"
#include "keyfold/core/base/inline_string.h"
#include "keyfold/core/base/named.h"
#include "keyfold/core/base/random.h"
#include "keyfold/core/base/secret.h"
#include "keyfold/kms/policy/authorizer.h"
#include "keyfold/kms/policy/document.h"
#include "keyfold/kms/storage/outbox.h"
#include "keyfold/kms/vault/sealed_store.h"

namespace keyfold::identity {

using policy::PrincipalType;

struct UserNameTag {
  static constexpr std::string_view what = "a user name (1 to 64 of A-Z a-z 0-9 + = , . @ _ -)";
  static constexpr std::size_t size_max = 64;
  static bool valid(std::string_view text);
};
using UserName = Named<UserNameTag>;
struct UserIdTag {
  static constexpr std::string_view what = "a user id";
  static constexpr std::size_t size_max = 21;
  static bool valid(std::string_view text);
};
using UserId = Named<UserIdTag>;  // "AIDA" and 17 of A-Z 2-7; never used twice, unlike names.

PrincipalArn user_arn(const AccountId& account, const UserName& name);
PrincipalArn root_arn(const AccountId& account);

// What a principal's policies allow him, compiled. Immutable, so it may be shared.
struct Entitlements {
  std::vector<std::shared_ptr<const policy::Document>> documents;
  std::vector<const policy::Document*> identity;  // Of `documents`.
};

// Whoever an access key belongs to. A value: copying it allocates nothing.
struct Caller {
  AccountId account;
  PrincipalArn arn;
  PrincipalType type = PrincipalType::user;
  AccessKeyId access_key_id;
  std::optional<UserId> user_id;                     // None for the root: its principal id is the account's.
  std::optional<UserName> user_name;                 // Likewise.
  std::shared_ptr<const Entitlements> entitlements;  // Null: none.

  std::string_view principal_id() const { return user_id ? user_id->text() : account.text(); }
  // For Authorizer; views into this.
  policy::Caller for_policy() const {
    return {.arn = arn.text(),
            .account = account,
            .type = type,
            .identity = entitlements ? policy::Documents(entitlements->identity) : policy::Documents()};
  }
};

// Safe to use from several threads. A key that was deactivated or deleted is unknown as soon as the call that did so
// has returned.
class Callers {
 public:
  virtual ~Callers() = default;

  // Whose access key it is; none when there is no such key, or it is inactive. Allocates nothing.
  virtual std::optional<Caller> find(const AccessKeyId& id) const = 0;

  // The key that verifies what this access key signed (sigv4/verify.h). For a key that find() does not know, a key that
  // verifies nothing, at the same cost: whether a key exists does not show in the time. Cached, with a bound: allocates
  // nothing when it was asked for before. Fails with `unavailable` when the secret arena is full, with `corrupt` when
  // the stored secret is not what was stored.
  virtual Result<std::shared_ptr<const SecretBytes>> signing_key(const AccessKeyId& id, std::string_view date,
                                                                 const Region& region,
                                                                 std::string_view service) const = 0;
};

enum class KeyStatus : std::uint8_t { active = 1, inactive = 2 };
inline constexpr std::size_t access_keys_per_user_max = 2;  // For the root, too.
inline constexpr std::size_t users_per_account_max = 5000;  // AWS's quota.

struct User {
  AccountId account;
  UserName name;
  UserId id;
  Timestamp created;
  std::string identity_policy;  // Its text; empty: none.
  PrincipalArn arn() const { return user_arn(account, name); }
};

struct AccessKey {
  AccessKeyId id;
  AccountId account;
  std::optional<UserName> user;  // None: the root's.
  KeyStatus status = KeyStatus::active;
  Timestamp created;
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
  // Empty text: none any more. Fails with `not_found` or `malformed_policy_document`.
  virtual Outcome put_identity_policy(const AccountId& account, const UserName& name, std::string_view text,
                                      const storage::OutboxRecord* event) = 0;

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

class Directory : public Callers, public Administration {};

// What the sealed store holds. `store`, `clock` and `random` must outlive it; it must be the only one that writes these
// records. Fails as SealedStore::scan, and with `corrupt` when a record cannot be read.
Result<std::unique_ptr<Directory>> open_directory(vault::SealedStore& store, const Clock& clock, Random& random);

// The same for development: besides those users, access key `test` with secret `test` is the root of `account`, and any
// 12 digits with secret `test` are the root of the account that they name. Refused (`invalid_input`) on a store that is
// not a development server's.
Result<std::unique_ptr<Directory>> open_dev_directory(vault::SealedStore& store, const Clock& clock, Random& random,
                                                      const AccountId& account);

}  // namespace keyfold::identity
