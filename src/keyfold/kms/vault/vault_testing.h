#pragma once
// For the tests of this room and of those above it.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "keyfold/core/base/random.h"
#include "keyfold/kms/storage/store.h"
#include "keyfold/kms/vault/sealed_store.h"

namespace keyfold::vault {

inline RootKey root_key_of(std::uint8_t byte) {
  const Bytes bytes(RootKey::size, std::byte{byte});
  return *RootKey::of(*SecretBytes::copy_of(bytes));
}

inline const AccountId& test_account() {
  static const auto account = *AccountId::parse("123456789012");
  return account;
}
inline const Region& test_region() {
  static const auto region = *Region::parse("eu-central-1");
  return region;
}
inline RecordName test_name(RecordType type, std::string_view id) { return {type, test_account(), test_region(), id}; }

inline Result<std::unique_ptr<SealedStore>> open_with(storage::Store& store, Random& random, std::uint8_t root = 7) {
  return SealedStore::open(store, root_key_of(root), random, Mode::production);
}

inline Change put(RecordName name, std::string_view value, std::uint64_t expected_version = 0) {
  return {.name = std::move(name), .expected_version = expected_version, .value = as_bytes(value)};
}
inline Change removal(RecordName name, std::uint64_t expected_version) {
  return {.name = std::move(name), .expected_version = expected_version, .value = std::nullopt};
}

inline Result<Committed> commit(SealedStore& store, std::initializer_list<Change> changes) {
  return store.commit(std::span(changes.begin(), changes.size()), nullptr);
}

}  // namespace keyfold::vault
