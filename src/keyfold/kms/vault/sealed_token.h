#pragma once
// The sealed token: what the server hands out and takes back (session tokens, and whatever else carries its own facts),
// so that nothing of it need be stored. Who holds one can neither read nor alter it. docs/formats/sealed-token.md.

#include <optional>
#include <string_view>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/named.h"
#include "keyfold/core/base/result.h"
#include "keyfold/kms/vault/ids.h"

namespace keyfold::vault {

inline constexpr std::uint8_t sealed_token_format_version = 1;
inline constexpr std::size_t sealed_token_header_size = 38;  // Bytes before the ciphertext.
inline constexpr std::size_t sealed_token_overhead = sealed_token_header_size + 16;
inline constexpr std::size_t sealed_token_size_max = 65536;  // Bytes, sealed.

// Whose storage key seals it: the account's for a Region, or for what is global to the account.
struct TokenScope {
  AccountId account;
  std::optional<Region> region;
};

struct SealedTokenHeader {
  SealingKeyId key{};
  ByteArray<16> n{};
};

// Fails with `invalid_input` when it is not a sealed token of this format.
Result<SealedTokenHeader> read_sealed_token_header(BytesView token);

// What a token is for is its label, "keyfold/session-token/v1": the keys of two labels have nothing to do with each
// other, so a token opens under its own label alone. Both as seal_record and open_record do it.
Result<Bytes> seal_token(BytesView key, const SealedTokenHeader& header, const StoreId& store, std::string_view label,
                         BytesView value);
Outcome open_token(BytesView key, const StoreId& store, std::string_view label, BytesView token,
                   std::span<std::byte> out);

}  // namespace keyfold::vault
