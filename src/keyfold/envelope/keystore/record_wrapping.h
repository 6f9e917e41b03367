#pragma once
// RecordWrapping: what a key store asks of the KMS for a record. No plaintext leaves the KMS but in unwrap(). Spec:
// framework/branch-key-store.md, "Wrapped Branch Key Creation", "Authenticating a Keystore item", "AWS KMS Branch Key
// Decryption".

#include <memory>
#include <string>

#include "keyfold/envelope/keyrings/kms_client.h"
#include "keyfold/envelope/keystore/kms_key_choice.h"
#include "keyfold/envelope/keystore/record.h"

namespace keyfold::keystore {

// Safe to use from several threads at once, as its client is. Each fails with what the KMS answers, or with
// `incorrect_key` when the record's KMS key is none of the choice's.
class RecordWrapping {
 public:
  // unwrap() takes records up to `newest`.
  RecordWrapping(std::shared_ptr<keyrings::KeyStoreKmsClient> kms, KmsKeyChoice choice, std::string logical_name,
                 HierarchyVersion newest = HierarchyVersion::one);

  // A wrapped key made by the KMS, bound to `record`'s fields and for its wrapped_key.
  Result<Bytes> generate(const Record& record) const;
  // The key of `from`, wrapped anew and bound to `to`'s fields. The same record twice: re-encrypts it to the KMS key's
  // current material, and proves that none of its fields was altered. Fails with `unsupported_operation` for records of
  // hierarchy version 2.
  Result<Bytes> re_encrypt(const Record& from, const Record& to) const;
  // The key in clear: branch_key_size bytes. Needs the right to Decrypt, which nothing else here does. Fails with
  // `unsupported_operation` for a record of a newer hierarchy version.
  Result<SecretBytes> unwrap(const Record& record) const;

  const KmsKeyChoice& choice() const { return choice_; }
  const std::string& logical_name() const { return logical_name_; }

 private:
  Result<SecretBytes> decrypt(const Record& record, const EncryptionContext& context, std::size_t size) const;

  const std::shared_ptr<keyrings::KeyStoreKmsClient> kms_;
  const KmsKeyChoice choice_;
  const std::string logical_name_;
  const HierarchyVersion newest_;
};

}  // namespace keyfold::keystore
