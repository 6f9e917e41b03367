#pragma once
// What the store holds of keys, aliases and witnessed time, before it is sealed. docs/formats/key-records.md.

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/result.h"
#include "keyfold/kms/keys/grant.h"
#include "keyfold/kms/keys/record.h"
#include "keyfold/kms/keys/witness.h"
#include "keyfold/kms/vault/record_name.h"

namespace keyfold::keys {

inline constexpr std::uint8_t record_format_version = 1;

vault::RecordName key_name(const KeyRecord& key);
vault::RecordName material_name(const KeyRecord& key, std::uint32_t rotation_index);
vault::RecordName alias_name(const Place& place, const AliasName& alias);
vault::RecordName grant_name(const KeyArn& key, const GrantId& grant);
vault::RecordName witness_name();

// A key record as it is stored: its policy as text, its materials without their sealed bytes (records of their own).
struct StoredKey {
  KeyRecord record;  // Without policy, and with materials whose `sealed` is null.
  std::string policy;
};

// Each read_… fails with `corrupt` on anything that its write_… cannot have made.
Bytes write_key(const KeyRecord& key);
Result<StoredKey> read_key(const vault::RecordName& name, std::uint64_t version, BytesView value);
Bytes write_alias(const Alias& alias);
Result<Alias> read_alias(const vault::RecordName& name, std::uint64_t version, BytesView value);
Bytes write_grant(const NewGrant& grant, Timestamp created);
Result<Grant> read_grant(const vault::RecordName& name, std::uint64_t version, BytesView value);
Bytes write_witness(const WitnessRecord& witness);
Result<WitnessRecord> read_witness(BytesView value);

}  // namespace keyfold::keys
