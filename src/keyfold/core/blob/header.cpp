#include "keyfold/core/blob/header.h"

#include <algorithm>

#include "keyfold/core/base/try.h"

namespace keyfold::blob {
namespace {

constexpr std::string_view magic = "KFCB";
constexpr std::uint8_t flag_multi_region = 1;
constexpr std::size_t key_id_size = 16;
constexpr std::size_t blob_size_min = header_size + 1 + tag_size;
constexpr std::string_view multi_region_prefix = "mrk-";

Error not_a_blob(const char* why) {
  return Error{ErrorCode::invalid_input, std::string("not a KMS ciphertext blob: ") + why};
}

int digit_value(char digit) { return digit <= '9' ? digit - '0' : digit - 'a' + 10; }

bool is_multi_region(const KeyId& key) { return key.text().starts_with(multi_region_prefix); }

// The 32 hexadecimal digits of a key id, as 16 bytes: the dashes stand at fixed places, and "mrk-" is the flag.
ByteArray<key_id_size> key_id_bytes(const KeyId& key) {
  ByteArray<key_id_size> bytes{};
  std::string_view text = key.text();
  if (is_multi_region(key)) text.remove_prefix(multi_region_prefix.size());
  std::size_t digits = 0;
  for (const char c : text) {
    if (c == '-') continue;
    auto& byte = bytes[digits++ / 2];
    byte = byte << 4 | static_cast<std::byte>(digit_value(c));
  }
  return bytes;
}

Result<KeyId> key_id_from(const ByteArray<key_id_size>& bytes, bool multi_region) {
  constexpr std::string_view digits = "0123456789abcdef";
  InlineString<KeyIdTag::size_max> text(multi_region ? multi_region_prefix : "");
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (!multi_region && (i == 4 || i == 6 || i == 8 || i == 10)) text.append("-");
    const auto value = std::to_integer<std::size_t>(bytes[i]);
    text.append(digits.substr(value >> 4, 1)).append(digits.substr(value & 15, 1));
  }
  return KeyId::parse(text);
}

std::size_t canonical_size(const ContextView& context) {
  std::size_t size = 4;
  for (const auto& [key, value] : context) size += 4 + key.size() + 4 + value.size();
  return size;
}

}  // namespace

// docs/formats/ciphertext-blob.md, "Bytes".
Result<Blob> read(BytesView blob) {
  if (blob.size() < blob_size_min) return not_a_blob("too short");
  if (blob.size() > blob_size_max) return not_a_blob("too long");
  Reader in(blob);
  TRY_ASSIGN(const auto blob_magic, in.bytes(magic.size()));
  if (!std::ranges::equal(blob_magic, as_bytes(magic))) return not_a_blob("another magic number");
  TRY_ASSIGN(const auto format, in.u8());
  if (format != format_version) return not_a_blob("an unknown format version");
  TRY_ASSIGN(const auto suite, in.u8());
  if (suite != static_cast<std::uint8_t>(Suite::kbkdf_aes_256_gcm)) return not_a_blob("an unknown suite");
  TRY_ASSIGN(const auto flags, in.u8());
  if ((flags & ~flag_multi_region) != 0) return not_a_blob("an unknown flag");
  TRY_ASSIGN(const auto key_bytes, in.array<key_id_size>());
  TRY_ASSIGN(const auto key, key_id_from(key_bytes, (flags & flag_multi_region) != 0));
  TRY_ASSIGN(const auto material, in.array<32>());
  TRY_ASSIGN(const auto nonce, in.array<16>());
  return Blob{.header = {.suite = Suite{suite}, .key = key, .material = material, .nonce = nonce},
              .header_bytes = blob.first(header_size),
              .sealed = blob.subspan(header_size)};
}

Result<Header> read_header(BytesView blob) {
  TRY_ASSIGN(const auto parts, read(blob));
  return parts.header;
}

void append_header(Bytes& out, const Header& header) {
  Writer(out)
      .text(magic)
      .u8(format_version)
      .u8(static_cast<std::uint8_t>(header.suite))
      .u8(is_multi_region(header.key) ? flag_multi_region : 0)
      .bytes(key_id_bytes(header.key))
      .bytes(header.material)
      .bytes(header.nonce);
}

DerivationContext derivation_context(const Header& header) {
  DerivationContext context;
  context[0] = static_cast<std::byte>(header.suite);
  std::ranges::copy(header.material, context.begin() + 1);
  std::ranges::copy(header.nonce, context.begin() + 1 + std::ssize(header.material));
  return context;
}

Outcome append_aad(Bytes& out, BytesView header_bytes, const ContextView& context) {
  if (canonical_size(context) > context_size_max)
    return Error{ErrorCode::validation, "The encryption context is too long: at most " +
                                            std::to_string(context_size_max) +
                                            " bytes of keys, values and their lengths."};
  Writer(out).bytes(header_bytes);
  append_canonical(out, context);
  return ok();
}

}  // namespace keyfold::blob
