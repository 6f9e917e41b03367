#pragma once
// The encryption context as bytes, as the AWS Encryption SDK writes it into headers and as raw keyrings authenticate
// it: u16 count, then per pair u16-length key and u16-length value; nothing at all when empty. Spec:
// framework/structures.md, "Encryption Context", "Serialization".

#include <vector>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/encryption_context.h"

namespace keyfold::materials {

inline constexpr std::size_t serialized_context_max = 65535;  // Bytes: the header gives its length 16 bits.
inline constexpr std::string_view reserved_context_prefix = "aws-crypto-";
inline constexpr std::string_view public_key_context_key = "aws-crypto-public-key";

// Appends the pairs sorted by the key's UTF-8 bytes. Fails with `invalid_input`, and appends nothing, when a text is
// not UTF-8, or when the whole is larger than serialized_context_max.
Outcome append_serialized_context(Bytes& out, const ContextView& context);

// Bytes that append_serialized_context would append for these pairs.
template <class Pairs>
std::size_t serialized_context_size(Pairs&& pairs) {
  std::size_t size = 0;
  for (const auto& [key, value] : pairs) size += 4 + key.size() + value.size();
  return size == 0 ? 0 : 2 + size;
}

// Reads what a header holds; `pairs` receives the pairs and, with `bytes`, holds the view up. Any order is accepted
// (the SDK for JavaScript sorts by locale): the order is authenticated with the header. Fails with `invalid_input` on a
// duplicate key, a text that is not UTF-8, a count of zero, or bytes left over.
Result<ContextView> read_serialized_context(BytesView bytes, std::vector<ContextPair>& pairs);

// Spec: framework/structures.md, "Encryption Context": the prefix is the SDK's own. Fails with `invalid_input`, naming
// the key.
Outcome check_not_reserved(const EncryptionContext& context);

bool is_utf8(std::string_view text);  // RFC 3629: no surrogates, nothing overlong.

}  // namespace keyfold::materials
