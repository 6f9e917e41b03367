#pragma once
// Opening a store: is every record the one that was stored, are they all there, and no other? Reads only.

#include <memory>

#include "keyfold/core/base/result.h"
#include "keyfold/kms/storage/store.h"
#include "keyfold/kms/vault/manifest.h"
#include "keyfold/kms/vault/root_key.h"
#include "keyfold/kms/vault/sealed_head.h"
#include "keyfold/kms/vault/storage_keys.h"

namespace keyfold::vault {

// What is known of a store once it is verified.
struct VerifiedStore {
  StoreId id{};
  std::uint64_t revision = 0;
  std::unique_ptr<StorageKeys> keys = std::make_unique<StorageKeys>();
  Manifest manifest;
  RecordSum sum;
};

// Fails with `authentication` when it is not this root key's store, with `corrupt`, naming the records, when it was
// tampered with, and as the Store does.
Result<VerifiedStore> verify_store(storage::Store& store, const RootKey& root);

}  // namespace keyfold::vault
