#pragma once
// GrantRecord: one grant on one key, as CreateGrant made it. Immutable, so it may be shared between threads; nothing in
// it is secret.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "keyfold/core/base/clock.h"
#include "keyfold/core/base/encryption_context.h"
#include "keyfold/core/base/named.h"
#include "keyfold/kms/keys/record.h"
#include "keyfold/kms/policy/grant.h"

namespace keyfold::keys {

inline constexpr std::size_t grants_max = 50'000;        // Per key.
inline constexpr std::size_t constraint_pairs_max = 8;   // Per grant.
inline constexpr std::size_t constraint_size_max = 384;  // Characters: keys and values together.
inline constexpr std::size_t grant_name_size_max = 256;  // Bytes.

// What CreateGrant asks for.
struct NewGrant {
  AccountId issuer;        // Whose principal made it.
  std::string name{};      // Empty: none.
  std::string grantee{};   // An ARN.
  std::string retiring{};  // Likewise; empty: none.
  policy::GrantOperations operations{};
  policy::GrantConstraint::Kind constraint = policy::GrantConstraint::Kind::none;
  EncryptionContext pairs{};

  friend bool operator==(const NewGrant&, const NewGrant&) = default;
};

class GrantRecord {
 public:
  // It is a CHECK that grantee and retiring principal are principals' ARNs (policy::GrantPrincipal).
  GrantRecord(const KeyArn& key, const GrantId& id, NewGrant what, Timestamp created, std::uint64_t epoch);
  GrantRecord(const GrantRecord&) = delete;
  GrantRecord& operator=(const GrantRecord&) = delete;
  ~GrantRecord() = default;

  const KeyArn& key() const { return key_; }
  GrantId id() const;
  const NewGrant& what() const { return what_; }
  Timestamp created() const { return created_; }
  std::uint64_t epoch() const { return epoch_; }  // The store's revision that wrote it.
  const policy::Grant& for_policy() const { return for_policy_; }
  const ContextView& pairs() const { return for_policy_.terms.constraint.pairs; }
  // "<key id>.<grant id>": what its record is called, and the order of lists.
  const std::string& record_id() const { return record_id_; }

 private:
  KeyArn key_;
  NewGrant what_;
  Timestamp created_;
  std::uint64_t epoch_;
  std::string record_id_;
  std::string label_;
  std::vector<ContextPair> pairs_;
  policy::Grant for_policy_;  // Views of the above.
};

using Grant = std::shared_ptr<const GrantRecord>;

}  // namespace keyfold::keys
