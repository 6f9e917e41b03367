#pragma once
// What the sealed store holds of users and access keys: docs/formats/identity-records.md.

#include <optional>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/secret.h"
#include "keyfold/kms/identity/directory.h"
#include "keyfold/kms/vault/record_name.h"

namespace keyfold::identity {

inline constexpr std::uint8_t record_format_version = 1;

vault::RecordName record_name(const User& user);
vault::RecordName record_name(const AccountId& account, const UserName& name);
vault::RecordName record_name(const AccountId& account, const AccessKeyId& id);

// u8 version, u16-length user id, u64 creation time (µs), u32-length identity policy. Account and user name
// are the record's name. Reading fails with `corrupt`.
void write_user(Bytes& out, const User& user);
Result<User> read_user(const vault::RecordName& name, BytesView value);

// u8 version, u8 status, u64 creation time (µs), u16-length user name (empty: the root), u16-length secret.
// Account and access key id are the record's name. Reading fails with `corrupt`.
Result<SecretBytes> write_access_key(const AccessKey& key, const SecretBytes& secret);
Result<AccessKey> read_access_key(const vault::RecordName& name, const SecretBytes& value);
// The secret in it.
Result<SecretBytes> read_secret(const SecretBytes& value);

}  // namespace keyfold::identity
