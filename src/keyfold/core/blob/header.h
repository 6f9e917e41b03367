#pragma once
// The KMS ciphertext blob: what Encrypt and GenerateDataKey hand out and Decrypt takes back. This is the part of it
// that may be read without a key: which KMS key, and which of its materials, it was made under. The format is
// docs/formats/ciphertext-blob.md:
//
//   bytes   field
//   4       magic         "KFCB"
//   1       format        format_version
//   1       suite         1 = KBKDF-HMAC-SHA-256, AES-256-GCM
//   1       flags         bit 0: the key is a multi-Region key ("mrk-…"); the others are zero
//   16      key id        the digits of the key id
//   32      material id   names one of the key's materials; commits to it
//   16      N             random, fresh for each blob
//   1…      ciphertext    as long as the plaintext
//   16      tag
//
// What a header says is a claim until the tag has been verified.

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/encryption_context.h"
#include "keyfold/core/base/named.h"
#include "keyfold/core/base/result.h"

namespace keyfold::blob {

inline constexpr std::uint8_t format_version = 1;

inline constexpr std::size_t header_size = 71;
inline constexpr std::size_t tag_size = 16;
inline constexpr std::size_t blob_size_max = 6144;  // AWS's limit on a CiphertextBlob.
inline constexpr std::size_t context_size_max =
    8192;  // Of the canonical encryption context, the bound part that is not in the blob.

enum class Suite : std::uint8_t { kbkdf_aes_256_gcm = 1 };

using MaterialId = ByteArray<32>;
using Nonce = ByteArray<16>;

struct Header {
  Suite suite = Suite::kbkdf_aes_256_gcm;
  KeyId key;  // Says by its form ("mrk-…") whether it is a multi-Region key's.
  MaterialId material{};
  Nonce nonce{};
  friend bool operator==(const Header&, const Header&) = default;
};

// A blob taken apart. The views are into the bytes that were read.
struct Blob {
  Header header;
  BytesView header_bytes;
  BytesView sealed;  // Ciphertext and tag: at least 17 bytes.
};

// Takes a whole blob apart. Fails with `invalid_input` on anything that append_header and sealing cannot have made: a
// length below 88 or above blob_size_max, another magic, an unknown format, suite or flag. Allocates nothing when it
// succeeds.
Result<Blob> read(BytesView blob);
// Likewise, for who wants to know only which key and material it was made under.
Result<Header> read_header(BytesView blob);

// Appends the header's 71 bytes.
void append_header(Bytes& out, const Header& header);

// What the key and the IV of one blob are derived with, beside the material: KBKDF-HMAC-SHA-256, counter mode, this
// label and this context (suite ‖ material id ‖ N); the first 32 bytes are the AES-256 key, the next 12 the IV.
inline constexpr std::string_view derivation_label = "keyfold/blob/v1";
using DerivationContext = ByteArray<1 + 32 + 16>;
DerivationContext derivation_context(const Header& header);

// Appends what the tag covers beside the ciphertext: the header's bytes ‖ the canonical encryption context (u32 count,
// then u32-length-prefixed keys and values, sorted by the bytes of the keys). Fails with `validation` when the
// canonical context is longer than context_size_max; then nothing is appended.
Outcome append_aad(Bytes& out, BytesView header_bytes, const ContextView& context);

}  // namespace keyfold::blob
