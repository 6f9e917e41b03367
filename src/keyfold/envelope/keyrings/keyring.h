#pragma once
// Keyring: makes and wraps data keys, and unwraps them. Spec: framework/keyring-interface.md.
// Keyrings are immutable: one may be shared by any number of threads.

#include <memory>
#include <span>
#include <string>

#include "keyfold/envelope/materials/materials.h"

namespace keyfold::keyrings {

// The wrapped data keys of one message, and what they are bound to. Views: valid during the call that is given them.
struct WrappedKeys {
  const materials::AlgorithmSuite& suite;
  ContextView encryption_context;
  BytesView serialized_context;  // In the header's own order: what raw keyrings authenticated.
  std::span<const materials::EncryptedDataKeyView> keys;
};

class Keyring {
 public:
  virtual ~Keyring() = default;

  // Makes the data key if there is none yet (suite->data_key_size bytes), and adds it, wrapped and bound to the
  // encryption context. On failure the materials are as they were: with what a KMS answered, or `limit_exceeded` from a
  // raw key that has wrapped too often.
  virtual Outcome on_encrypt(materials::EncryptionMaterials& materials) const = 0;

  // The data key, from the first wrapped one that this keyring can unwrap: suite.data_key_size bytes. A failure says
  // what stood in the way: `incorrect_key` when none of the keys is this keyring's; `unavailable`, `access_denied`,
  // `disabled`, `not_found` and the like from a KMS; `authentication` when a key of ours does not verify.
  virtual Result<SecretBytes> on_decrypt(const WrappedKeys& wrapped) const = 0;

  // Names it in errors: "raw AES key ledger/2026", "KMS key arn:aws:kms:…".
  virtual std::string describe() const = 0;
};

}  // namespace keyfold::keyrings
