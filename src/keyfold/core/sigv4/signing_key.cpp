#include "keyfold/core/sigv4/signing_key.h"

#include <cstring>

#include "keyfold/core/base/try.h"
#include "keyfold/core/crypto/digest.h"
#include "keyfold/core/sigv4/canonical.h"

namespace keyfold::sigv4 {

Result<SecretBytes> derive_signing_key(const SecretBytes& secret_access_key, std::string_view date,
                                       const Region& region, std::string_view service) {
  constexpr std::string_view prefix = "AWS4";
  const auto secret = secret_access_key.reveal();
  TRY_ASSIGN(auto start, SecretBytes::zeroed(prefix.size() + secret.size()));
  std::ranges::copy(as_bytes(prefix), start.fill().begin());
  std::ranges::copy(secret, start.fill().begin() + prefix.size());
  TRY_ASSIGN(auto key, SecretBytes::zeroed(std::tuple_size_v<crypto::Sha256Digest>));

  BytesView from = start.reveal();
  for (const auto part : {date, region.text(), service, scope_end}) {
    auto next = crypto::hmac_sha256(from, as_bytes(part));
    std::ranges::copy(next, key.fill().begin());
    wipe(next);
    from = key.reveal();
  }
  return key;
}

}  // namespace keyfold::sigv4
