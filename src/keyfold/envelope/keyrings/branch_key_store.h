#pragma once
// BranchKeyStore: where the branch-key keyring gets branch keys from. `keystore` implements it over a database and a
// KMS; tests, in memory. Spec: framework/branch-key-store.md.

#include <memory>
#include <string>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/encryption_context.h"
#include "keyfold/core/base/secret.h"

namespace keyfold::keyrings {

inline constexpr std::size_t branch_key_size = 32;           // Bytes.
inline constexpr std::size_t branch_key_id_size_max = 2048;  // Bytes: what DynamoDB gives a partition key.
using BranchKeyVersion = ByteArray<16>;                      // A UUID.

// "83eec007-5659-4554-bf11-699b90f41ac6" and back. Reading takes lower case only: the text is authenticated as it
// stands in records. Fails with `invalid_input`.
std::string to_string(const BranchKeyVersion& version);
Result<BranchKeyVersion> parse_branch_key_version(std::string_view text);

// An id is 1 to branch_key_id_size_max bytes of UTF-8 without control characters; else `invalid_input`.
Outcome check_branch_key_id(std::string_view id);

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
