#include "keyfold/kms/vault/sealed_record.h"

#include "keyfold/core/base/try.h"
#include "keyfold/core/crypto/kdf.h"

namespace keyfold::vault {
namespace {

constexpr std::string_view record_magic = "KFSR";
constexpr std::uint8_t suite_kbkdf_gcm = 1;  // KBKDF-HMAC-SHA-256, AES-256-GCM.
constexpr std::string_view record_label = "keyfold/record/v1";

// sealed-record.md, "Layout".
void write_header(Writer& out, const SealedHeader& header) {
  out.text(record_magic).u8(sealed_record_format_version).u8(suite_kbkdf_gcm).bytes(header.key).bytes(header.n);
}

Result<SealedHeader> read_header(Reader& in) {
  SealedHeader header;
  TRY_ASSIGN(const auto found, in.bytes(record_magic.size()));
  if (as_text(found) != record_magic) return Error{ErrorCode::invalid_input, "not a sealed record"};
  TRY_ASSIGN(const auto version, in.u8());
  if (version != sealed_record_format_version)
    return Error{ErrorCode::invalid_input, "a sealed record of an unknown format"};
  TRY_ASSIGN(const auto suite, in.u8());
  if (suite != suite_kbkdf_gcm) return Error{ErrorCode::invalid_input, "a sealed record of an unknown suite"};
  TRY_ASSIGN(header.key, in.array<16>());
  TRY_ASSIGN(header.n, in.array<16>());
  return header;
}

// sealed-record.md, "Key derivation": suite ‖ key id ‖ N.
ByteArray<33> derivation_context(const SealedHeader& header) {
  ByteArray<33> context;
  context[0] = std::byte{suite_kbkdf_gcm};
  std::ranges::copy(header.key, context.begin() + 1);
  std::ranges::copy(header.n, context.begin() + 17);
  return context;
}

// sealed-record.md, "Additional authenticated data". In memory of the thread's own, which opening a record reuses.
BytesView additional_data(const SealedHeader& header, const RecordPlace& place) {
  thread_local Bytes data;
  data.clear();
  Writer out(data);
  write_header(out, header);
  out.bytes(place.store).u64(place.version);
  out.sized16(as_bytes(place.name.text()));
  out.sized16(as_bytes(text_of(place.name.type())));
  out.sized16(as_bytes(place.name.account()));
  out.sized16(as_bytes(place.name.region()));
  return data;
}

}  // namespace

Result<SealedHeader> read_sealed_header(BytesView sealed) {
  Reader in(sealed);
  TRY_ASSIGN(const auto header, read_header(in));
  if (in.remaining() < sizeof(RecordTag)) return Error{ErrorCode::invalid_input, "a sealed record without its end"};
  return header;
}

RecordTag tag_of(BytesView sealed) {
  RecordTag tag;
  KEYFOLD_CHECK(sealed.size() >= tag.size());
  std::ranges::copy(sealed.last(tag.size()), tag.begin());
  return tag;
}

Result<Bytes> seal_record(BytesView key, const SealedHeader& header, const RecordPlace& place, BytesView value) {
  Bytes sealed;
  sealed.reserve(value.size() + sealed_overhead);
  Writer out(sealed);
  write_header(out, header);
  sealed.resize(value.size() + sealed_overhead);
  TRY(crypto::seal_derived(key, record_label, derivation_context(header), additional_data(header, place), value,
                           std::span(sealed).subspan(sealed_header_size)));
  return sealed;
}

Outcome open_record(BytesView key, const RecordPlace& place, BytesView sealed, std::span<std::byte> out) {
  TRY_ASSIGN(const auto header, read_sealed_header(sealed));
  KEYFOLD_CHECK(out.size() + sealed_overhead == sealed.size());
  return crypto::open_derived(key, record_label, derivation_context(header), additional_data(header, place),
                              sealed.subspan(sealed_header_size), out);
}

}  // namespace keyfold::vault
