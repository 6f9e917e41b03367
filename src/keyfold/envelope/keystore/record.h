#pragma once
// A record of the branch-key store: one wrapped key, and the attributes it is bound to. Spec:
// framework/branch-key-store.md, "Record Format", "Encryption Context". docs/formats/branch-key-records.md has the
// tables.
//
// A branch key is an ACTIVE record, a DECRYPT_ONLY record for each of its versions, and a beacon. Everything in a
// record but the wrapped key itself is in the encryption context under which a KMS key wraps it: what somebody edits in
// the database no longer opens.

#include <string>
#include <string_view>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/clock.h"
#include "keyfold/core/base/encryption_context.h"
#include "keyfold/envelope/keyrings/branch_key_store.h"

namespace keyfold::keystore {

inline constexpr std::string_view active_type = "branch:ACTIVE";
inline constexpr std::string_view beacon_type = "beacon:ACTIVE";
inline constexpr std::string_view version_type_prefix = "branch:version:";  // Before a version's UUID.
inline constexpr std::string_view custom_context_prefix = "aws-crypto-ec:";
inline constexpr std::size_t wrapped_key_size_max = 6144;  // Bytes: the largest ciphertext that KMS takes.
inline constexpr std::size_t logical_name_size_max = 255;  // Bytes: a DynamoDB table's name.
inline constexpr std::size_t attributes_size_max = 65535;  // Bytes, serialized.

enum class RecordKind : std::uint8_t { active, version, beacon };
// Two is an experiment: see record_wrapping.cpp.
enum class HierarchyVersion : std::uint8_t { one, two };

struct Record {
  std::string branch_key_id;
  std::string type;
  std::string version;  // Of an active record: the type that its version's record has. Else empty.
  std::string create_time;
  std::string kms_arn;
  std::string hierarchy_version;
  EncryptionContext attributes;  // Whatever else there is, by its full name: "aws-crypto-ec:department".
  Bytes wrapped_key;             // "enc".

  friend bool operator==(const Record&, const Record&) = default;
};

// A record as a database has it, before anybody has looked. Views.
struct RecordRow {
  std::string_view branch_key_id, type, version, create_time, kms_arn, hierarchy_version;
  BytesView attributes;  // As write_attributes() writes them.
  BytesView wrapped_key;
};

// Fails with `corrupt` when it is not a record: see the specification's lists of what there must and must not be. Says
// nothing of whether it was tampered with: that, the KMS tells.
Result<Record> read_record(const RecordRow& row);
Outcome check_record(const Record& record);
// The pairs as an Encryption SDK header has them (framework/structures.md, "Encryption Context"); none: no bytes. Fails
// with `invalid_input` when they are not UTF-8, or larger than attributes_size_max.
Result<Bytes> write_attributes(const EncryptionContext& attributes);

// Of a record that read_record() or check_record() has let through.
RecordKind kind_of(const Record& record);
HierarchyVersion hierarchy_of(const Record& record);
keyrings::BranchKeyVersion version_of(const Record& record);  // Of an active record or a version's (CHECK).
// The pairs that the branch key was made with: without the prefix.
EncryptionContext custom_context_of(const Record& record);
// All of it but the wrapped key, and the store's logical name: what KMS binds a record of hierarchy version 1 to.
EncryptionContext context_of(const Record& record, std::string_view logical_name);

std::string version_type(const keyrings::BranchKeyVersion& version);  // "branch:version:83eec007-…"
std::string create_time_of(Timestamp time);                           // "2026-06-03T19:03:29.358000Z"
// 1 to logical_name_size_max bytes of UTF-8 without control characters; else `invalid_input`.
Outcome check_logical_name(std::string_view name);

}  // namespace keyfold::keystore
