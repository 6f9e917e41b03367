#pragma once
// SHA-256, SHA-384, SHA-512 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104). Nothing here allocates, but for
// HmacSha256::set_key. Whatever state a computation leaves behind is wiped.

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/result.h"
#include "keyfold/core/base/secret.h"

namespace keyfold::crypto {

enum class Hash : std::uint8_t { sha256, sha384, sha512 };
using Sha256Digest = ByteArray<32>;
using Sha384Digest = ByteArray<48>;
using Sha512Digest = ByteArray<64>;

Sha256Digest sha256(BytesView data);
Sha256Digest sha256(std::initializer_list<BytesView> parts);  // Of the parts, one after another.
Sha384Digest sha384(BytesView data);
Sha512Digest sha512(BytesView data);

// A running digest, held in place. A copy runs on by itself. Not safe to use from several threads at once.
class Digest {
 public:
  explicit Digest(Hash hash);
  ~Digest() { wipe(state_); }
  Digest(const Digest&) = default;
  Digest& operator=(const Digest&) = default;

  std::size_t size() const;  // Bytes: 32, 48 or 64.
  void update(BytesView data);
  void finish(std::span<std::byte> out);  // out.size() == size() (CHECK). Starts anew.

 private:
  void start();
  alignas(8) ByteArray<216> state_;
  Hash hash_;
};

// One-shot HMAC-SHA-256. Any thread.
Sha256Digest hmac_sha256(BytesView key, BytesView data);
Sha256Digest hmac_sha256(BytesView key, std::initializer_list<BytesView> parts);  // Of the parts, one after another.

// HMAC-SHA-256 under one key, its pads computed once and kept in the secret arena. Signing is safe from several threads
// at once.
class HmacSha256 {
 public:
  HmacSha256() = default;  // Without a key: signing is a failed CHECK until set_key.
  // Any length. Fails with `unavailable` when the arena is full. Changing the key allocates nothing.
  Outcome set_key(BytesView key);
  Sha256Digest sign(std::initializer_list<BytesView> parts) const;  // Of the parts, one after another.

 private:
  SecretBytes pads_;
};

}  // namespace keyfold::crypto
