#pragma once
// The sealed record: how the value of one record lies in the store. docs/formats/sealed-record.md.

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/result.h"
#include "keyfold/kms/vault/ids.h"
#include "keyfold/kms/vault/record_name.h"

namespace keyfold::vault {

inline constexpr std::uint8_t sealed_record_format_version = 1;
inline constexpr std::size_t sealed_header_size = 38;  // Bytes before the ciphertext.
inline constexpr std::size_t sealed_overhead = sealed_header_size + sizeof(RecordTag);

struct SealedHeader {
  SealingKeyId key{};
  ByteArray<16> n{};
};

// What a record is bound to: its bytes open nowhere else.
struct RecordPlace {
  const StoreId& store;
  const RecordName& name;
  std::uint64_t version;  // The store's revision after the commit that writes it.
};

// Fails with `invalid_input` when it is not a sealed record of this format.
Result<SealedHeader> read_sealed_header(BytesView sealed);
// The tag is the end of every stored record. It is a CHECK that there is one.
RecordTag tag_of(BytesView sealed);

// Seals `value` under the 32-byte `key`, whose id and 16 fresh random bytes N are in `header`.
Result<Bytes> seal_record(BytesView key, const SealedHeader& header, const RecordPlace& place, BytesView value);
// Opens it into `out`, of sealed.size() - sealed_overhead bytes. `key` is the one that the header names. Fails with
// `authentication` when a bit of it, or of its place, is not what was sealed; then `out` is wiped. No allocation in
// steady state.
Outcome open_record(BytesView key, const RecordPlace& place, BytesView sealed, std::span<std::byte> out);

}  // namespace keyfold::vault
