#pragma once
// Discovery keyrings: they open what any KMS key of given accounts has wrapped, and seal nothing. For readers of many
// keys that cannot be named beforehand; where they can, name them: whoever writes the message then has no say in which
// key is asked. Spec: framework/aws-kms/aws-kms-discovery-keyring.md, aws-kms-mrk-discovery-keyring.md,
// aws-kms-multi-keyrings.md and aws-kms-mrk-multi-keyrings.md.

#include <vector>

#include "keyfold/envelope/keyrings/keyring.h"
#include "keyfold/envelope/keyrings/kms_client.h"
#include "keyfold/envelope/keyrings/kms_key_name.h"

namespace keyfold::keyrings {

// Whose keys may be asked. Beyond the specification it is not optional: without one, any account's key would do that
// the caller may use, a stranger's included.
struct DiscoveryFilter {
  std::string partition = "aws";
  std::vector<std::string> accounts;  // 12 digits each; one at least.

  bool lets_through(const KmsKeyArn& key) const;
};
// Fails with `invalid_input`: no partition of AWS, no account, or something that is none.
Outcome check_discovery_filter(const DiscoveryFilter& filter);

// Asks each key in its own Region, by the client that `clients` has for it. With `regions`, keys elsewhere are not
// tried; this is the specification's discovery multi-keyring, but that no Region is asked for another's keys. Fails
// with `invalid_input`. Shareable between threads, as its clients are.
//
// A wrapped key of the provider "aws-kms" that does not name a key ARN fails the opening as a whole, as specified.
Result<std::shared_ptr<const Keyring>> kms_discovery_keyring(std::shared_ptr<KmsClients> clients,
                                                             DiscoveryFilter filter,
                                                             std::vector<std::string> regions = {});

// Asks the given Regions, in this order: for a multi-Region key whichever Region wrapped, for any other key its own
// Region if it is among them. Fails with `invalid_input`, also without a Region; and as `clients` does.
Result<std::shared_ptr<const Keyring>> kms_mrk_discovery_keyring(KmsClients& clients, const DiscoveryFilter& filter,
                                                                 const std::vector<std::string>& regions);

}  // namespace keyfold::keyrings
