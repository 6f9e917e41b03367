#include "keyfold/envelope/keyrings/kms_calls.h"

#include "keyfold/core/base/try.h"
#include "keyfold/envelope/keyrings/kms.h"

namespace keyfold::keyrings {
namespace {

Outcome check_wrapped(std::string_view key_arn, BytesView ciphertext) {
  if (!is_kms_key_arn(key_arn))
    return Error{ErrorCode::internal, "the KMS answered with a KeyId that is not a key ARN"};
  if (ciphertext.empty() || ciphertext.size() > materials::encrypted_data_key_field_max)
    return Error{ErrorCode::internal, "the KMS answered with a ciphertext that no message can hold"};
  return ok();
}

Outcome check_size(const SecretBytes& data_key, const materials::AlgorithmSuite& suite) {
  if (data_key.size() != suite.data_key_size)
    return Error{ErrorCode::internal, "the KMS answered with a data key of another size than the suite's"};
  return ok();
}

Outcome generate(KmsClient& client, std::string_view key_id, materials::EncryptionMaterials& materials,
                 const ContextView& context) {
  TRY_ASSIGN(auto made, client.generate_data_key(key_id, materials.suite->data_key_size, context));
  TRY(check_size(made.plaintext, *materials.suite));
  TRY(check_wrapped(made.key_arn, made.ciphertext));
  materials.encrypted_data_keys.emplace_back(kms_provider_id, as_bytes(made.key_arn), made.ciphertext);
  materials.data_key = std::move(made.plaintext);
  return ok();
}

Outcome wrap(KmsClient& client, std::string_view key_id, materials::EncryptionMaterials& materials,
             const ContextView& context) {
  TRY_ASSIGN(const auto wrapped, client.encrypt(key_id, materials.data_key, context));
  TRY(check_wrapped(wrapped.key_arn, wrapped.ciphertext));
  materials.encrypted_data_keys.emplace_back(kms_provider_id, as_bytes(wrapped.key_arn), wrapped.ciphertext);
  return ok();
}

}  // namespace

Outcome generate_or_wrap(KmsClient& client, std::string_view key_id, materials::EncryptionMaterials& materials) {
  std::vector<ContextPair> pairs;
  const auto context = materials.encryption_context.view(pairs);
  return materials.data_key.empty() ? generate(client, key_id, materials, context)
                                    : wrap(client, key_id, materials, context);
}

Result<SecretBytes> unwrap_one(KmsClient& client, std::string_view key_id, std::string_view expected_arn,
                               const WrappedKeys& wrapped, BytesView ciphertext) {
  TRY_ASSIGN(auto opened, client.decrypt(key_id, ciphertext, wrapped.encryption_context));
  // Else the KMS took the ciphertext for another key's than the one that was asked for.
  if (opened.key_arn != expected_arn)
    return Error{ErrorCode::incorrect_key, "the KMS opened the data key with another key than the message names"};
  TRY(check_size(opened.plaintext, wrapped.suite));
  return std::move(opened.plaintext);
}

Result<std::vector<KmsWrappedKey>> kms_wrapped_keys(const WrappedKeys& wrapped) {
  std::vector<KmsWrappedKey> found;
  for (const auto& key : wrapped.keys) {
    if (key.provider_id != kms_provider_id) continue;
    auto arn = KmsKeyArn::parse(as_text(key.provider_info));
    if (!arn) return Error{ErrorCode::invalid_input, "the message names a KMS key that is no key ARN"};
    found.push_back({.key = *std::move(arn), .ciphertext = key.ciphertext});
  }
  return found;
}

}  // namespace keyfold::keyrings
