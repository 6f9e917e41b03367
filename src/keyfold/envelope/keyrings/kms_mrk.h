#pragma once
// Keyrings for multi-Region keys ("MRK-aware"), and several KMS keys at once, each asked in its Region. Spec:
// framework/aws-kms/aws-kms-mrk-keyring.md, aws-kms-multi-keyrings.md, aws-kms-mrk-multi-keyrings.md.
//
// One KMS key, named by its ARN, as with kms_keyring; but when it is a multi-Region key, the keyring also opens what
// was sealed under the same key in another Region, by asking in its own. It opens nothing else.

#include <optional>
#include <vector>

#include "keyfold/envelope/keyrings/keyring.h"
#include "keyfold/envelope/keyrings/kms_client.h"
#include "keyfold/envelope/keyrings/kms_key_name.h"

namespace keyfold::keyrings {

// `client` is the one for the key's Region. Shareable between threads, as its client is.
std::shared_ptr<const Keyring> kms_mrk_keyring(std::shared_ptr<KmsClient> client, const KmsKeyArn& key);

// A multi keyring (multi.h) of such keys: the first seals, all wrap, any opens. Without a generator it only opens, or
// wraps for another. Fails with `invalid_input`, and as `clients` does.
Result<std::shared_ptr<const Keyring>> kms_multi_keyring(KmsClients& clients, const std::optional<KmsKeyArn>& generator,
                                                         const std::vector<KmsKeyArn>& children);
// Likewise, aware of multi-Region keys; the same one in two Regions is refused: see failover.h.
Result<std::shared_ptr<const Keyring>> kms_mrk_multi_keyring(KmsClients& clients,
                                                             const std::optional<KmsKeyArn>& generator,
                                                             const std::vector<KmsKeyArn>& children);

}  // namespace keyfold::keyrings
