#include "keyfold/envelope/keyrings/kms.h"

#include "keyfold/envelope/keyrings/failures.h"
#include "keyfold/envelope/keyrings/kms_calls.h"

namespace keyfold::keyrings {
namespace {

class KmsKeyring final : public Keyring {
 public:
  KmsKeyring(std::shared_ptr<KmsClient> client, KmsKeyName key) : client_(std::move(client)), key_(std::move(key)) {}

  std::string describe() const override { return "KMS key " + key_.text(); }

  // Spec: framework/aws-kms/aws-kms-keyring.md, "OnEncrypt".
  Outcome on_encrypt(materials::EncryptionMaterials& materials) const override {
    auto done = generate_or_wrap(*client_, key_.text(), materials);
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
                          ? unwrap_one(*client_, key_.text(), key_arn, wrapped, key.ciphertext)
                          : Error{ErrorCode::invalid_input, "the message names a KMS key that is no key ARN"};
      if (data_key) return data_key;
      failures.add(describe(), std::move(data_key).error());
    }
    return failures.none_or_summary(describe());
  }

 private:
  Error named(const Error& error) const { return {error.code, describe() + ": " + error.message}; }

  const std::shared_ptr<KmsClient> client_;
  const KmsKeyName key_;
};

}  // namespace

std::shared_ptr<const Keyring> kms_keyring(std::shared_ptr<KmsClient> client, KmsKeyName key) {
  KEYFOLD_CHECK(client != nullptr);
  return std::make_shared<KmsKeyring>(std::move(client), std::move(key));
}

}  // namespace keyfold::keyrings
