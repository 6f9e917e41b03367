#pragma once
// The storage keys: what seals the records. One per account and Region, one per account for what is global to it, one
// for what is global to the process; each a record of its own, sealed under the root key. A scope may come to have
// several (rotation): the youngest seals, all open. Safe to use from several threads.

#include <map>
#include <shared_mutex>
#include <string>

#include "keyfold/core/base/secret.h"
#include "keyfold/kms/vault/ids.h"
#include "keyfold/kms/vault/record_name.h"

namespace keyfold::vault {

struct StorageKey {
  SealingKeyId id{};
  SecretBytes bytes;
};

// "storagekey/<account>/<region>/<id in hex>", of the scope of `record`.
RecordName storage_key_name(const RecordName& record, const SealingKeyId& id);
// Fails with `invalid_input` when the name is not a storage key's.
Result<SealingKeyId> storage_key_id(const RecordName& name);

class StorageKeys {
 public:
  static constexpr std::size_t key_size = 32;  // Bytes.
  // `name` and `version` are those of the key's record.
  void add(const RecordName& name, std::uint64_t version, StorageKey key);
  // Null: there is none. The key stays where it is for as long as this lives.
  const StorageKey* find(const SealingKeyId& id) const;
  const StorageKey* current_for(const RecordName& record) const;

 private:
  struct Current {
    std::uint64_t version = 0;
    const StorageKey* key = nullptr;
  };
  mutable std::shared_mutex mutex_;
  std::map<SealingKeyId, StorageKey> keys_;
  std::map<std::string, Current, std::less<>> current_;  // By scope.
};

}  // namespace keyfold::vault
