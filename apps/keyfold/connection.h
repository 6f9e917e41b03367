#pragma once
// From what the command line says to a KMS and to keyrings.

#include <filesystem>
#include <memory>

#include "keyfold/command_line.h"
#include "keyfold/core/base/encryption_context.h"
#include "keyfold/envelope/client/keyring_config.h"
#include "keyfold/envelope/client/kms.h"
#include "keyfold/envelope/keystore/key_store.h"
#include "keyfold/envelope/keystore/sqlite/sqlite_records.h"

namespace keyfold::cli {

// Each fails with `invalid_input`, saying which option or variable.
// `key`: a key whose ARN names the Region when nothing else does; may be empty.
Result<std::shared_ptr<client::Kms>> connect(const ConnectionOptions& connection, std::string_view key);
// In the Region that the command line says; else in `region`, if that is one.
client::AwsOverrides overrides_in(const ConnectionOptions& connection, const std::string& region);
Result<client::ConfiguredKeyring> keyring_of(const KeyOptions& keys, const ConnectionOptions& connection);
// `store`: an SQLite file, or the address of a PostgreSQL database.
Result<std::shared_ptr<keystore::RecordStore>> open_records(const std::string& store, const std::string& logical_name,
                                                            keystore::IfAbsent if_absent);
Result<keystore::KmsKeyChoice> key_choice(const client::BranchKeyStoreWanted& wanted);
Result<keystore::KeyStore> open_key_store(const ConnectionOptions& connection,
                                          const client::BranchKeyStoreWanted& wanted, keystore::IfAbsent if_absent);
// Of a store that is there. A file's name is looked for in `folder`: beside the file that names it.
Result<std::shared_ptr<keyrings::BranchKeyStore>> open_branch_keys(const ConnectionOptions& connection,
                                                                   const std::filesystem::path& folder,
                                                                   client::BranchKeyStoreWanted wanted);
Result<EncryptionContext> context_of(const std::vector<std::string>& pairs);

}  // namespace keyfold::cli
