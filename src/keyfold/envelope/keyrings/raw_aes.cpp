#include "keyfold/envelope/keyrings/raw_aes.h"

#include <mutex>
#include <optional>

#include "keyfold/core/base/try.h"
#include "keyfold/core/crypto/aead.h"
#include "keyfold/envelope/keyrings/failures.h"
#include "keyfold/envelope/keyrings/raw_key_names.h"
#include "keyfold/envelope/materials/context_codec.h"

namespace keyfold::keyrings {
namespace {

using crypto::gcm_iv_size;
using crypto::gcm_tag_size;

// Spec: framework/raw-aes-keyring.md, "Key Provider Information": key name, u32 tag length in bits, u32 IV length in
// bytes, IV.
Bytes write_provider_info(std::string_view key_name, BytesView iv) {
  Bytes info;
  Writer(info).text(key_name).u32(gcm_tag_size * 8).u32(gcm_iv_size).bytes(iv);
  return info;
}

// The IV; nothing when the key is not ours, or not wrapped as we wrap.
std::optional<ByteArray<gcm_iv_size>> read_provider_info(BytesView info, std::string_view key_name) {
  Reader in(info);
  const auto name = in.bytes(key_name.size());
  const auto tag_bits = in.u32();
  const auto iv_size = in.u32();
  const auto iv = in.array<gcm_iv_size>();
  if (!name || !tag_bits || !iv_size || !iv || !in.done()) return std::nullopt;
  if (as_text(*name) != key_name || *tag_bits != gcm_tag_size * 8 || *iv_size != gcm_iv_size) return std::nullopt;
  return *iv;
}

class RawAesKeyring final : public Keyring {
 public:
  RawAesKeyring(RawAesKey& key, crypto::AesGcm gcm, std::shared_ptr<Random> random)
      : namespace_(std::move(key.key_namespace)),
        name_(std::move(key.key_name)),
        random_(std::move(random)),
        gcm_(std::move(gcm)) {}

  std::string describe() const override { return "raw AES key " + namespace_ + "/" + name_; }

  Outcome on_encrypt(materials::EncryptionMaterials& materials) const override {
    SecretBytes made;
    if (materials.data_key.empty()) {
      TRY_ASSIGN(made, random_->secret(materials.suite->data_key_size));
    }
    const SecretBytes& data_key = made.empty() ? materials.data_key : made;
    Bytes aad;
    std::vector<ContextPair> pairs;
    TRY(materials::append_serialized_context(aad, materials.encryption_context.view(pairs)));
    const auto iv = random_->bytes<gcm_iv_size>();
    Bytes wrapped(data_key.size() + gcm_tag_size);
    TRY(wrap(iv, aad, data_key, wrapped));
    materials.encrypted_data_keys.emplace_back(namespace_, write_provider_info(name_, iv), wrapped);
    if (!made.empty()) materials.data_key = std::move(made);
    return ok();
  }

  Result<SecretBytes> on_decrypt(const WrappedKeys& wrapped) const override {
    Failures failures;
    for (const auto& key : wrapped.keys) {
      if (key.provider_id != namespace_) continue;
      const auto iv = read_provider_info(key.provider_info, name_);
      if (!iv || key.ciphertext.size() != wrapped.suite.data_key_size + gcm_tag_size) continue;
      auto data_key = unwrap(*iv, wrapped.serialized_context, key.ciphertext);
      if (data_key) return data_key;
      failures.add(describe(), std::move(data_key).error());
    }
    return failures.none_or_summary(describe());
  }

 private:
  Outcome wrap(BytesView iv, BytesView aad, const SecretBytes& data_key, std::span<std::byte> out) const {
    const std::lock_guard lock(mutex_);
    if (wraps_ == raw_aes_wraps_max)
      return Error{ErrorCode::limit_exceeded, describe() + " has wrapped 2^32 data keys: replace it"};
    ++wraps_;
    return gcm_.seal(iv, aad, data_key.reveal(), out);
  }
  Result<SecretBytes> unwrap(BytesView iv, BytesView aad, BytesView wrapped) const {
    TRY_ASSIGN(auto data_key, SecretBytes::zeroed(wrapped.size() - gcm_tag_size));
    const std::lock_guard lock(mutex_);
    TRY(gcm_.open(iv, aad, wrapped, data_key.fill()));
    return data_key;
  }

  const std::string namespace_;
  const std::string name_;
  const std::shared_ptr<Random> random_;
  // One schedule for all threads: a wrap takes well under a microsecond, making a schedule about as long.
  mutable std::mutex mutex_;
  mutable crypto::AesGcm gcm_;
  mutable std::uint64_t wraps_ = 0;
};

}  // namespace

Result<std::shared_ptr<const Keyring>> raw_aes_keyring(RawAesKey key, std::shared_ptr<Random> random) {
  TRY(check_raw_key_names(key.key_namespace, key.key_name, materials::encrypted_data_key_field_max - 8 - gcm_iv_size));
  crypto::AesGcm gcm;
  TRY(gcm.set_key(key.wrapping_key.reveal()));
  return std::shared_ptr<const Keyring>(std::make_shared<RawAesKeyring>(key, std::move(gcm), std::move(random)));
}

}  // namespace keyfold::keyrings
