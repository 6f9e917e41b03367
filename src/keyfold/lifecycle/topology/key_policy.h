#pragma once
// The key policy that a domain's KMS key has in an environment. A pure function of the file; the same in every Region.
// docs/topology.md says in prose what it comes to:
//
//   Administration
//       the account (so nobody is locked out, and identity policies may name more administrators) and the
//       administrators: everything but use.
//   Describe
//       whoever uses the key, so that programs can tell a key that is not there from one they may not use.
//   Encrypt, Decrypt
//       encryptors and decryptors, each their half; only with `domain` and `environment` of this key in the encryption
//       context. A ReEncrypt is a decryption here and an encryption there.
//   UsersDoNotAdminister
//       a Deny: whoever uses the key changes nothing about it, whatever identity policy he has; the account's root and
//       the administrators remain.
//   OnlyThisDomain, OnlyThisEnvironment, OnlyEncryptors, OnlyDecryptors, NoGrants
//       the same as Denies, which bind everyone: so neither a grant, nor a statement that is added by hand, nor an
//       identity policy gets around them.
//
// With tenants the KMS sees the contexts of branch-key records, never those of messages (docs/formats/
// branch-key-records.md): there the pairs are `aws-crypto-ec:domain` and `aws-crypto-ec:environment`. ReadBranchKeys
// lets encryptors and decryptors, who are the same, Decrypt records; MakeBranchKeys and RewrapBranchKeys let keepers
// make, rotate and rewrap them, which needs no Decrypt: their ReEncrypt stays on this key (OnlyOnThisKey), so none
// reads one that way. Nothing else is anybody's.

#include <cstddef>
#include <string>

#include "keyfold/lifecycle/topology/document.h"

namespace keyfold::topology {

inline constexpr std::size_t key_policy_size_max = std::size_t{32} << 10;  // Bytes: AWS's quota.

// As read_policy() and write_policy() would have it.
std::string key_policy(const Topology& topology, const Domain& domain);
// Fails with `invalid_input`, naming the domain, when one would be larger than that.
Outcome check_key_policies(const Topology& topology);

}  // namespace keyfold::topology
