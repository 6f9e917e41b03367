#include "keyfold/envelope/keyrings/kms.h"

#include "keyfold/core/base/try.h"
#include "keyfold/envelope/keyrings/failures.h"

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

class KmsKeyring final : public Keyring {
 public:
  KmsKeyring(std::shared_ptr<KmsClient> client, KmsKeyName key) : client_(std::move(client)), key_(std::move(key)) {}

  std::string describe() const override { return "KMS key " + key_.text(); }

  // Spec: framework/aws-kms/aws-kms-keyring.md, "OnEncrypt".
  Outcome on_encrypt(materials::EncryptionMaterials& materials) const override {
    std::vector<ContextPair> pairs;
    const auto context = materials.encryption_context.view(pairs);
    auto done = materials.data_key.empty() ? generate(materials, context) : wrap(materials, context);
    return done ? std::move(done) : Outcome(named(done.error()));
  }

  // Spec: the same, "OnDecrypt".
  Result<SecretBytes> on_decrypt(const WrappedKeys& wrapped) const override {
    Failures failures;
    for (const auto& key : wrapped.keys) {
      const auto key_arn = as_text(key.provider_info);
      if (key.provider_id != kms_provider_id || !key_.may_be(key_arn)) continue;
      // May be ours, by its provider, but no key of a KMS is called so: altered, or made by something broken.
      auto data_key = is_kms_key_arn(key_arn)
                          ? unwrap(wrapped, key, key_arn)
                          : Error{ErrorCode::invalid_input, "the message names a KMS key that is no key ARN"};
      if (data_key) return data_key;
      failures.add(describe(), std::move(data_key).error());
    }
    return failures.none_or_summary(describe());
  }

 private:
  Error named(const Error& error) const { return {error.code, describe() + ": " + error.message}; }

  Outcome generate(materials::EncryptionMaterials& materials, const ContextView& context) const {
    TRY_ASSIGN(auto made, client_->generate_data_key(key_.text(), materials.suite->data_key_size, context));
    TRY(check_size(made.plaintext, *materials.suite));
    TRY(check_wrapped(made.key_arn, made.ciphertext));
    materials.encrypted_data_keys.emplace_back(kms_provider_id, as_bytes(made.key_arn), made.ciphertext);
    materials.data_key = std::move(made.plaintext);
    return ok();
  }

  Outcome wrap(materials::EncryptionMaterials& materials, const ContextView& context) const {
    TRY_ASSIGN(const auto wrapped, client_->encrypt(key_.text(), materials.data_key, context));
    TRY(check_wrapped(wrapped.key_arn, wrapped.ciphertext));
    materials.encrypted_data_keys.emplace_back(kms_provider_id, as_bytes(wrapped.key_arn), wrapped.ciphertext);
    return ok();
  }

  Result<SecretBytes> unwrap(const WrappedKeys& wrapped, const materials::EncryptedDataKeyView& key,
                             std::string_view key_arn) const {
    TRY_ASSIGN(auto opened, client_->decrypt(key_.text(), key.ciphertext, wrapped.encryption_context));
    // Else the KMS took the ciphertext for another key's than the one the message names.
    if (opened.key_arn != key_arn)
      return Error{ErrorCode::incorrect_key, "the KMS opened the data key with another key than the message names"};
    TRY(check_size(opened.plaintext, wrapped.suite));
    return std::move(opened.plaintext);
  }

  const std::shared_ptr<KmsClient> client_;
  const KmsKeyName key_;
};

}  // namespace

std::shared_ptr<const Keyring> kms_keyring(std::shared_ptr<KmsClient> client, KmsKeyName key) {
  KEYFOLD_CHECK(client != nullptr);
  return std::make_shared<KmsKeyring>(std::move(client), std::move(key));
}

}  // namespace keyfold::keyrings
