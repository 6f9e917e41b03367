#include "keyfold/kms/vault/storage_keys.h"

#include <mutex>

#include "keyfold/core/base/try.h"

namespace keyfold::vault {
namespace {

std::string scope_of(const RecordName& record) {
  return std::string(record.account()).append("/").append(record.region());
}

}  // namespace

RecordName storage_key_name(const RecordName& record, const SealingKeyId& id) {
  return RecordName::beside(record, RecordType::storagekey, to_hex(id));
}

Result<SealingKeyId> storage_key_id(const RecordName& name) {
  TRY_ASSIGN(const auto bytes, from_hex(name.id()));
  SealingKeyId id;
  if (name.type() != RecordType::storagekey || bytes.size() != id.size() || to_hex(bytes) != name.id())
    return Error{ErrorCode::invalid_input, "not the name of a storage key"};
  std::ranges::copy(bytes, id.begin());
  return id;
}

void StorageKeys::add(const RecordName& name, std::uint64_t version, StorageKey key) {
  const std::lock_guard lock(mutex_);
  const auto id = key.id;
  const auto* added = &keys_.insert_or_assign(id, std::move(key)).first->second;
  auto& current = current_[scope_of(name)];
  if (version >= current.version) current = {.version = version, .key = added};
}

const StorageKey* StorageKeys::find(const SealingKeyId& id) const {
  const std::shared_lock lock(mutex_);
  const auto found = keys_.find(id);
  return found == keys_.end() ? nullptr : &found->second;
}

const StorageKey* StorageKeys::current_for(const RecordName& record) const {
  const std::shared_lock lock(mutex_);
  const auto found = current_.find(scope_of(record));
  return found == current_.end() ? nullptr : found->second.key;
}

}  // namespace keyfold::vault
