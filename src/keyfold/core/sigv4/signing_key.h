#pragma once
// The key that signs: derived from a secret access key for one day, Region and service.

#include <string_view>

#include "keyfold/core/base/named.h"
#include "keyfold/core/base/secret.h"

namespace keyfold::sigv4 {

// AWS IAM User Guide, "Create a signed AWS API request", step 4:
// HMAC(HMAC(HMAC(HMAC("AWS4" ‖ secret, date), region), service), "aws4_request"); 32 bytes. `date` is "20150830".
// Safe from any thread. Fails with `unavailable` when the secret arena is full.
Result<SecretBytes> derive_signing_key(const SecretBytes& secret_access_key, std::string_view date,
                                       const Region& region, std::string_view service);

}  // namespace keyfold::sigv4
