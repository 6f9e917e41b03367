#pragma once
// Which key opens which record, and opening it.

#include "keyfold/core/base/secret.h"
#include "keyfold/kms/vault/root_key.h"
#include "keyfold/kms/vault/sealed_record.h"
#include "keyfold/kms/vault/storage_keys.h"

namespace keyfold::vault {

// The head and the storage keys are sealed under the root key, every other record under its scope's storage key.
bool sealed_under_root(RecordType type);

// Safe to use from several threads; holds references.
class RecordOpener {
 public:
  RecordOpener(const StoreId& store, const RootKey& root, const StorageKeys& keys)
      : store_(store), root_(root), keys_(keys) {}
  // Into `out`, of sealed.size() - sealed_overhead bytes. Fails with `authentication`, or `invalid_input` when it is no
  // sealed record. No allocation in steady state.
  Outcome open(const RecordName& name, std::uint64_t version, BytesView sealed, std::span<std::byte> out) const;
  // Likewise, into a new secret or into `out`, which is wiped and resized.
  Result<SecretBytes> open_secret(const RecordName& name, std::uint64_t version, BytesView sealed) const;
  Outcome open_into(Bytes& out, const RecordName& name, std::uint64_t version, BytesView sealed) const;

 private:
  const StoreId& store_;
  const RootKey& root_;
  const StorageKeys& keys_;
};

}  // namespace keyfold::vault
