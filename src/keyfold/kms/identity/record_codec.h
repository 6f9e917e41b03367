#pragma once
// What the sealed store holds of identities: docs/formats/identity-records.md.

#include <optional>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/secret.h"
#include "keyfold/kms/identity/entities.h"
#include "keyfold/kms/identity/last_used.h"
#include "keyfold/kms/vault/record_name.h"

namespace keyfold::identity {

inline constexpr std::uint8_t record_format_version = 1;  // Of all but users.
inline constexpr std::uint8_t user_format_version = 2;    // Version 1 is read, too.

// Account and name are the record's name, so they are not in the values.
vault::RecordName record_name(const AccountId& account, const UserName& name);
vault::RecordName record_name(const AccountId& account, const GroupName& name);
vault::RecordName record_name(const AccountId& account, const RoleName& name);
vault::RecordName record_name(const AccountId& account, const PolicyName& name);
vault::RecordName record_name(const AccountId& account, const AccessKeyId& id);
vault::RecordName use_record_name(const AccountId& account, const AccessKeyId& id);

// Each as its table on the page has it. Reading is total on any bytes and fails with `corrupt`.
void write_user(Bytes& out, const User& user);
Result<User> read_user(const vault::RecordName& name, BytesView value);
void write_group(Bytes& out, const Group& group);
Result<Group> read_group(const vault::RecordName& name, BytesView value);
void write_role(Bytes& out, const Role& role);
Result<Role> read_role(const vault::RecordName& name, BytesView value);
void write_policy(Bytes& out, const ManagedPolicy& policy);
Result<ManagedPolicy> read_policy(const vault::RecordName& name, BytesView value);
void write_key_use(Bytes& out, const KeyUse& use);
Result<KeyUse> read_key_use(const vault::RecordName& name, BytesView value);

// The value holds the secret.
Result<SecretBytes> write_access_key(const AccessKey& key, const SecretBytes& secret);
Result<AccessKey> read_access_key(const vault::RecordName& name, const SecretBytes& value);
// The secret in it.
Result<SecretBytes> read_secret(const SecretBytes& value);

}  // namespace keyfold::identity
