#pragma once
// Snapshot: all users and access keys at one moment. Immutable once published; a change makes another one, which shares
// what did not change.

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "keyfold/kms/identity/directory.h"
#include "keyfold/kms/identity/signing_keys.h"

namespace keyfold::identity {

struct UserEntry {
  User user;
  std::uint64_t version = 0;                         // Of its record.
  std::shared_ptr<const Entitlements> entitlements;  // Null: none.
};

struct AccessKeyEntry {
  AccessKey key;
  vault::SealedRecord record;  // The secret, sealed.
};

struct Snapshot {
  using UserKey = std::pair<AccountId, UserName>;
  std::map<UserKey, std::shared_ptr<const UserEntry>> users;
  std::unordered_map<AccessKeyId, std::shared_ptr<const AccessKeyEntry>> access_keys;
  std::uint64_t epoch = 0;  // The store's revision that it is of.

  const UserEntry* find(const AccountId& account, const UserName& name) const {
    const auto at = users.find({account, name});
    return at == users.end() ? nullptr : at->second.get();
  }
  const AccessKeyEntry* find(const AccessKeyId& id) const {
    const auto at = access_keys.find(id);
    return at == access_keys.end() ? nullptr : at->second.get();
  }
  // The same, but not in another account.
  const AccessKeyEntry* find(const AccountId& account, const AccessKeyId& id) const {
    const auto* entry = find(id);
    return entry != nullptr && entry->key.account == account ? entry : nullptr;
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
