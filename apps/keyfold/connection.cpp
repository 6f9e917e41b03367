#include "keyfold/connection.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "keyfold/core/base/named.h"
#include "keyfold/core/base/try.h"
#include "keyfold/envelope/keyrings/kms.h"
#include "keyfold/envelope/keyrings/multi.h"
#include "keyfold/envelope/keystore/postgresql/postgresql_records.h"
#include "keyfold/envelope/keystore/sqlite/sqlite_records.h"

namespace keyfold::cli {
namespace {

constexpr std::size_t keyring_file_size_max = 65536;  // Bytes.

std::string region_in(std::string_view key) {
  const auto arn = split_arn(key);
  return arn ? std::string(arn->region) : std::string();
}

Result<client::ConfiguredKeyring> keyring_of_file(const std::string& path, const ConnectionOptions& connection) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{ErrorCode::io, "cannot read the keyring file " + path};
  std::string text(keyring_file_size_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > keyring_file_size_max) return Error{ErrorCode::invalid_input, path + " is larger than 64 KiB"};
  const auto folder = std::filesystem::path(path).parent_path();
  const client::KeyringSources sources{
      .kms = [&connection](std::string_view key) -> Result<std::shared_ptr<keyrings::KmsClient>> {
        TRY_ASSIGN(auto kms, connect(connection, key));
        return std::shared_ptr<keyrings::KmsClient>(std::move(kms));
      },
      .kms_by_region =
          [&connection](client::RegionalConnection wanted) -> Result<std::shared_ptr<keyrings::KmsClients>> {
        TRY_ASSIGN(auto settings, client::aws_settings(overrides_in(connection, wanted.region)));
        return client::connect_kms_by_region(std::move(settings), std::move(wanted.endpoints), wanted.options);
      },
      .branch_keys =
          [&connection, &folder](const client::BranchKeyStoreWanted& wanted) {
            return open_branch_keys(connection, folder, wanted);
          },
      .folder = folder};
  auto keyring = client::keyring_from_json(text, sources);
  if (!keyring) return Error{keyring.error().code, path + ": " + keyring.error().message};
  return keyring;
}

}  // namespace

client::AwsOverrides overrides_in(const ConnectionOptions& connection, const std::string& region) {
  return {.endpoint_url = connection.endpoint_url,
          .region = connection.region.empty() ? region : connection.region,
          .profile = connection.profile,
          .ca_file = connection.ca_file};
}

Result<std::shared_ptr<client::Kms>> connect(const ConnectionOptions& connection, std::string_view key) {
  // A key ARN's Region is not a matter of taste: another Region's endpoint does not have the key.
  TRY_ASSIGN(auto settings, client::aws_settings(overrides_in(connection, region_in(key))));
  return client::connect_kms(std::move(settings));
}

Result<std::shared_ptr<keystore::RecordStore>> open_records(const std::string& store, const std::string& logical_name,
                                                            keystore::IfAbsent if_absent) {
  if (keystore::is_postgresql_address(store)) return keystore::open_postgresql_records(store, logical_name);
  return keystore::open_sqlite_records(store, logical_name, if_absent);
}

Result<keystore::KmsKeyChoice> key_choice(const client::BranchKeyStoreWanted& wanted) {
  const bool related = wanted.scope == client::BranchKeyStoreWanted::Key::or_a_related_one;
  auto choice = related ? keystore::KmsKeyChoice::multi_region(wanted.key) : keystore::KmsKeyChoice::only(wanted.key);
  if (!choice) return Error{choice.error().code, "the key " + wanted.key + ": " + choice.error().message};
  return choice;
}

Result<keystore::KeyStore> open_key_store(const ConnectionOptions& connection,
                                          const client::BranchKeyStoreWanted& wanted, keystore::IfAbsent if_absent) {
  TRY_ASSIGN(auto choice, key_choice(wanted));
  TRY_ASSIGN(auto kms, connect(connection, wanted.key));
  TRY_ASSIGN(auto records, open_records(wanted.store, wanted.logical_name, if_absent));
  const auto newest =
      wanted.hierarchy_version_max == 1 ? keystore::HierarchyVersion::one : keystore::HierarchyVersion::two;
  return keystore::KeyStore(std::move(records), std::move(kms), std::move(choice), newest);
}

Result<std::shared_ptr<keyrings::BranchKeyStore>> open_branch_keys(const ConnectionOptions& connection,
                                                                   const std::filesystem::path& folder,
                                                                   client::BranchKeyStoreWanted wanted) {
  if (!keystore::is_postgresql_address(wanted.store)) wanted.store = (folder / wanted.store).string();
  TRY_ASSIGN(auto store, open_key_store(connection, wanted, keystore::IfAbsent::fail));
  return std::shared_ptr<keyrings::BranchKeyStore>(std::make_shared<keystore::KeyStore>(std::move(store)));
}

Result<client::ConfiguredKeyring> keyring_of(const KeyOptions& keys, const ConnectionOptions& connection) {
  if (!keys.keyring_file.empty()) return keyring_of_file(keys.keyring_file, connection);
  if (keys.keys.empty()) return Error{ErrorCode::invalid_input, "which key? Give --key (an alias or ARN) or --keyring"};
  std::vector<std::shared_ptr<const keyrings::Keyring>> made;
  for (const auto& key : keys.keys) {
    auto name = keyrings::KmsKeyName::parse(key);
    if (!name) return Error{ErrorCode::invalid_input, "--key " + key + ": " + name.error().message};
    TRY_ASSIGN(auto kms, connect(connection, key));
    made.push_back(keyrings::kms_keyring(std::move(kms), *std::move(name)));
  }
  if (made.size() == 1) return client::ConfiguredKeyring{.keyring = std::move(made.front()), .has_kms = true};
  auto generator = std::move(made.front());
  made.erase(made.begin());
  TRY_ASSIGN(auto multi, keyrings::multi_keyring(std::move(generator), std::move(made)));
  return client::ConfiguredKeyring{.keyring = std::move(multi), .has_kms = true};
}

Result<EncryptionContext> context_of(const std::vector<std::string>& pairs) {
  EncryptionContext context;
  for (const auto& pair : pairs) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0)
      return Error{ErrorCode::invalid_input, "--context takes KEY=VALUE, not \"" + pair + "\""};
    if (!context.add(pair.substr(0, equals), pair.substr(equals + 1)))
      return Error{ErrorCode::invalid_input, "--context " + pair.substr(0, equals) + " is given twice"};
  }
  return context;
}

}  // namespace keyfold::cli
