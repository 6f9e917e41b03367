#pragma once
// What every KMS keyring does with a client: the three calls, and what is checked of the answers. Spec:
// framework/aws-kms/aws-kms-keyring.md, "OnEncrypt", "OnDecrypt".

#include "keyfold/envelope/keyrings/keyring.h"
#include "keyfold/envelope/keyrings/kms_client.h"
#include "keyfold/envelope/keyrings/kms_key_name.h"

namespace keyfold::keyrings {

// GenerateDataKey when there is no data key yet, else Encrypt. The wrapped key is added under the ARN that the KMS
// answered with. On failure the materials are as they were.
Outcome generate_or_wrap(KmsClient& client, std::string_view key_id, materials::EncryptionMaterials& materials);

// Decrypt with `key_id`; the answer must be from `expected_arn`, else `incorrect_key`, and a data key of the suite's
// size.
Result<SecretBytes> unwrap_one(KmsClient& client, std::string_view key_id, std::string_view expected_arn,
                               const WrappedKeys& wrapped, BytesView ciphertext);

// A wrapped key of the provider "aws-kms". Its ciphertext is a view, like WrappedKeys.
struct KmsWrappedKey {
  KmsKeyArn key;
  BytesView ciphertext;
};
// All of them, in order. Fails with `invalid_input` when one names no key ARN: "OnDecrypt MUST fail", says each of the
// specifications beside the strict keyring's.
Result<std::vector<KmsWrappedKey>> kms_wrapped_keys(const WrappedKeys& wrapped);

}  // namespace keyfold::keyrings
