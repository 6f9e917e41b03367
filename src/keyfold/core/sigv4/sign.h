#pragma once
// Signing a request of our own with AWS Signature Version 4.

#include <string>

#include "keyfold/core/base/clock.h"
#include "keyfold/core/base/named.h"
#include "keyfold/core/base/secret.h"
#include "keyfold/core/sigv4/request.h"

namespace keyfold::sigv4 {

struct Credentials {
  std::string access_key_id;
  SecretBytes secret_access_key;
  SecretBytes session_token;  // Empty: none.
};

// The headers to send beside those that were signed. Not secret, but for the session token: wipe it after use.
struct SignatureHeaders {
  std::string authorization;       // Authorization
  std::string amz_date;            // X-Amz-Date
  std::string amz_security_token;  // X-Amz-Security-Token; empty: do not send it.
};

// Signs all of `request.headers` (so leave out what a proxy may change), and the headers it returns. Host must be among
// them. Safe from any thread. Fails with `invalid_input` when the request cannot be signed: no Host, headers that
// signing adds itself, too many, or a malformed path or query; with `unavailable` when the secret arena is full.
Result<SignatureHeaders> sign(const RequestView& request, const Credentials& credentials, const Region& region,
                              std::string_view service, Timestamp now);

}  // namespace keyfold::sigv4
