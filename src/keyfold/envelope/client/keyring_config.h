#pragma once
// Keyrings as JSON, for configuration files:
//   {"type": "kms",     "key": "alias/ledger"}
//   {"type": "raw-aes", "namespace": "archive", "name": "2026", "key_file": "archive.key"}
//   {"type": "multi",   "generator": {…}, "children": [{…}, …]}
// A key file holds 16, 24 or 32 raw bytes; of generator and children either may be absent. Key material never stands in
// it: files hold it. Unknown types and members are refused: a misspelt one must not pass.

#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "keyfold/envelope/keyrings/keyring.h"
#include "keyfold/envelope/keyrings/kms_client.h"

namespace keyfold::client {

// What the keyrings of a configuration need from outside.
struct KeyringSources {
  // The client for a KMS key, named as it stands in the configuration. Called only when there is a KMS keyring.
  std::function<Result<std::shared_ptr<keyrings::KmsClient>>(std::string_view key)> kms;
  std::filesystem::path folder;  // Relative key files are looked for here.
};

struct ConfiguredKeyring {
  std::shared_ptr<const keyrings::Keyring> keyring;
  bool has_kms = false;  // False: raw keys alone.
};

inline constexpr std::size_t keyring_depth_max = 8;  // Multi keyrings inside one another.
inline constexpr std::size_t keyring_count_max = 64;

// Fails with `invalid_input`, naming the member, or with what the sources say.
Result<ConfiguredKeyring> keyring_from_json(std::string_view json, const KeyringSources& sources);

}  // namespace keyfold::client
