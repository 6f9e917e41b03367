#pragma once
// MaterialsManager: turns a request to seal or open into materials. (The specification's CMM.) Spec:
// framework/cmm-interface.md, framework/default-cmm.md.

#include <memory>
#include <optional>

#include "keyfold/envelope/keyrings/keyring.h"
#include "keyfold/envelope/materials/commitment_policy.h"
#include "keyfold/envelope/materials/context_codec.h"

namespace keyfold::keyrings {

struct EncryptionRequest {
  const EncryptionContext& encryption_context;
  materials::SuiteId suite;
  materials::CommitmentPolicy commitment_policy;
  const materials::ContextKeys* required_context_keys = nullptr;  // See EncryptionMaterials; null: none.
  // Bytes, in all, of what will be sealed under the materials; nothing when that is not known.
  std::optional<std::uint64_t> plaintext_size = std::nullopt;
  std::uint64_t messages = 1;  // That will be sealed under them.
  // Bytes, serialized, of as much of the context as is written into the message. Whoever writes it looks, too: this
  // saves asking for a key in vain, where a manager can.
  std::size_t encryption_context_size_max = materials::serialized_context_max;
};

// Everything it points to must live until the answer is there, not longer.
struct DecryptionRequest {
  const materials::AlgorithmSuite& suite;
  materials::CommitmentPolicy commitment_policy;
  ContextView encryption_context;  // The header's pairs.
  BytesView serialized_context;    // Likewise, in the header's own order.
  materials::EncryptedDataKeysView encrypted_data_keys;
  // What the reader knows of the message's context: pairs that the header may or may not hold.
  const EncryptionContext& reproduced_context;
};

// Safe to use from several threads at once. What it hands out is never null, and may be handed out again.
class MaterialsManager {
 public:
  virtual ~MaterialsManager() = default;
  // With a data key, at least one wrapped copy of it, and a signing key when the suite signs; the context may hold more
  // than was asked for, the suite be another one that the policy allows.
  virtual Result<std::shared_ptr<const materials::EncryptionMaterials>> for_encryption(
      const EncryptionRequest& request) = 0;
  // Of the suite that was asked for, with a data key, and a verification key when the suite signs.
  virtual Result<std::shared_ptr<const materials::DecryptionMaterials>> for_decryption(
      const DecryptionRequest& request) = 0;
};

// Asks its keyring anew for every message. When the suite signs it makes a key for the message and puts the public half
// into the context, as `aws-crypto-public-key`. Refuses, with `invalid_input`, contexts that use the reserved prefix
// `aws-crypto-` or would be too large, suites that the policy rules out, and signed messages without that public key or
// unsigned ones with it; with `authentication`, messages that hold another value than a reproduced pair: all before the
// keyring is asked. Reproduced pairs that the message does not hold are taken for part of its context: its header must
// have been sealed with them. `keyring` may not be null (CHECK).
std::shared_ptr<MaterialsManager> default_materials_manager(std::shared_ptr<const Keyring> keyring);

// Pairs of the context that are authenticated with a message but not written into it, by their keys: whoever opens it
// must reproduce them. Sealing fails with `invalid_input` when the context has not got them all, opening when the
// reproduced context has not. Spec: framework/required-encryption-context-cmm.md. `manager` may not be null (CHECK).
std::shared_ptr<MaterialsManager> required_context_materials_manager(std::shared_ptr<MaterialsManager> manager,
                                                                     materials::ContextKeys keys);

}  // namespace keyfold::keyrings
