#pragma once
// BranchKeyStore: where the branch-key keyring gets branch keys from. `keystore` implements it over a database and a
// KMS; tests, in memory. Spec: framework/branch-key-store.md.

#include <memory>
#include <string>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/encryption_context.h"
#include "keyfold/core/base/secret.h"

namespace keyfold::keyrings {

inline constexpr std::size_t branch_key_size = 32;  // Bytes.
using BranchKeyVersion = ByteArray<16>;             // A UUID.

// One version of a branch key: what wraps the data keys of a tenant or a data set. Immutable once made.
struct BranchKey {
  std::string id;
  BranchKeyVersion version{};
  SecretBytes key;                       // branch_key_size bytes.
  EncryptionContext encryption_context;  // The custom pairs it was created with, without their prefix.
};

// Safe to use from several threads at once. Fails with `not_found` when there is no such branch key or version, with
// `corrupt` when the record is not what was written, with `unavailable` when database or KMS cannot be reached, and
// with whatever else the KMS answers (see KmsClient).
class BranchKeyStore {
 public:
  virtual ~BranchKeyStore() = default;
  virtual Result<std::shared_ptr<const BranchKey>> active(std::string_view id) = 0;
  virtual Result<std::shared_ptr<const BranchKey>> version(std::string_view id, const BranchKeyVersion& version) = 0;
  // The name that encryption contexts of its records carry ("logical key store name"); part of what a cache of several
  // stores' keys must be told apart by.
  virtual const std::string& logical_name() const = 0;
};

}  // namespace keyfold::keyrings
