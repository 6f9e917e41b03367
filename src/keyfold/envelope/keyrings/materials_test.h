#pragma once
// Materials to wrap and unwrap in the tests of keyrings.

#include <gtest/gtest.h>

#include "keyfold/envelope/keyrings/keyring.h"
#include "keyfold/envelope/materials/context_codec.h"

namespace keyfold::keyrings::testing {

inline materials::EncryptionMaterials fresh(EncryptionContext context = {{"tenant", "4711"}}) {
  materials::EncryptionMaterials made;
  made.suite = materials::find_suite(0x0478);
  made.encryption_context = std::move(context);
  return made;
}

// Opens what `sealed` holds under `context`.
inline Result<SecretBytes> unwrap(const Keyring& keyring, const materials::EncryptionMaterials& sealed,
                                  const EncryptionContext& context) {
  std::vector<ContextPair> pairs;
  const auto view = context.view(pairs);
  Bytes serialized;
  EXPECT_TRUE(materials::append_serialized_context(serialized, view));
  std::vector<materials::EncryptedDataKeyView> keys;
  keys.reserve(sealed.encrypted_data_keys.size());
  for (const auto& key : sealed.encrypted_data_keys) keys.push_back(key.view());
  return keyring.on_decrypt(
      {.suite = *sealed.suite, .encryption_context = view, .serialized_context = serialized, .keys = keys});
}
inline Result<SecretBytes> unwrap(const Keyring& keyring, const materials::EncryptionMaterials& sealed) {
  return unwrap(keyring, sealed, sealed.encryption_context);
}

template <class T>
ErrorCode code(const Result<T>& result) {
  EXPECT_FALSE(result);
  return result ? ErrorCode::internal : result.error().code;
}

}  // namespace keyfold::keyrings::testing
