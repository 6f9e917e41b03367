#include "keyfold/kms/vault/sealed_token.h"

#include "keyfold/core/base/try.h"
#include "keyfold/core/crypto/kdf.h"

namespace keyfold::vault {
namespace {

constexpr std::string_view token_magic = "KFST";
constexpr std::uint8_t suite_kbkdf_gcm = 1;  // KBKDF-HMAC-SHA-256, AES-256-GCM.

// sealed-token.md, "Layout".
void write_header(Writer& out, const SealedTokenHeader& header) {
  out.text(token_magic).u8(sealed_token_format_version).u8(suite_kbkdf_gcm).bytes(header.key).bytes(header.n);
}

// sealed-token.md, "Key derivation": suite ‖ key id ‖ N.
ByteArray<33> derivation_context(const SealedTokenHeader& header) {
  ByteArray<33> context;
  context[0] = std::byte{suite_kbkdf_gcm};
  std::ranges::copy(header.key, context.begin() + 1);
  std::ranges::copy(header.n, context.begin() + 17);
  return context;
}

// sealed-token.md, "Additional authenticated data". In memory of the thread's own, which the next token reuses.
BytesView additional_data(const SealedTokenHeader& header, const StoreId& store, std::string_view label) {
  thread_local Bytes data;
  data.clear();
  Writer out(data);
  write_header(out, header);
  out.bytes(store).sized16(as_bytes(label));
  return data;
}

}  // namespace

Result<SealedTokenHeader> read_sealed_token_header(BytesView token) {
  const Error error{ErrorCode::invalid_input, "not a sealed token"};
  if (token.size() < sealed_token_overhead || token.size() > sealed_token_size_max) return error;
  Reader in(token);
  SealedTokenHeader header;
  TRY_ASSIGN(const auto magic, in.bytes(token_magic.size()));
  TRY_ASSIGN(const auto version, in.u8());
  TRY_ASSIGN(const auto suite, in.u8());
  TRY_ASSIGN(header.key, in.array<16>());
  TRY_ASSIGN(header.n, in.array<16>());
  if (as_text(magic) != token_magic || version != sealed_token_format_version || suite != suite_kbkdf_gcm) return error;
  return header;
}

Result<Bytes> seal_token(BytesView key, const SealedTokenHeader& header, const StoreId& store, std::string_view label,
                         BytesView value) {
  if (value.size() > sealed_token_size_max - sealed_token_overhead)
    return Error{ErrorCode::invalid_input, "too much for a sealed token"};
  Bytes token;
  token.reserve(value.size() + sealed_token_overhead);
  Writer out(token);
  write_header(out, header);
  token.resize(value.size() + sealed_token_overhead);
  TRY(crypto::seal_derived(key, label, derivation_context(header), additional_data(header, store, label), value,
                           std::span(token).subspan(sealed_token_header_size)));
  return token;
}

Outcome open_token(BytesView key, const StoreId& store, std::string_view label, BytesView token,
                   std::span<std::byte> out) {
  TRY_ASSIGN(const auto header, read_sealed_token_header(token));
  KEYFOLD_CHECK(out.size() + sealed_token_overhead == token.size());
  return crypto::open_derived(key, label, derivation_context(header), additional_data(header, store, label),
                              token.subspan(sealed_token_header_size), out);
}

}  // namespace keyfold::vault
