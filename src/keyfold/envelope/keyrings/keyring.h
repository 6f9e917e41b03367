#pragma once
// Keyring: makes and wraps data keys, and unwraps them. Spec: framework/keyring-interface.md.
// Keyrings are immutable: one may be shared by any number of threads.

#include <memory>
#include <span>
#include <string>

#include "keyfold/envelope/materials/materials.h"

namespace keyfold::keyrings {

class Keyring {
 public:
  virtual ~Keyring() = default;

  // Makes the data key if there is none yet, and adds it, wrapped. On failure the materials are as they were.
  virtual Outcome on_encrypt(materials::EncryptionMaterials& materials) const = 0;

  // Unwraps the first of `keys` that it can. On failure the materials are as they were, and the code says what stood in
  // the way: `incorrect_key` when none of the keys is this keyring's; `unavailable`, `access_denied`, `disabled`,
  // `not_found` and the like from a KMS; `authentication` when a key of ours does not verify.
  virtual Outcome on_decrypt(materials::DecryptionMaterials& materials,
                             std::span<const materials::EncryptedDataKeyView> keys) const = 0;

  // Names it in errors: "raw AES key ledger/2026", "KMS key arn:aws:kms:…".
  virtual std::string describe() const = 0;
};

}  // namespace keyfold::keyrings
