#include "keyfold/envelope/keyrings/branch_key.h"

#include <optional>

#include "keyfold/core/base/try.h"
#include "keyfold/core/crypto/aead.h"
#include "keyfold/core/crypto/kdf.h"
#include "keyfold/envelope/keyrings/failures.h"
#include "keyfold/envelope/materials/context_codec.h"

namespace keyfold::keyrings {
namespace {

using crypto::gcm_iv_size;
using crypto::gcm_tag_size;

constexpr std::size_t salt_size = 16;
constexpr std::size_t version_size = std::tuple_size_v<BranchKeyVersion>;

// Spec: framework/aws-kms/aws-kms-hierarchical-keyring.md, "Ciphertext".
struct WrappedKey {
  ByteArray<salt_size> salt{};
  ByteArray<gcm_iv_size> iv{};
  BranchKeyVersion version{};
  BytesView encrypted;  // With the tag.
};

Result<WrappedKey> read_wrapped_key(BytesView ciphertext, std::size_t data_key_size) {
  Reader in(ciphertext);
  WrappedKey wrapped;
  TRY_ASSIGN(wrapped.salt, in.array<salt_size>());
  TRY_ASSIGN(wrapped.iv, in.array<gcm_iv_size>());
  TRY_ASSIGN(wrapped.version, in.array<version_size>());
  TRY_ASSIGN(wrapped.encrypted, in.bytes(data_key_size + gcm_tag_size));
  TRY(in.end());
  return wrapped;
}

Bytes write_wrapped_key(const WrappedKey& wrapped) {
  Bytes ciphertext;
  Writer(ciphertext).bytes(wrapped.salt).bytes(wrapped.iv).bytes(wrapped.version).bytes(wrapped.encrypted);
  return ciphertext;
}

// Spec: the same, "Branch Key Wrapping and Unwrapping AAD".
Bytes additional_data(const BranchKey& branch_key, BytesView serialized_context) {
  Bytes aad;
  Writer(aad).text(branch_key_provider_id).text(branch_key.id).bytes(branch_key.version).bytes(serialized_context);
  return aad;
}

// Spec: the same, "Branch Key Wrapping", step 3. The cipher is for one data key, and goes with its key schedule.
Result<crypto::AesGcm> derived_cipher(const BranchKey& branch_key, BytesView salt) {
  TRY_ASSIGN(auto key, SecretBytes::zeroed(32));
  TRY(crypto::kbkdf_hmac_sha256(branch_key.key.reveal(), branch_key_provider_id, salt, key.fill()));
  crypto::AesGcm cipher;
  TRY(cipher.set_key(key.reveal()));
  return cipher;
}

class BranchKeyKeyring final : public Keyring {
 public:
  BranchKeyKeyring(std::shared_ptr<BranchKeyStore> store, std::shared_ptr<const BranchKeySupplier> supplier,
                   BranchKeyOptions options)
      : store_(std::move(store)), supplier_(std::move(supplier)), options_(std::move(options)) {}

  std::string describe() const override { return "branch keys of " + store_->logical_name(); }

  // Spec: the same, "OnEncrypt".
  Outcome on_encrypt(materials::EncryptionMaterials& materials) const override {
    std::vector<ContextPair> pairs;
    auto done = wrap(materials, materials.encryption_context.view(pairs));
    return done ? std::move(done) : Outcome(Error{done.error().code, describe() + ": " + done.error().message});
  }

  // Spec: the same, "OnDecrypt".
  Result<SecretBytes> on_decrypt(const WrappedKeys& wrapped) const override {
    Failures failures;
    std::optional<std::string> id;
    for (const auto& key : wrapped.keys) {
      if (key.provider_id != branch_key_provider_id) continue;
      if (!id) {  // Not before: a message that has nothing of ours need not say whose it is.
        TRY_ASSIGN(id, supplier_->branch_key_id(wrapped.encryption_context));
      }
      if (as_text(key.provider_info) != *id) continue;
      auto data_key = unwrap(wrapped, *id, key.ciphertext);
      if (data_key) return data_key;
      failures.add("branch key " + *id, std::move(data_key).error());
    }
    return failures.none_or_summary(describe());
  }

