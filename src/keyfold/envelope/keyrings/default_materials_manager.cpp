#include <ranges>

#include "keyfold/core/base/try.h"
#include "keyfold/core/crypto/ecdsa.h"
#include "keyfold/envelope/keyrings/materials_manager.h"

namespace keyfold::keyrings {
namespace {

using materials::public_key_context_key;

crypto::Curve curve_of(const materials::AlgorithmSuite& suite) {
  return suite.signature == materials::SignatureAlgorithm::ecdsa_p256_sha256 ? crypto::Curve::p256
                                                                             : crypto::Curve::p384;
}

class EcdsaSigningKey final : public materials::SigningKey {
 public:
  explicit EcdsaSigningKey(crypto::EcdsaPrivateKey key) : key_(std::move(key)) {}
  Result<Bytes> sign(BytesView digest) const override { return key_.sign(digest); }

 private:
  crypto::EcdsaPrivateKey key_;
};

class EcdsaVerificationKey final : public materials::VerificationKey {
 public:
  explicit EcdsaVerificationKey(crypto::EcdsaPublicKey key) : key_(std::move(key)) {}
  Outcome verify(BytesView digest, BytesView der_signature) const override {
    return key_.verify(digest, der_signature);
  }

 private:
  crypto::EcdsaPublicKey key_;
};

Outcome add_signing_key(materials::EncryptionMaterials& materials) {
  TRY_ASSIGN(auto key, crypto::EcdsaPrivateKey::generate(curve_of(*materials.suite)));
  TRY(materials.encryption_context.add(std::string(public_key_context_key), to_base64(key.public_point())));
  materials.signing_key = std::make_shared<EcdsaSigningKey>(std::move(key));
  return ok();
}

// Before a keyring is asked: a call to a KMS may hang on it.
Outcome check_size(const materials::EncryptionMaterials& made, std::size_t size_max) {
  size_max = std::min(size_max, materials::serialized_context_max);
  const auto is_written = [&](const auto& pair) { return !made.required_context_keys.contains(pair.first); };
  if (materials::serialized_context_size(made.encryption_context | std::views::filter(is_written)) > size_max)
    return Error{ErrorCode::invalid_input,
                 "the encryption context would be larger than the limit of " + std::to_string(size_max)};
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
  TRY_ASSIGN(auto key, crypto::EcdsaPublicKey::from_compressed(curve_of(request.suite), *point));
  return std::shared_ptr<const materials::VerificationKey>(std::make_shared<EcdsaVerificationKey>(std::move(key)));
}

// What the reader says of the context beyond what the header says. Spec: the same, "Encryption Context" of a decrypt
// request: "pairs in both MUST have the same value".
Result<EncryptionContext> context_beside_message(const DecryptionRequest& request) {
  EncryptionContext beside;
  for (const auto& [key, value] : request.reproduced_context) {
    const auto* held = request.encryption_context.find(key);
    if (held == nullptr) {
      beside.set(key, value);
    } else if (*held != value) {
      return Error{ErrorCode::authentication,
                   "the message's encryption context has another value for \"" + key + "\" than was reproduced"};
    }
  }
  return beside;
}

class DefaultMaterialsManager final : public MaterialsManager {
 public:
  explicit DefaultMaterialsManager(std::shared_ptr<const Keyring> keyring) : keyring_(std::move(keyring)) {}

  Result<std::shared_ptr<const materials::EncryptionMaterials>> for_encryption(
      const EncryptionRequest& request) override {
    const auto& suite = materials::suite_of(request.suite);
    TRY(materials::check_may_encrypt(request.commitment_policy, suite));
    TRY(materials::check_not_reserved(request.encryption_context));
    auto made = std::make_shared<materials::EncryptionMaterials>();
    made->suite = &suite;
    made->encryption_context = request.encryption_context;
    if (request.required_context_keys != nullptr) made->required_context_keys = *request.required_context_keys;
    for (const auto& key : made->required_context_keys)
      if (!made->encryption_context.contains(key))
        return Error{ErrorCode::invalid_input, "the encryption context has no \"" + key + "\", which is required"};
    if (suite.signs()) TRY(add_signing_key(*made));
    TRY(check_size(*made, request.encryption_context_size_max));
    TRY(keyring_->on_encrypt(*made));
    return std::shared_ptr<const materials::EncryptionMaterials>(std::move(made));
  }

  Result<std::shared_ptr<const materials::DecryptionMaterials>> for_decryption(
      const DecryptionRequest& request) override {
    TRY(materials::check_may_decrypt(request.commitment_policy, request.suite));
    auto made = std::make_shared<materials::DecryptionMaterials>();
    made->suite = &request.suite;
    TRY_ASSIGN(made->context_beside_message, context_beside_message(request));
    TRY_ASSIGN(made->verification_key, verification_key(request));
    TRY_ASSIGN(made->data_key, unwrap(request, made->context_beside_message));
    return std::shared_ptr<const materials::DecryptionMaterials>(std::move(made));
  }

 private:
  Result<SecretBytes> unwrap(const DecryptionRequest& request, const EncryptionContext& beside) const {
    const std::vector<materials::EncryptedDataKeyView> keys(request.encrypted_data_keys.begin(),
                                                            request.encrypted_data_keys.end());
    if (beside.empty())
      return keyring_->on_decrypt({.suite = request.suite,
                                   .encryption_context = request.encryption_context,
                                   .serialized_context = request.serialized_context,
                                   .keys = keys});
    // The whole context has no order in the message: the specification's it is.
    std::vector<ContextPair> pairs(request.encryption_context.begin(), request.encryption_context.end());
    for (const auto& [key, value] : beside) pairs.push_back({.key = key, .value = value});
    TRY_ASSIGN(const auto whole, ContextView::over(pairs));
    Bytes serialized;
    TRY(materials::append_serialized_context(serialized, whole));
    return keyring_->on_decrypt(
        {.suite = request.suite, .encryption_context = whole, .serialized_context = serialized, .keys = keys});
  }

  const std::shared_ptr<const Keyring> keyring_;
};

}  // namespace

std::shared_ptr<MaterialsManager> default_materials_manager(std::shared_ptr<const Keyring> keyring) {
  KEYFOLD_CHECK(keyring != nullptr);
  return std::make_shared<DefaultMaterialsManager>(std::move(keyring));
}

}  // namespace keyfold::keyrings
