#pragma once
// What a session token says, and its bytes: docs/formats/session-token.md. The token is sealed (vault/sealed_token.h),
// and nothing of a session is stored: it lives for as long as it says, its user or role lives, and the storage key.

#include <string>
#include <string_view>
#include <vector>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/secret.h"
#include "keyfold/kms/identity/entities.h"

namespace keyfold::identity {

inline constexpr std::string_view session_token_label = "keyfold/session-token/v1";
// Bytes of base64: what is longer was not given out here.
inline constexpr std::size_t session_token_size_max = 12288;
// Bytes of session policy, policy ARNs and tags, packed: what a session may carry.
inline constexpr std::size_t session_packed_size_max = 6144;
inline constexpr std::size_t session_policy_size_max = 2048;  // Characters.
inline constexpr std::size_t session_policy_arns_max = 10;

// A managed policy as a session policy. The id decides: one made anew under the ARN is another one.
struct SessionPolicy {
  std::string arn;
  std::string id;  // Empty: the token is of format version 1, which has none.
  friend bool operator==(const SessionPolicy&, const SessionPolicy&) = default;
};

struct SessionClaims {
  enum class Kind : std::uint8_t {
    user = 1,  // GetSessionToken: the user himself.
    role = 2,  // AssumeRole.
  };
  Kind kind = Kind::role;
  AccountId account;
  AccessKeyId access_key;      // What the session signs with.
  std::string name;            // Whose session it is, by name, where it is looked up,
  std::string id;              // and by id, which decides: a role made anew under the name is another one.
  std::string session_name{};  // Of a role's.
  Timestamp issued{};
  Timestamp expires{};
  std::string policy{};  // Session policy; empty: none.
  std::vector<SessionPolicy> managed{};
  std::vector<Tag> tags{};  // Session tags.

  std::size_t packed_size() const;
};

// The value to seal. Fails with `unavailable` when the secret arena is full.
Result<SecretBytes> write_session_claims(const SessionClaims& claims, const SecretBytes& secret);

struct ReadSessionClaims {
  SessionClaims claims;
  SecretBytes secret;
};
// Total on any bytes. Fails with `invalid_input`.
Result<ReadSessionClaims> read_session_claims(BytesView value);

}  // namespace keyfold::identity
