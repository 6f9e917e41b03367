#include "keyfold/core/base/try.h"
#include "keyfold/core/crypto/ecdsa.h"
#include "keyfold/envelope/keyrings/materials_manager.h"

namespace keyfold::keyrings {
namespace {

using materials::public_key_context_key;

class P384SigningKey final : public materials::SigningKey {
 public:
  explicit P384SigningKey(crypto::P384PrivateKey key) : key_(std::move(key)) {}
  Result<Bytes> sign(BytesView digest) const override { return key_.sign(digest); }

 private:
  crypto::P384PrivateKey key_;
};

class P384VerificationKey final : public materials::VerificationKey {
 public:
  explicit P384VerificationKey(crypto::P384PublicKey key) : key_(std::move(key)) {}
  Outcome verify(BytesView digest, BytesView der_signature) const override {
    return key_.verify(digest, der_signature);
  }

 private:
  crypto::P384PublicKey key_;
};

// Spec: framework/structures.md, "Encryption Context": the prefix is reserved.
Outcome check_not_reserved(const EncryptionContext& context) {
  for (const auto& [key, value] : context)
    if (key.starts_with(materials::reserved_context_prefix))
      return Error{ErrorCode::invalid_input, "the encryption context key \"" + key +
                                                 "\" is reserved: no key may start with \"" +
                                                 std::string(materials::reserved_context_prefix) + "\""};
  return ok();
}

Outcome check_holds(const ContextView& context, const EncryptionContext& required) {
  for (const auto& [key, value] : required) {
    const auto* held = context.find(key);
    if (held == nullptr)
      return Error{ErrorCode::authentication,
                   "the message's encryption context has no \"" + key + "\", which is required"};
    if (*held != value)
      return Error{ErrorCode::authentication,
                   "the message's encryption context has another value for \"" + key + "\" than is required"};
  }
  return ok();
}

Outcome add_signing_key(materials::EncryptionMaterials& materials) {
  TRY_ASSIGN(auto key, crypto::P384PrivateKey::generate());
  TRY(materials.encryption_context.add(std::string(public_key_context_key), to_base64(key.public_point())));
  materials.signing_key = std::make_shared<P384SigningKey>(std::move(key));
  return ok();
}

// Spec: framework/default-cmm.md, "Decrypt Materials".
Result<std::shared_ptr<const materials::VerificationKey>> verification_key(const DecryptionRequest& request) {
  const auto* text = request.encryption_context.find(public_key_context_key);
  if (!request.suite.signs()) {
    // A signed message whose suite was changed to one that does not sign.
    if (text != nullptr)
      return Error{ErrorCode::invalid_input, "the message carries a public key, but its suite does not sign"};
    return std::shared_ptr<const materials::VerificationKey>();
  }
  if (text == nullptr)
    return Error{ErrorCode::invalid_input, "the message's suite signs, but it carries no public key"};
  const auto point = from_base64(*text);
  if (!point) return Error{ErrorCode::invalid_input, "the message's public key is not base64"};
  TRY_ASSIGN(auto key, crypto::P384PublicKey::from_compressed(*point));
  return std::shared_ptr<const materials::VerificationKey>(std::make_shared<P384VerificationKey>(std::move(key)));
}

class DefaultMaterialsManager final : public MaterialsManager {
 public:
  explicit DefaultMaterialsManager(std::shared_ptr<const Keyring> keyring) : keyring_(std::move(keyring)) {}

  Result<std::shared_ptr<const materials::EncryptionMaterials>> for_encryption(
      const EncryptionRequest& request) override {
    TRY_ASSIGN(const auto* suite, materials::usable_suite(request.suite));
    TRY(materials::check_may_encrypt(request.commitment_policy, *suite));
    TRY(check_not_reserved(request.encryption_context));
    auto made = std::make_shared<materials::EncryptionMaterials>();
    made->suite = suite;
    made->encryption_context = request.encryption_context;
    if (suite->signs()) TRY(add_signing_key(*made));
    TRY(keyring_->on_encrypt(*made));
    return std::shared_ptr<const materials::EncryptionMaterials>(std::move(made));
  }

  Result<std::shared_ptr<const materials::DecryptionMaterials>> for_decryption(
      const DecryptionRequest& request) override {
    TRY(materials::check_may_decrypt(request.commitment_policy, request.suite));
    TRY(check_holds(request.encryption_context, request.required_context));
    auto made = std::make_shared<materials::DecryptionMaterials>();
    made->suite = &request.suite;
    TRY_ASSIGN(made->verification_key, verification_key(request));
    TRY_ASSIGN(made->data_key, keyring_->on_decrypt({.suite = request.suite,
                                                     .encryption_context = request.encryption_context,
                                                     .serialized_context = request.serialized_context,
                                                     .keys = request.encrypted_data_keys}));
    return std::shared_ptr<const materials::DecryptionMaterials>(std::move(made));
  }

 private:
  const std::shared_ptr<const Keyring> keyring_;
};

}  // namespace

std::shared_ptr<MaterialsManager> default_materials_manager(std::shared_ptr<const Keyring> keyring) {
  KEYFOLD_CHECK(keyring != nullptr);
  return std::make_shared<DefaultMaterialsManager>(std::move(keyring));
}

}  // namespace keyfold::keyrings
