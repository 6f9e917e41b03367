#pragma once
// EncryptedDataKey: one way to get a message's data key back, wrapped by one provider under one of its keys.
// Spec: framework/structures.md, "Encrypted Data Key". Nothing here is secret.

#include <string>

#include "keyfold/core/base/bytes.h"

namespace keyfold::materials {

// As it stands in somebody's buffer: valid as long as that is.
struct EncryptedDataKeyView {
  std::string_view provider_id;  // "aws-kms", or a raw keyring's namespace.
  BytesView provider_info;       // The wrapping key: a KMS key ARN, or a raw keyring's key name and IV.
  BytesView ciphertext;
};

struct EncryptedDataKey {
  std::string provider_id;
  Bytes provider_info;
  Bytes ciphertext;

  EncryptedDataKey() = default;
  EncryptedDataKey(std::string_view id, BytesView info, BytesView wrapped)
      : provider_id(id), provider_info(info.begin(), info.end()), ciphertext(wrapped.begin(), wrapped.end()) {}
  explicit EncryptedDataKey(const EncryptedDataKeyView& view)
      : EncryptedDataKey(view.provider_id, view.provider_info, view.ciphertext) {}
  EncryptedDataKeyView view() const {
    return {.provider_id = provider_id, .provider_info = provider_info, .ciphertext = ciphertext};
  }
  friend bool operator==(const EncryptedDataKey&, const EncryptedDataKey&) = default;
};

inline constexpr std::size_t encrypted_data_key_field_max = 65535;  // Bytes: each field stands behind a 16-bit length.

}  // namespace keyfold::materials
