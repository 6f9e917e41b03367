#pragma once
// Snapshot: all that there is of identities at one moment. Immutable once published; a change makes another one, which
// shares what did not change.

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "keyfold/kms/identity/directory.h"
#include "keyfold/kms/identity/entitlements.h"
#include "keyfold/kms/identity/last_used.h"
#include "keyfold/kms/identity/signing_keys.h"

namespace keyfold::identity {

struct UserEntry {
  User user;
  std::uint64_t version = 0;  // Of its record.
  std::shared_ptr<const Entitlements> entitlements;
};

struct GroupEntry {
  Group group;
  std::uint64_t version = 0;
};

struct RoleEntry {
  Role role;
  std::uint64_t version = 0;
  std::shared_ptr<const policy::Document> trust;
  std::shared_ptr<const Entitlements> entitlements;
};

struct PolicyEntry {
  ManagedPolicy policy;
  std::uint64_t version = 0;
  std::shared_ptr<const policy::Document> for_sessions;  // The default version, as a session policy.
};

struct AccessKeyEntry {
  AccessKey key;
  vault::SealedRecord record;  // The secret, sealed.
  std::shared_ptr<LastUsed> last_used = std::make_shared<LastUsed>();
  std::uint64_t use_version = 0;  // Of the record of its last use; 0: there is none.
};

inline const User& entity_of(const UserEntry& entry) { return entry.user; }
inline const Group& entity_of(const GroupEntry& entry) { return entry.group; }
inline const Role& entity_of(const RoleEntry& entry) { return entry.role; }
inline const ManagedPolicy& entity_of(const PolicyEntry& entry) { return entry.policy; }

template <class Name, class Entry>
using ByName = std::map<std::pair<AccountId, Name>, std::shared_ptr<const Entry>>;

struct Snapshot {
  ByName<UserName, UserEntry> users;
  ByName<GroupName, GroupEntry> groups;
  ByName<RoleName, RoleEntry> roles;
  ByName<PolicyName, PolicyEntry> policies;
  std::unordered_map<AccessKeyId, std::shared_ptr<const AccessKeyEntry>> access_keys;
  std::uint64_t epoch = 0;  // The store's revision that it is of.

  const UserEntry* find(const AccountId& account, const UserName& name) const { return find_in(users, account, name); }
  const GroupEntry* find(const AccountId& account, const GroupName& name) const {
    return find_in(groups, account, name);
  }
  const RoleEntry* find(const AccountId& account, const RoleName& name) const { return find_in(roles, account, name); }
  const PolicyEntry* find(const AccountId& account, const PolicyName& name) const {
    return find_in(policies, account, name);
  }
  // By the whole ARN, path included.
  const PolicyEntry* find_policy(std::string_view arn) const;
  const UserEntry* find_user(std::string_view arn) const;
  const RoleEntry* find_role(std::string_view arn) const;
  const AccessKeyEntry* find(const AccessKeyId& id) const {
    const auto at = access_keys.find(id);
    return at == access_keys.end() ? nullptr : at->second.get();
  }
  // The same, but not in another account.
  const AccessKeyEntry* find(const AccountId& account, const AccessKeyId& id) const {
    const auto* entry = find(id);
    return entry != nullptr && entry->key.account == account ? entry : nullptr;
  }
  // By id.
  std::vector<const AccessKeyEntry*> keys_of(const AccountId& account, const std::optional<UserName>& user) const;

  // visit(entry) for all of an account, by name.
  template <class Name, class Entry, class Visit>
  static void each_in(const ByName<Name, Entry>& entries, const AccountId& account, Visit&& visit) {
    for (const auto& [key, entry] : entries)
      if (key.first == account) visit(*entry);
  }

 private:
  template <class Name, class Entry>
  static const Entry* find_in(const ByName<Name, Entry>& entries, const AccountId& account, const Name& name) {
    const auto at = entries.find({account, name});
    return at == entries.end() ? nullptr : at->second.get();
  }
};

// The snapshot in force. Each thread takes it under a lock that it shares with few others.
class Published {
 public:
  std::shared_ptr<const Snapshot> get() const {
    const Stripe& stripe = stripes_[stripe_of_this_thread()];
    const std::scoped_lock lock(stripe.mutex);
    return stripe.snapshot;
  }
  // In force for every get() that starts after it returned.
  void set(const std::shared_ptr<const Snapshot>& snapshot) {
    for (Stripe& stripe : stripes_) {
      auto old = snapshot;  // What was there goes outside of the lock.
      const std::scoped_lock lock(stripe.mutex);
      stripe.snapshot.swap(old);
    }
  }

 private:
  struct alignas(64) Stripe {
    mutable std::mutex mutex;
    std::shared_ptr<const Snapshot> snapshot = std::make_shared<const Snapshot>();
  };
  std::array<Stripe, stripe_count> stripes_;
};

}  // namespace keyfold::identity
