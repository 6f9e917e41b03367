#pragma once
// Keyrings as JSON, for configuration files; docs/keyrings.md shows one of each type:
//   kms, kms-mrk, kms-mrk-multi    KMS keys that are named
//   kms-discovery, kms-mrk-discovery    whatever KMS keys of given accounts; they only open
//   failover                       a KMS key in several Regions, of which some may be gone
//   branch-key                     branch keys of a key store, one per tenant
//   raw-aes, raw-rsa               keys in files
//   multi                          several keyrings, of any type
// Key material never stands in it: files hold it. Unknown types and members are refused: a misspelt one must not pass.

#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "keyfold/envelope/client/kms_clients.h"
#include "keyfold/envelope/keyrings/branch_key_store.h"
#include "keyfold/envelope/keyrings/keyring.h"
#include "keyfold/envelope/keyrings/kms_client.h"

namespace keyfold::client {

// Which clients keyrings of several Regions want.
struct RegionalConnection {
  std::string region;           // One of them, for settings that say none; may be empty.
  RegionalEndpoints endpoints;  // As connect_kms_by_region() takes them.
  KmsOptions options;
};

// Which key store a branch-key keyring wants.
struct BranchKeyStoreWanted {
  std::string store;         // A file, or a database's address.
  std::string logical_name;  // Never empty.
  std::string key;           // The KMS key's ARN.
  enum class Key : std::uint8_t { this_one, or_a_related_one } scope = Key::this_one;
  unsigned hierarchy_version_max = 1;  // Of the records that are read: 1, or 2, which is an experiment.
};

// What the keyrings of a configuration need from outside. Each is called only when there is a keyring that needs it.
struct KeyringSources {
  // The client for a KMS key, named as it stands in the configuration.
  std::function<Result<std::shared_ptr<keyrings::KmsClient>>(std::string_view key)> kms;
  // Clients by Region, never null. Without it, types that need them are refused.
  std::function<Result<std::shared_ptr<keyrings::KmsClients>>(RegionalConnection wanted)> kms_by_region = {};
  // A store of branch keys, never null. Without it, that type is refused.
  std::function<Result<std::shared_ptr<keyrings::BranchKeyStore>>(const BranchKeyStoreWanted& wanted)> branch_keys = {};
  std::filesystem::path folder;  // Relative key files are looked for here.
};

struct ConfiguredKeyring {
  std::shared_ptr<const keyrings::Keyring> keyring;
  bool has_kms = false;  // A KMS key is asked, or may be. False: raw keys alone.
};

inline constexpr std::size_t keyring_depth_max = 8;  // Multi keyrings inside one another.
inline constexpr std::size_t keyring_count_max = 64;

// Fails with `invalid_input`, naming the member, or with what the sources say.
Result<ConfiguredKeyring> keyring_from_json(std::string_view json, const KeyringSources& sources);

}  // namespace keyfold::client
