#pragma once
// KeyRecord: all that is known about one KMS key at one moment, secrets excepted. Immutable once published: a change
// makes a new record with a higher epoch. Safe to share between threads; nothing in it is secret (materials stay
// sealed).

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/clock.h"
#include "keyfold/core/base/named.h"
#include "keyfold/core/blob/header.h"
#include "keyfold/kms/policy/document.h"
#include "keyfold/kms/vault/sealed_store.h"

namespace keyfold::keys {

using blob::MaterialId;

// Where a key lives and a request is served.
struct Place {
  AccountId account;
  Region region;
  friend bool operator==(const Place&, const Place&) = default;
  friend auto operator<=>(const Place&, const Place&) = default;
};

// The enumerations of the KMS model; to_text gives AWS's spelling. Stored by their numbers: never renumber.
enum class KeyState : std::uint8_t {
  creating = 1,
  enabled = 2,
  disabled = 3,
  pending_deletion = 4,
  pending_import = 5,
  pending_replica_deletion = 6,
  unavailable = 7,
  updating = 8,
};
enum class KeyUsage : std::uint8_t { encrypt_decrypt = 1 };
enum class KeySpec : std::uint8_t { symmetric_default = 1 };
enum class KeyOrigin : std::uint8_t { aws_kms = 1 };
enum class MultiRegion : std::uint8_t { no = 0, primary = 1, replica = 2 };
enum class RotationType : std::uint8_t {
  none = 0,
  automatic = 1,
  on_demand = 2
};  // `none`: the material the key was created with.
enum class Switch : std::uint8_t { off = 0, on = 1 };
std::string_view to_text(KeyState state);     // "PendingDeletion"
std::string_view to_text(KeyUsage usage);     // "ENCRYPT_DECRYPT"
std::string_view to_text(KeySpec spec);       // "SYMMETRIC_DEFAULT"
std::string_view to_text(KeyOrigin origin);   // "AWS_KMS"
std::string_view to_text(RotationType type);  // "AUTOMATIC", "ON_DEMAND"; empty for `none`

struct Tag {
  std::string key;
  std::string value;
  friend bool operator==(const Tag&, const Tag&) = default;
};

// One of a key's materials. `sealed` is what the store holds: useless without the storage keys.
struct Material {
  MaterialId id{};
  std::uint32_t rotation_index = 0;  // 0 for the first, counting up; material ids have no order.
  Timestamp created;                 // For a rotation: its RotationDate.
  RotationType rotation_type = RotationType::none;
  std::shared_ptr<const vault::SealedRecord> sealed;  // Never null.
};

// A key policy as it was put, and as it is evaluated. Keys with the same text share one.
struct KeyPolicy {
  std::string text;
  policy::Document document;
};

inline constexpr std::uint32_t rotation_period_days_min = 90;
inline constexpr std::uint32_t rotation_period_days_max = 2560;
inline constexpr std::uint32_t rotation_period_days_default = 365;
inline constexpr std::uint32_t on_demand_rotations_max = 25;

struct Rotation {
  Switch automatic = Switch::off;
  std::uint32_t period_days = rotation_period_days_default;
  Timestamp next;  // Of no meaning while `automatic` is off.
  std::uint32_t on_demand_count = 0;
};

inline constexpr std::uint32_t deletion_window_days_min = 7;
inline constexpr std::uint32_t deletion_window_days_max = 30;
inline constexpr std::uint32_t deletion_window_days_default = 30;

struct Deletion {
  Timestamp date;  // Not before this by the wall clock,
  std::uint32_t window_days = deletion_window_days_default;
  Duration witnessed{};  // nor before witnessed time (witness.h) has reached this.
};

struct KeyRecord {
  KeyArn arn;
  KeyId id;
  Place place;
  std::string description{};
  Timestamp created{};
  KeyState state = KeyState::enabled;
  KeyUsage usage = KeyUsage::encrypt_decrypt;
  KeySpec spec = KeySpec::symmetric_default;
  KeyOrigin origin = KeyOrigin::aws_kms;
  MultiRegion multi_region = MultiRegion::no;
  std::shared_ptr<const KeyPolicy> policy{};  // Never null.
  std::vector<Tag> tags{};                    // Sorted by key.
  Rotation rotation{};
  std::optional<Deletion> deletion{};  // While the state is pending_deletion.
  std::vector<Material> materials{};   // By rotation index; never empty. The last one is current.
  std::uint64_t epoch = 0;             // The store's revision that wrote this record.

  bool enabled() const { return state == KeyState::enabled; }
  const Material& current() const { return materials.back(); }
  const Material* find(const MaterialId& material) const;  // Null when this key never had it.
};

// An alias as ListAliases shows it.
struct Alias {
  Place place;
  AliasName name;
  KeyId target;
  Timestamp created;
  Timestamp updated;
  std::uint64_t epoch = 0;  // The store's revision that wrote it.
  AliasArn arn() const { return alias_arn(place.region, place.account, name); }
};

// What GetKeyRotationStatus says: a key pending deletion reports `off`, and its setting again once the deletion is
// cancelled.
struct RotationStatus {
  Switch automatic = Switch::off;
  std::uint32_t period_days = 0;  // These two only when it is on.
  Timestamp next;
};
RotationStatus rotation_status(const KeyRecord& key);

}  // namespace keyfold::keys
