#pragma once
// The root record: the one record that is not sealed. It says whose store this is, and how a passphrase becomes its
// root key. docs/formats/root-key.md, "Root record".

#include <optional>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/result.h"
#include "keyfold/kms/vault/ids.h"
#include "keyfold/kms/vault/record_name.h"
#include "keyfold/kms/vault/root_key.h"

namespace keyfold::vault {

inline constexpr std::uint8_t root_record_format_version = 1;

struct RootRecord {
  StoreId store{};
  SealingKeyId root_key{};
  std::optional<PassphraseParameters> passphrase;  // None: the root key is in a file.
};

RecordName root_record_name();  // "root/-/-/root"
// Its last 16 bytes authenticate the others under the root key.
Result<Bytes> write_root_record(const RootKey& root, const StoreId& store);
// Believes what it reads: it is needed before there is a key. Fails with `invalid_input`.
Result<RootRecord> read_root_record(BytesView value);
// Fails with `authentication` unless it was written under this root key.
Outcome verify_root_record(const RootKey& root, BytesView value);

}  // namespace keyfold::vault
