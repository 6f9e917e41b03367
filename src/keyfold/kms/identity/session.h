#pragma once
// Session: temporary credentials at work. Opened from its token, resolved against the snapshot in force (its role's
// policies of now decide, not those of when it began), and kept for the next request.

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "keyfold/kms/identity/directory.h"
#include "keyfold/kms/identity/session_token.h"
#include "keyfold/kms/identity/signing_keys.h"
#include "keyfold/kms/identity/snapshot.h"

namespace keyfold::identity {

struct Session {
  SessionClaims claims;
  PrincipalArn arn;                  // The session's, or the user's.
  std::string principal_id;          // "AROA…:name", or the user's id.
  std::string issued;                // As audit records have it.
  std::optional<PrincipalArn> role;  // Whose session it is; none: a user's.
  std::optional<UserId> user_id;
  std::optional<UserName> user_name;
  std::shared_ptr<const Entitlements> entitlements;
};

// Opened sessions. Bounded; a hit allocates nothing and takes a lock that a thread shares with few others. Only what
// opened is kept, so strangers cannot push out what is in use.
class Sessions {
 public:
  static constexpr std::size_t slots_per_stripe = 128;

  explicit Sessions(const vault::SealedStore& store) : store_(store) {}

  struct Opened {
    std::string token;
    SecretBytes secret;
    std::shared_ptr<const Session> session;
    std::uint64_t epoch = 0;  // Of the snapshot that it was resolved against.
  };
  // Null when the token is not this key's, or not of this store, or its user or role is gone.
  std::shared_ptr<const Opened> open(const AccessKeyId& id, std::string_view token, const Snapshot& snapshot) const;

 private:
  struct alignas(64) Stripe {
    std::mutex mutex;
    std::array<std::shared_ptr<const Opened>, slots_per_stripe> slots;
  };
  const vault::SealedStore& store_;
  mutable std::array<Stripe, stripe_count> stripes_;
};

}  // namespace keyfold::identity
