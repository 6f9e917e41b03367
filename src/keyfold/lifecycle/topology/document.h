#pragma once
// Topology: one TOML file that lays out KMS keys: data domains × environments × Regions. Each domain has, in each
// environment and Region, one KMS key. docs/topology.md describes the file for those who write it; in short:
//
//   topology     = "shop"
//   account      = "123456789012"
//   regions      = ["eu-central-1", "eu-west-1"]
//   environments = ["production", "staging"]
//   in_several_environments = ["arn:…"]               users of keys who may be in more than one; otherwise none is
//   [defaults]                                        what domains do not say themselves
//   administrators = ["arn:aws:iam::123456789012:user/key-admin"]
//   [domains."payments/cards"]
//   encryptors = ["arn:aws:iam::123456789012:role/{environment}-checkout"]
//   decryptors = ["arn:aws:iam::123456789012:role/{environment}-clearing"]
//   rotation_days = 365                               or "off"
//   [domains."payments/cards".environments.staging]   what is otherwise there
//   rotation_days = "off"
//
// Read whole or not at all: an unknown member, a value of the wrong kind or beyond its limits is refused by its line
// and name.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keyfold/core/base/named.h"
#include "keyfold/envelope/keyrings/caching_materials_manager.h"

namespace keyfold::topology {

inline constexpr std::size_t file_size_max = std::size_t{256} << 10;  // Bytes.
inline constexpr std::size_t regions_max = 16;
inline constexpr std::size_t environments_max = 16;
inline constexpr std::size_t domains_max = 500;
inline constexpr std::size_t principals_max = 50;    // In one list.
inline constexpr std::size_t name_size_max = 32;     // Bytes: of a topology, of an environment.
inline constexpr std::size_t domain_size_max = 128;  // Bytes.
inline constexpr std::size_t tags_max = 40;          // Of the file's own; a KMS key has at most 50.
inline constexpr std::uint32_t rotation_days_min = 90, rotation_days_max = 2560;
inline constexpr std::uint32_t deletion_window_days_min = 7, deletion_window_days_max = 30;

using Tags = std::map<std::string, std::string, std::less<>>;

// Branch keys, one per tenant, between the KMS key and data keys. Whoever seals under a branch key can open, so such a
// domain's encryptors and decryptors are the same.
struct Tenants {
  std::string store;  // A file, or a database's address: {environment} and {region} stand for theirs.
  // The key of a message's encryption context whose value is the tenant, and with it the branch key's id.
  std::string context_key;
  std::chrono::seconds time_to_live{60};  // Of a branch key in memory.
  // Who makes, rotates and rewraps branch keys.
  std::vector<std::string> keepers{};
};

// A domain in an environment: all that holds of it. Principals are ARNs of users and roles, sorted.
struct Domain {
  std::string name;         // "payments/cards"
  std::string environment;  // "production"
  std::vector<std::string> administrators{}, encryptors{}, decryptors{};
  std::optional<std::uint32_t> rotation_days{};  // Nothing: no automatic rotation.
  std::uint32_t deletion_window_days = deletion_window_days_max;
  std::optional<keyrings::CacheLimits> caching{};  // Nothing: a data key for each message.
  Tags tags{};                                     // The file's own.
  std::optional<Tenants> tenants{};
  bool opens_unsigned = false;  // Also where messages are signed: older ones are not.

  // Whether there are readers who must not be able to write: then messages are signed.
  bool is_signed() const { return encryptors != decryptors; }
};

struct Topology {
  std::string name;
  AccountId account;
  std::vector<Region> regions{};
  std::vector<std::string> environments{};
  std::vector<Domain> domains{};  // Each domain once for every environment, sorted by both names.
  std::uint32_t deletion_window_days = deletion_window_days_max;  // Of keys that the file no longer names.

  // Null when there is no such domain or environment.
  const Domain* find(std::string_view environment, std::string_view domain) const;
  // The same; fails with `invalid_input`, saying which of them there are.
  Result<const Domain*> domain(std::string_view environment, std::string_view domain) const;
  bool has_region(std::string_view region) const;
};

// Total on any bytes. Fails with `invalid_input`: "line 7: rotation_days is …".
Result<Topology> parse_topology(std::string_view toml);
// Fails with `io` when the file cannot be read, with `invalid_input` as above, behind the file's name.
Result<Topology> read_topology(const std::filesystem::path& file);

}  // namespace keyfold::topology