 private:
  Outcome wrap(materials::EncryptionMaterials& materials, const ContextView& context) const {
    TRY_ASSIGN(const auto id, supplier_->branch_key_id(context));
    TRY(check_branch_key_id(id));
    TRY_ASSIGN(const auto branch_key, branch_key_of(id, nullptr));
    SecretBytes made;
    if (materials.data_key.empty()) {
      TRY_ASSIGN(made, options_.random->secret(materials.suite->data_key_size));
    }
    const SecretBytes& data_key = made.empty() ? materials.data_key : made;
    Bytes serialized;
    TRY(materials::append_serialized_context(serialized, context));
    WrappedKey wrapped{.salt = options_.random->bytes<salt_size>(),
                       .iv = options_.random->bytes<gcm_iv_size>(),
                       .version = branch_key->version,
                       .encrypted = {}};
    TRY_ASSIGN(auto cipher, derived_cipher(*branch_key, wrapped.salt));
    Bytes encrypted(data_key.size() + gcm_tag_size);
    TRY(cipher.seal(wrapped.iv, additional_data(*branch_key, serialized), data_key.reveal(), encrypted));
    wrapped.encrypted = encrypted;
    materials.encrypted_data_keys.emplace_back(branch_key_provider_id, as_bytes(id), write_wrapped_key(wrapped));
    if (!made.empty()) materials.data_key = std::move(made);
    return ok();
  }

  Result<SecretBytes> unwrap(const WrappedKeys& keys, const std::string& id, BytesView ciphertext) const {
    TRY_ASSIGN(const auto wrapped, read_wrapped_key(ciphertext, keys.suite.data_key_size));
    TRY_ASSIGN(const auto branch_key, branch_key_of(id, &wrapped.version));
    TRY_ASSIGN(auto cipher, derived_cipher(*branch_key, wrapped.salt));
    TRY_ASSIGN(auto data_key, SecretBytes::zeroed(keys.suite.data_key_size));
    TRY(cipher.open(wrapped.iv, additional_data(*branch_key, keys.serialized_context), wrapped.encrypted,
                    data_key.fill()));
    return data_key;
  }

  // That version, or the active one.
  Result<BranchKeyCache::Key> branch_key_of(const std::string& id, const BranchKeyVersion* version) const {
    const BranchKeyCache::Name name{
        .partition = options_.partition, .store = store_->logical_name(), .id = id, .version = version};
    return options_.cache->get(name, options_.time_to_live, [&]() -> Result<BranchKeyCache::Key> {
      TRY_ASSIGN(auto key, version == nullptr ? store_->active(id) : store_->version(id, *version));
      if (key == nullptr || key->id != id || key->key.size() != branch_key_size ||
          (version != nullptr && key->version != *version))
        return Error{ErrorCode::corrupt, "the key store answered with another branch key than was asked for"};
      return key;
    });
  }

  const std::shared_ptr<BranchKeyStore> store_;
  const std::shared_ptr<const BranchKeySupplier> supplier_;
  const BranchKeyOptions options_;
};

}  // namespace

Result<std::shared_ptr<const Keyring>> branch_key_keyring(std::shared_ptr<BranchKeyStore> store,
                                                          std::shared_ptr<const BranchKeySupplier> supplier,
                                                          BranchKeyOptions options) {
  KEYFOLD_CHECK(store != nullptr && supplier != nullptr && options.random != nullptr);
  if (options.time_to_live <= Duration::zero() || options.time_to_live > branch_key_time_to_live_max)
    return Error{ErrorCode::invalid_input, "branch keys are kept for more than nothing, and at most 365 days"};
  if (options.cache == nullptr) options.cache = std::make_shared<BranchKeyCache>();
  // Spec: the same, "Partition ID".
  if (options.partition.empty()) options.partition = random_uuid(*options.random).view();
  return std::shared_ptr<const Keyring>(
      std::make_shared<BranchKeyKeyring>(std::move(store), std::move(supplier), std::move(options)));
}

}  // namespace keyfold::keyrings
