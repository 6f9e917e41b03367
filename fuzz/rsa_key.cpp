// Any text is an RSA key or a clear refusal, and so is any DER in each of the four forms.

#include <cstddef>
#include <cstdint>

#include "keyfold/core/crypto/rsa.h"

namespace {

void read(std::string_view pem) {
  const auto public_key = keyfold::crypto::RsaPublicKey::from_pem(pem);
  if (!public_key && public_key.error().message.empty()) __builtin_trap();
  const auto secret = keyfold::SecretBytes::copy_of(keyfold::as_bytes(pem));
  if (!secret) return;  // Larger than any secret.
  const auto private_key = keyfold::crypto::RsaPrivateKey::from_pem(*secret);
  if (!private_key && private_key.error().message.empty()) __builtin_trap();
  if (public_key && private_key) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  read(keyfold::as_text(bytes));
  const std::string base64 = keyfold::to_base64(bytes);
  for (const std::string label : {"PUBLIC KEY", "RSA PUBLIC KEY", "PRIVATE KEY", "RSA PRIVATE KEY"})
    read("-----BEGIN " + label + "-----\n" + base64 + "\n-----END " + label + "-----\n");
  return 0;
}
