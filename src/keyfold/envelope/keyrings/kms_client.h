#pragma once
// KmsClient: the calls to a key management service that keyrings make. `client` implements it over HTTP; tests, in
// memory.

#include <memory>
#include <string>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/encryption_context.h"
#include "keyfold/core/base/secret.h"

namespace keyfold::keyrings {

struct GeneratedDataKey {
  SecretBytes plaintext;
  Bytes ciphertext;
  std::string key_arn;  // The response's KeyId.
};

struct WrappedDataKey {
  Bytes ciphertext;
  std::string key_arn;
};

struct UnwrappedDataKey {
  SecretBytes plaintext;
  std::string key_arn;
};

// One side of a ReEncrypt: a KMS key, and the context that the ciphertext is bound to under it.
struct ReEncryptSide {
  std::string_view key_id;
  const ContextView& context;
};

// Safe to use from several threads at once. Retries, timeouts and credentials are the client's own business. Failures
// keep apart what a caller must not confuse: `unavailable` (also after throttling, once the client gave up: nothing is
// known about the key), `access_denied`, `disabled`, `invalid_state` (for instance pending deletion), `not_found`,
// `invalid_ciphertext`, `incorrect_key`.
class KmsClient {
 public:
  virtual ~KmsClient() = default;
  // `key_id`: a key ARN, alias ARN, key id or alias name, as KMS takes them.
  virtual Result<GeneratedDataKey> generate_data_key(std::string_view key_id, std::size_t size,
                                                     const ContextView& context) = 0;
  virtual Result<WrappedDataKey> encrypt(std::string_view key_id, const SecretBytes& plaintext,
                                         const ContextView& context) = 0;
  virtual Result<UnwrappedDataKey> decrypt(std::string_view key_id, BytesView ciphertext,
                                           const ContextView& context) = 0;
};

// What a store of branch keys needs beside: calls in which no plaintext leaves the KMS.
class KeyStoreKmsClient : public KmsClient {
 public:
  virtual Result<WrappedDataKey> generate_data_key_without_plaintext(std::string_view key_id, std::size_t size,
                                                                     const ContextView& context) = 0;
  // `key_arn` of the answer is the destination's.
  virtual Result<WrappedDataKey> re_encrypt(BytesView ciphertext, const ReEncryptSide& source,
                                            const ReEncryptSide& destination) = 0;
};

// A client for each Region, made when it is first asked for. Safe to use from several threads at once.
// Spec: framework/aws-kms/aws-kms-multi-keyrings.md, "Regional client supplier".
class KmsClients {
 public:
  virtual ~KmsClients() = default;
  // Never null. Fails with `invalid_input` when there is none for that Region.
  virtual Result<std::shared_ptr<KmsClient>> in_region(std::string_view region) = 0;
};

}  // namespace keyfold::keyrings
