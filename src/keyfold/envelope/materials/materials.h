#pragma once
// What a materials manager hands out for one message, or for as many as its cache allows: the data key, its wrapped
// copies, the context they are bound to, and the key that signs or verifies. Spec: framework/structures.md, "Encryption
// Materials", "Decryption Materials". Handed out as shared_ptr<const …>: safe to use from several threads at once.

#include <memory>
#include <set>
#include <vector>

#include "keyfold/core/base/encryption_context.h"
#include "keyfold/core/base/secret.h"
#include "keyfold/envelope/materials/encrypted_data_key.h"
#include "keyfold/envelope/materials/suite.h"

namespace keyfold::materials {

// Signs the digest of a message: SHA-256 for the suite over P-256, SHA-384 for those over P-384. Implementations are
// safe to use from several threads.
class SigningKey {
 public:
  virtual ~SigningKey() = default;
  virtual Result<Bytes> sign(BytesView digest) const = 0;  // DER.
};

class VerificationKey {
 public:
  virtual ~VerificationKey() = default;
  // Fails with `authentication`.
  virtual Outcome verify(BytesView digest, BytesView der_signature) const = 0;
};

using ContextKeys = std::set<std::string, std::less<>>;

struct EncryptionMaterials {
  const AlgorithmSuite* suite = nullptr;
  EncryptionContext encryption_context;  // With the public key, when the suite signs.
  // The pairs of it that are authenticated with the message but not written into it, by their keys: whoever opens it
  // must know them (framework/structures.md, "Required Encryption Context Keys").
  ContextKeys required_context_keys;
  SecretBytes data_key;  // Empty until a keyring made it; then suite->data_key_size bytes.
  std::vector<EncryptedDataKey> encrypted_data_keys;
  std::shared_ptr<const SigningKey> signing_key;  // Null unless the suite signs.
};

struct DecryptionMaterials {
  const AlgorithmSuite* suite = nullptr;
  // The pairs that the message is bound to and does not hold: the reader brought them.
  EncryptionContext context_beside_message;
  SecretBytes data_key;
  std::shared_ptr<const VerificationKey> verification_key;  // Null unless the suite signs.
};

}  // namespace keyfold::materials
