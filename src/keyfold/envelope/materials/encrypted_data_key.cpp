#include "keyfold/envelope/materials/encrypted_data_key.h"

#include <iterator>

namespace keyfold::materials {
namespace {

// Whoever made the view has checked that the entries are whole.
EncryptedDataKeyView take(Reader& in) {
  const auto provider_id = in.sized16();
  const auto provider_info = in.sized16();
  const auto ciphertext = in.sized16();
  KEYFOLD_CHECK(provider_id && provider_info && ciphertext);
  return {.provider_id = as_text(*provider_id), .provider_info = *provider_info, .ciphertext = *ciphertext};
}

}  // namespace

static_assert(std::forward_iterator<EncryptedDataKeysView::Iterator>);

EncryptedDataKeyView EncryptedDataKeysView::Iterator::operator*() const {
  Reader in(rest_);
  return take(in);
}

EncryptedDataKeysView::Iterator& EncryptedDataKeysView::Iterator::operator++() {
  Reader in(rest_);
  take(in);
  rest_ = rest_.subspan(in.position());
  return *this;
}

EncryptedDataKeyView EncryptedDataKeysView::operator[](std::size_t index) const {
  KEYFOLD_CHECK(index < count_);
  return *std::next(begin(), static_cast<std::ptrdiff_t>(index));
}

void append_encrypted_data_key(Bytes& out, const EncryptedDataKeyView& key) {
  Writer(out).sized16(as_bytes(key.provider_id)).sized16(key.provider_info).sized16(key.ciphertext);
}

}  // namespace keyfold::materials
