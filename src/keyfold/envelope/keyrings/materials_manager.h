#pragma once
// MaterialsManager: turns a request to seal or open into materials. (The specification's CMM.) Spec:
// framework/cmm-interface.md, framework/default-cmm.md.

#include <memory>
#include <span>

#include "keyfold/envelope/keyrings/keyring.h"
#include "keyfold/envelope/materials/commitment_policy.h"
#include "keyfold/envelope/materials/context_codec.h"

namespace keyfold::keyrings {

struct EncryptionRequest {
  const EncryptionContext& encryption_context;
  materials::SuiteId suite;
  materials::CommitmentPolicy commitment_policy;
};

// Everything it points to must live until the answer is there, not longer.
struct DecryptionRequest {
  const materials::AlgorithmSuite& suite;
  materials::CommitmentPolicy commitment_policy;
  ContextView encryption_context;  // As in the header.
  BytesView serialized_context;    // Likewise, in the header's own order.
  std::span<const materials::EncryptedDataKeyView> encrypted_data_keys;
  const EncryptionContext& required_context;  // Pairs that the header must hold.
};

// Safe to use from several threads at once.
class MaterialsManager {
 public:
  virtual ~MaterialsManager() = default;
  virtual Result<std::shared_ptr<const materials::EncryptionMaterials>> for_encryption(
      const EncryptionRequest& request) = 0;
  virtual Result<std::shared_ptr<const materials::DecryptionMaterials>> for_decryption(
      const DecryptionRequest& request) = 0;
};

// Asks its keyring anew for every message. When the suite signs it makes a P-384 key for the message and puts the
// public half into the context, as `aws-crypto-public-key`. Refuses, with `invalid_input`, contexts that use the
// reserved prefix `aws-crypto-`, suites that the policy rules out, and signed messages without that public key or
// unsigned ones with it; with `authentication`, messages that lack a required pair: all before the keyring is asked.
std::shared_ptr<MaterialsManager> default_materials_manager(std::shared_ptr<const Keyring> keyring);

}  // namespace keyfold::keyrings
