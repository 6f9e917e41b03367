#pragma once
// KeyStore: makes, rotates and hands out branch keys. Over a database that holds their records, and a KMS under whose
// keys they are. Spec: framework/branch-key-store.md, "Operations".
//
// - create() and rotate() see no branch key in clear: the KMS makes them (GenerateDataKeyWithoutPlaintext) and copies
//   them from record to record (ReEncrypt).
// - Rotating makes a new version the active one. Old versions stay, and open what they sealed.
// - Records of hierarchy version 1 are written; those of version 2 are read, as an experiment, when that is asked for.
//   See record_wrapping.cpp.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "keyfold/core/base/clock.h"
#include "keyfold/core/base/random.h"
#include "keyfold/envelope/keyrings/branch_key_store.h"
#include "keyfold/envelope/keystore/record_store.h"
#include "keyfold/envelope/keystore/record_wrapping.h"

namespace keyfold::keystore {

struct NewBranchKey {
  // Nothing: a UUID is made up. An id of one's own needs an encryption context beside it.
  std::optional<std::string> id{};
  EncryptionContext context{};  // Bound to every record of the branch key; in clear. "department" = "admin".
};

// Safe to use from several threads at once. Fails as the database (RecordStore) and the KMS (KmsClient) do.
class KeyStore final : public keyrings::BranchKeyStore {
 public:
  KeyStore(std::shared_ptr<RecordStore> records, std::shared_ptr<keyrings::KeyStoreKmsClient> kms, KmsKeyChoice choice,
           HierarchyVersion newest_read = HierarchyVersion::one,
           std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>(),
           std::shared_ptr<Random> random = std::make_shared<SystemRandom>());

  // The id of the branch key that was made, with its first version and its beacon. Fails with `already_exists`, and
  // with `invalid_input` when id or context will not do.
  Result<std::string> create(const NewBranchKey& wanted);

  // The version that is the active one from now on. Proves first that the record of the old one is as it was written.
  // Fails with `not_found`; with `conflict` when somebody else changed the branch key meanwhile: nothing was changed
  // then, and it may be tried again.
  Result<keyrings::BranchKeyVersion> rotate(std::string_view id);

  // Fails with `unsupported_operation` when the choice of KMS keys is a discovery: that is for reading versions.
  Result<std::shared_ptr<const keyrings::BranchKey>> active(std::string_view id) override;
  Result<std::shared_ptr<const keyrings::BranchKey>> version(std::string_view id,
                                                             const keyrings::BranchKeyVersion& version) override;
  // The beacon key: for searchable encryption elsewhere; nothing of ours uses it. branch_key_size bytes.
  Result<SecretBytes> beacon(std::string_view id);

  const std::string& logical_name() const override { return records_->logical_name(); }

 private:
  Result<Record> record_of(std::string_view id, std::string_view type);
  Result<std::shared_ptr<const keyrings::BranchKey>> branch_key_of(std::string_view id, std::string_view type);
  // A version and the active record that goes with it, wrapped; `like` gives all other fields.
  struct Pair {
    Record version, active;
  };
  Result<Pair> make_version(const Record& like);

  const std::shared_ptr<RecordStore> records_;
  const RecordWrapping wrapping_;
  const std::shared_ptr<const Clock> clock_;
  const std::shared_ptr<Random> random_;
};

}  // namespace keyfold::keystore
