#pragma once
// Key derivation: HKDF (RFC 5869) for messages, KBKDF for what the server stores and hands out, scrypt for
// passphrases.

#include <initializer_list>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/result.h"
#include "keyfold/core/base/secret.h"
#include "keyfold/core/crypto/digest.h"

namespace keyfold::crypto {

// RFC 5869: extract, then expand. `prk` is as large as the hash's digest; results are at most 255 times as large (CHECK
// both). An empty salt is RFC 5869's "not provided". Any thread; nothing allocates.
void hkdf_extract(Hash hash, BytesView salt, BytesView ikm, std::span<std::byte> prk);
void hkdf_expand(Hash hash, BytesView prk, BytesView info, std::span<std::byte> out);
// Both at once, for several results of one extract: the pads of the pseudorandom key are made only once.
struct HkdfResult {
  BytesView info;
  std::span<std::byte> out;
};
void hkdf(Hash hash, BytesView salt, BytesView ikm, std::initializer_list<HkdfResult> results);

// SP 800-108r1, counter mode with HMAC-SHA-256: K(i) = HMAC(key, u32 i ‖ label ‖ 0x00 ‖ context ‖ u32 bits), i from 1.
// Any thread; no allocation in steady state. At most 255 · 32 bytes.
Outcome kbkdf_hmac_sha256(BytesView key, std::string_view label, BytesView context, std::span<std::byte> out);

// RFC 7914. `cost` is N, a power of two from 2; block_size (r) and parallelism (p) are 1 to 1,024. The table takes
// 128 · N · r bytes, at most 1 GiB.
struct ScryptParameters {
  std::uint64_t cost = 1U << 17;
  std::uint32_t block_size = 8;
  std::uint32_t parallelism = 1;
};
// `size` bytes. Fails with `invalid_input` beyond those bounds, with `unavailable` when there is not enough memory.
Result<SecretBytes> scrypt(BytesView passphrase, BytesView salt, const ScryptParameters& parameters, std::size_t size);

// The construction under every sealed thing of the server's (blobs, records, tokens): a key and an IV for this one use,
// from KBKDF(key, label, context) → 32 + 12 bytes, then AES-256-GCM. `context` must contain 16 fresh random bytes.
// Any thread; no allocation in steady state. Sizes as AesGcm::seal and open; opening fails with `authentication`.
Outcome seal_derived(BytesView key, std::string_view label, BytesView context, BytesView aad, BytesView plaintext,
                     std::span<std::byte> out);
Outcome open_derived(BytesView key, std::string_view label, BytesView context, BytesView aad, BytesView sealed,
                     std::span<std::byte> out);

}  // namespace keyfold::crypto
