#include "keyfold/kms/vault/root_record.h"

#include <bit>

#include "keyfold/core/base/try.h"
#include "keyfold/core/crypto/kdf.h"

namespace keyfold::vault {
namespace {

constexpr std::string_view root_magic = "KFRT";
constexpr std::string_view check_label = "keyfold/root-record/v1";
enum class Kind : std::uint8_t { file = 1, passphrase = 2 };

// Anybody who can write to the store can write these: they must not make us take all memory, or all day.
constexpr std::uint64_t scrypt_cost_min = std::uint64_t{1} << 10;
constexpr std::uint64_t scrypt_memory_max = std::uint64_t{1} << 30;  // Bytes: 128 · N · r.
constexpr std::uint32_t scrypt_parallelism_max = 16;

Result<PassphraseParameters> read_parameters(Reader& in) {
  PassphraseParameters parameters;
  TRY_ASSIGN(parameters.salt, in.array<32>());
  TRY_ASSIGN(parameters.scrypt.cost, in.u64());
  TRY_ASSIGN(parameters.scrypt.block_size, in.u32());
  TRY_ASSIGN(parameters.scrypt.parallelism, in.u32());
  const auto& [cost, block_size, parallelism] = parameters.scrypt;
  if (!std::has_single_bit(cost) || cost < scrypt_cost_min || block_size == 0 || parallelism == 0 ||
      parallelism > scrypt_parallelism_max || cost > scrypt_memory_max / 128 ||
      block_size > scrypt_memory_max / 128 / cost)
    return Error{ErrorCode::invalid_input, "scrypt parameters out of bounds"};
  return parameters;
}

Result<RecordTag> check_of(const RootKey& root, BytesView fields) {
  RecordTag check;
  TRY(crypto::kbkdf_hmac_sha256(root.bytes().reveal(), check_label, fields, check));
  return check;
}

}  // namespace

RecordName root_record_name() { return {RecordType::root, "root"}; }

Result<Bytes> write_root_record(const RootKey& root, const StoreId& store) {
  Bytes value;
  Writer out(value);
  out.text(root_magic).u8(root_record_format_version).bytes(store).bytes(root.id());
  if (const auto& passphrase = root.passphrase()) {
    out.u8(static_cast<std::uint8_t>(Kind::passphrase)).bytes(passphrase->salt);
    out.u64(passphrase->scrypt.cost).u32(passphrase->scrypt.block_size).u32(passphrase->scrypt.parallelism);
  } else {
    out.u8(static_cast<std::uint8_t>(Kind::file));
  }
  TRY_ASSIGN(const auto check, check_of(root, value));
  out.bytes(check);
  TRY(read_root_record(value));  // Parameters that would be refused later are refused now.
  return value;
}

Result<RootRecord> read_root_record(BytesView value) {
  Reader in(value);
  RootRecord record;
  TRY_ASSIGN(const auto found, in.bytes(root_magic.size()));
  if (as_text(found) != root_magic) return Error{ErrorCode::invalid_input, "not a root record"};
  TRY_ASSIGN(const auto version, in.u8());
  if (version != root_record_format_version)
    return Error{ErrorCode::invalid_input, "a root record of an unknown format"};
  TRY_ASSIGN(record.store, in.array<16>());
  TRY_ASSIGN(record.root_key, in.array<16>());
  TRY_ASSIGN(const auto kind, in.u8());
  if (kind == static_cast<std::uint8_t>(Kind::passphrase)) {
    TRY_ASSIGN(record.passphrase, read_parameters(in));
  } else if (kind != static_cast<std::uint8_t>(Kind::file)) {
    return Error{ErrorCode::invalid_input, "a root key of an unknown kind"};
  }
  TRY(in.bytes(sizeof(RecordTag)));
  TRY(in.end());
  return record;
}

Outcome verify_root_record(const RootKey& root, BytesView value) {
  TRY(read_root_record(value));
  TRY_ASSIGN(const auto check, check_of(root, value.first(value.size() - sizeof(RecordTag))));
  if (!equal_in_constant_time(check, value.last(sizeof(RecordTag)))) return Error{ErrorCode::authentication, "altered"};
  return ok();
}

}  // namespace keyfold::vault
