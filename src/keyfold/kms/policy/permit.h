#pragma once
// Permits: proof that a decision was made. Whatever unwraps key material or changes a key takes one and spends it.
// Move-only, used once; copying, or taking one operation's permit for another's, does not compile. Only Authorizer
// makes Permit and AccountPermit; only Maintenance makes MaintenancePermit. Making, moving and spending one allocates
// nothing on success. Values: not safe to use from several threads at once.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/inline_string.h"
#include "keyfold/core/base/named.h"
#include "keyfold/core/base/result.h"
#include "keyfold/kms/policy/operation.h"

namespace keyfold::policy {

// What the encryption context of the request hashes to. Opaque here: `keys` computes it and compares it.
using ContextDigest = ByteArray<32>;
// Which version of the key the decision was made on: KeyRecord::epoch.
using SnapshotEpoch = std::uint64_t;

class Authorizer;

namespace detail {

enum class Spent : std::uint8_t { no, yes };

// Spent by being moved from, too: what was moved from permits nothing.
class Once {
 public:
  Once() = default;
  Once(Once&& other) noexcept : state_(std::exchange(other.state_, Spent::yes)) {}
  Once& operator=(Once&& other) noexcept {
    state_ = std::exchange(other.state_, Spent::yes);
    return *this;
  }
  Once(const Once&) = delete;
  Once& operator=(const Once&) = delete;
  ~Once() = default;
  Spent take() { return std::exchange(state_, Spent::yes); }

 private:
  Spent state_ = Spent::no;
};

Error refused_permit(std::string_view why);
Error outdated_permit();

}  // namespace detail

// That this caller may do `Op` to this key with this encryption context, judged on this version of the key.
template <KeyOperation Op>
class [[nodiscard]] Permit {
 public:
  Permit(Permit&&) noexcept = default;
  Permit& operator=(Permit&&) noexcept = default;
  Permit(const Permit&) = delete;
  Permit& operator=(const Permit&) = delete;
  ~Permit() = default;

  const KeyArn& key() const { return key_; }
  SnapshotEpoch epoch() const { return epoch_; }

  // The one use. Spends the permit whatever the outcome. Fails with `internal` when it was spent before, or is for
  // another key or context (a mistake of ours, and nothing is done); with `conflict` when the key has changed since the
  // decision: decide anew.
  Outcome spend(const KeyArn& key, const ContextDigest& context, SnapshotEpoch epoch) {
    if (once_.take() == detail::Spent::yes) return detail::refused_permit("was spent before");
    if (key != key_) return detail::refused_permit("is for another key");
    if (!equal_in_constant_time(context, context_)) return detail::refused_permit("is for another encryption context");
    if (epoch != epoch_) return detail::outdated_permit();
    return ok();
  }

 private:
  friend class Authorizer;
  Permit(const KeyArn& key, const ContextDigest& context, SnapshotEpoch epoch)
      : key_(key), context_(context), epoch_(epoch) {}
  KeyArn key_;
  ContextDigest context_;
  SnapshotEpoch epoch_;
  detail::Once once_;
};

// That this caller may do `Op` in this account (CreateKey, ListKeys, …), or to this alias of it.
template <Operation Op>
  requires(AccountOperation<Op> || AliasOperation<Op>)
class [[nodiscard]] AccountPermit {
 public:
  AccountPermit(AccountPermit&&) noexcept = default;
  AccountPermit& operator=(AccountPermit&&) noexcept = default;
  AccountPermit(const AccountPermit&) = delete;
  AccountPermit& operator=(const AccountPermit&) = delete;
  ~AccountPermit() = default;

  const AccountId& account() const { return account_; }

  // The one use, as Permit::spend.
  Outcome spend(const AccountId& account)
    requires AccountOperation<Op>
  {
    return spend(account, "*");
  }
  Outcome spend(const AliasArn& alias)
    requires AliasOperation<Op>
  {
    return spend(account_, alias.text());
  }

 private:
  friend class Authorizer;
  AccountPermit(const AccountId& account, std::string_view resource) : account_(account), resource_(resource) {}
  Outcome spend(const AccountId& account, std::string_view resource) {
    if (once_.take() == detail::Spent::yes) return detail::refused_permit("was spent before");
    if (account != account_) return detail::refused_permit("is for another account");
    if (resource != resource_.view()) return detail::refused_permit("is for another resource");
    return ok();
  }
  AccountId account_;
  InlineString<AliasArnTag::size_max> resource_;  // "*" or the alias ARN.
  detail::Once once_;
};

// What the server does on its own account, when the time has come.
enum class MaintenanceTask : std::uint8_t {
  rotate,   // Give a key its next material: automatic rotation.
  destroy,  // Remove a key whose deletion window is over.
};

// The scheduler's permit. It is no Permit<Op>, so it reaches neither Encrypt nor Decrypt nor anything a caller may ask.
class [[nodiscard]] MaintenancePermit {
 public:
  MaintenancePermit(MaintenancePermit&&) noexcept = default;
  MaintenancePermit& operator=(MaintenancePermit&&) noexcept = default;
  MaintenancePermit(const MaintenancePermit&) = delete;
  MaintenancePermit& operator=(const MaintenancePermit&) = delete;
  ~MaintenancePermit() = default;

  const KeyArn& key() const { return key_; }
  // The one use, as Permit::spend. There is no epoch: whether the time has come is judged again when it is used.
  Outcome spend(const KeyArn& key, MaintenanceTask task);

 private:
  friend class Maintenance;
  MaintenancePermit(const KeyArn& key, MaintenanceTask task) : key_(key), task_(task) {}
  KeyArn key_;
  MaintenanceTask task_;
  detail::Once once_;
};

// Who may do maintenance: main() makes one and hands it to the scheduler, and to nobody else.
class Maintenance {
 public:
  Maintenance() = default;
  Maintenance(const Maintenance&) = delete;
  Maintenance& operator=(const Maintenance&) = delete;
  ~Maintenance() = default;
  MaintenancePermit permit(const KeyArn& key, MaintenanceTask task) const { return {key, task}; }
};

}  // namespace keyfold::policy
