#pragma once
// The fixed-size ids of the vault's formats.

#include "keyfold/core/base/bytes.h"

namespace keyfold::vault {

using StoreId =
    ByteArray<16>;  // Random, made with the store. In the AAD of every record: no record moves to another store.
using SealingKeyId =
    ByteArray<16>;  // Which key sealed a record: a storage key (random), or the root key (derived from it).
using RecordTag = ByteArray<16>;  // The last 16 bytes of a stored record: its authentication tag.

}  // namespace keyfold::vault
