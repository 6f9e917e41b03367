#pragma once
// A domain of a topology, for those who seal and open in it: key, encryption context, suite and cache as the file says.
//
//   auto topology = keyfold::read_topology("topology.toml");
//   auto manager = keyfold::open_domain(*topology, {.environment = "production", .domain = "payments/cards",
//                                       .region = "eu-central-1"}, {.kms = kms});
//   keyfold::Envelope envelope(*manager);
//   auto sealed = envelope.seal("text");
//
// Which environment it is must be said: there is no default, and nothing is guessed.

#include <functional>
#include <memory>
#include <string>

#include "keyfold/envelope/client/keyring_config.h"
#include "keyfold/envelope/keyrings/materials_manager.h"
#include "keyfold/lifecycle/topology/document.h"

namespace keyfold::topology {

struct DomainChoice {
  std::string environment, domain;
  std::string region;  // Whose key is used: `kms` is to be of it.
};

struct DomainSources {
  std::shared_ptr<keyrings::KmsClient> kms;  // For a domain without tenants.
  // For one with tenants: the store of its branch keys. `key` of what is wanted is an alias ARN. Asked when a branch
  // key is needed for the first time, and again when it failed.
  std::function<Result<std::shared_ptr<keyrings::BranchKeyStore>>(const client::BranchKeyStoreWanted& wanted)>
      branch_keys = {};
};

// Safe to use from several threads at once. Asks nobody anything yet.
//
// Sealing adds `domain` and `environment` to the encryption context; it fails with `wrong_domain` when they are there
// with another value. Where readers must not be able to write, messages are signed: suite 0x0578, whatever other suite
// with commitment was asked for; an older one is refused (`invalid_input`).
//
// Opening a message of another domain or environment, or of none, fails with `wrong_domain` before a key is asked for
// anywhere. (What the message says of itself is then proved: its key is bound to it.)
//
// Where messages are signed, one that is not fails with `authentication`, likewise before, unless the file says that
// the domain opens_unsigned.
//
// Fails with `invalid_input` when the topology has no such domain, environment or Region, or when what the domain needs
// is not among the sources.
Result<std::shared_ptr<keyrings::MaterialsManager>> open_domain(const Topology& topology, const DomainChoice& choice,
                                                                DomainSources sources);

// The ARN of the alias that names the domain's key in a Region.
std::string key_alias_arn(const Topology& topology, const Domain& domain, const Region& region);

}  // namespace keyfold::topology
