#include "keyfold/envelope/keyrings/raw_rsa.h"

#include <optional>

#include "keyfold/core/base/try.h"
#include "keyfold/envelope/keyrings/failures.h"
#include "keyfold/envelope/keyrings/raw_key_names.h"

namespace keyfold::keyrings {
namespace {

// The key of one side, if there is one.
template <class Key>
using Side = std::optional<Key>;

class RawRsaKeyring final : public Keyring {
 public:
  RawRsaKeyring(RawRsaKey& key, Side<crypto::RsaPublicKey> public_key, Side<crypto::RsaPrivateKey> private_key,
                std::shared_ptr<Random> random)
      : namespace_(std::move(key.key_namespace)),
        name_(std::move(key.key_name)),
        padding_(key.padding),
        public_key_(std::move(public_key)),
        private_key_(std::move(private_key)),
        random_(std::move(random)) {}

  std::string describe() const override { return "raw RSA key " + namespace_ + "/" + name_; }

  // Spec: framework/raw-rsa-keyring.md, "OnEncrypt".
  Outcome on_encrypt(materials::EncryptionMaterials& materials) const override {
    if (!public_key_) return Error{ErrorCode::invalid_input, describe() + " has no public key to seal with"};
    SecretBytes made;
    if (materials.data_key.empty()) {
      TRY_ASSIGN(made, random_->secret(materials.suite->data_key_size));
    }
    const SecretBytes& data_key = made.empty() ? materials.data_key : made;
    TRY_ASSIGN(const auto wrapped, public_key_->encrypt(padding_, data_key));
    materials.encrypted_data_keys.emplace_back(namespace_, as_bytes(name_), wrapped);
    if (!made.empty()) materials.data_key = std::move(made);
    return ok();
  }

  // Spec: the same, "OnDecrypt".
  Result<SecretBytes> on_decrypt(const WrappedKeys& wrapped) const override {
    if (!private_key_) return Error{ErrorCode::incorrect_key, describe() + " has no private key to open with"};
    Failures failures;
    for (const auto& key : wrapped.keys) {
      if (key.provider_id != namespace_ || as_text(key.provider_info) != name_) continue;
      auto data_key = private_key_->decrypt(padding_, key.ciphertext, wrapped.suite.data_key_size);
      if (data_key) return data_key;
      failures.add(describe(), std::move(data_key).error());
    }
    return failures.none_or_summary(describe());
  }

 private:
  const std::string namespace_;
  const std::string name_;
  const RsaPadding padding_;
  const Side<crypto::RsaPublicKey> public_key_;
  const Side<crypto::RsaPrivateKey> private_key_;
  const std::shared_ptr<Random> random_;
};

}  // namespace

Result<std::shared_ptr<const Keyring>> raw_rsa_keyring(RawRsaKey key, std::shared_ptr<Random> random) {
  TRY(check_raw_key_names(key.key_namespace, key.key_name, materials::encrypted_data_key_field_max));
  if (key.public_key_pem.empty() && key.private_key_pem.empty())
    return Error{ErrorCode::invalid_input, "a raw RSA keyring needs a public key, a private key or both"};
  Side<crypto::RsaPublicKey> public_key;
  if (!key.public_key_pem.empty()) {
    TRY_ASSIGN(public_key, crypto::RsaPublicKey::from_pem(key.public_key_pem));
  }
  Side<crypto::RsaPrivateKey> private_key;
  if (!key.private_key_pem.empty()) {
    TRY_ASSIGN(private_key, crypto::RsaPrivateKey::from_pem(key.private_key_pem));
  }
  return std::shared_ptr<const Keyring>(
      std::make_shared<RawRsaKeyring>(key, std::move(public_key), std::move(private_key), std::move(random)));
}

}  // namespace keyfold::keyrings
