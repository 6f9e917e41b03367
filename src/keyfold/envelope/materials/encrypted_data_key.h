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

// The data keys of a header, as they stand in it one after another: each read when it is come to. A value, never
// allocates; valid as long as the bytes are. Spec: data-format/message-header.md, "Encrypted Data Key Entries".
class EncryptedDataKeysView {
 public:
  class Iterator {
   public:
    using value_type = EncryptedDataKeyView;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    EncryptedDataKeyView operator*() const;
    Iterator& operator++();
    Iterator operator++(int) {
      auto before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.rest_.size() == b.rest_.size(); }

   private:
    friend class EncryptedDataKeysView;
    explicit Iterator(BytesView rest) : rest_(rest) {}
    BytesView rest_;
  };

  EncryptedDataKeysView() = default;
  // `entries` must be `count` whole entries (CHECK, when they are read).
  EncryptedDataKeysView(BytesView entries, std::uint16_t count) : entries_(entries), count_(count) {}

  Iterator begin() const { return Iterator(entries_); }
  Iterator end() const { return Iterator(entries_.last(0)); }
  std::size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  EncryptedDataKeyView operator[](std::size_t index) const;  // In order from the front; index < size() (CHECK).
  BytesView bytes() const { return entries_; }

 private:
  BytesView entries_;
  std::uint16_t count_ = 0;
};
// Appends one entry. Each field is at most encrypted_data_key_field_max bytes (CHECK).
void append_encrypted_data_key(Bytes& out, const EncryptedDataKeyView& key);

inline constexpr std::size_t encrypted_data_key_field_max = 65535;  // Bytes: each field stands behind a 16-bit length.

}  // namespace keyfold::materials
