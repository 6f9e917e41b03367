#include "keyfold/envelope/keystore/key_store.h"

#include "keyfold/core/base/try.h"
#include "keyfold/envelope/materials/context_codec.h"

namespace keyfold::keystore {
namespace {

using keyrings::BranchKey;
using keyrings::BranchKeyVersion;

// Spec: framework/branch-key-store.md, "Custom Encryption Context".
Result<EncryptionContext> attributes_of(const EncryptionContext& custom) {
  EncryptionContext attributes;
  for (const auto& [key, value] : custom) {
    if (key.empty() || value.empty())
      return Error{ErrorCode::invalid_input, "a branch key's encryption context has no empty keys or values"};
    attributes.set(std::string(custom_context_prefix) + key, value);
  }
  TRY(write_attributes(attributes));  // Fits, and is UTF-8.
  return attributes;
}

}  // namespace

KeyStore::KeyStore(std::shared_ptr<RecordStore> records, std::shared_ptr<keyrings::KeyStoreKmsClient> kms,
                   KmsKeyChoice choice, HierarchyVersion newest_read, std::shared_ptr<const Clock> clock,
                   std::shared_ptr<Random> random)
    : records_(std::move(records)),
      wrapping_(std::move(kms), std::move(choice), records_->logical_name(), newest_read),
      clock_(std::move(clock)),
      random_(std::move(random)) {
  KEYFOLD_CHECK(clock_ != nullptr && random_ != nullptr);
}

// Spec: the same, "Wrapped Branch Key Creation".
Result<KeyStore::Pair> KeyStore::make_version(const Record& like) {
  Pair made{.version = like, .active = like};
  made.version.type = std::string(version_type_prefix) + std::string(random_uuid(*random_).view());
  made.version.version.clear();
  made.active.type = active_type;
  made.active.version = made.version.type;
  TRY_ASSIGN(made.version.wrapped_key, wrapping_.generate(made.version));
  TRY_ASSIGN(made.active.wrapped_key, wrapping_.re_encrypt(made.version, made.active));
  return made;
}

// Spec: the same, "CreateKey".
Result<std::string> KeyStore::create(const NewBranchKey& wanted) {
  if (wanted.id && wanted.context.empty())
    return Error{ErrorCode::invalid_input, "a branch key with an id of one's own needs an encryption context"};
  Record like{.branch_key_id = wanted.id ? *wanted.id : std::string(random_uuid(*random_).view()),
              .type = {},
              .version = {},
              .create_time = create_time_of(clock_->now()),
              .kms_arn = {},
              .hierarchy_version = "1",
              .attributes = {},
              .wrapped_key = {}};
  TRY(keyrings::check_branch_key_id(like.branch_key_id));
  TRY_ASSIGN(like.attributes, attributes_of(wanted.context));
  TRY_ASSIGN(like.kms_arn, wrapping_.choice().key_for_sealing());
  TRY_ASSIGN(auto pair, make_version(like));
  Record beacon = like;
  beacon.type = beacon_type;
  TRY_ASSIGN(beacon.wrapped_key, wrapping_.generate(beacon));
  auto id = like.branch_key_id;
  const RecordWrite writes[] = {{.record = std::move(pair.version), .replaces = {}},
                                {.record = std::move(pair.active), .replaces = {}},
                                {.record = std::move(beacon), .replaces = {}}};
  if (const auto written = records_->write(writes); !written) {
    if (written.error().code != ErrorCode::conflict) return written.error();
    return Error{ErrorCode::already_exists, "there is a branch key " + id + " already"};
  }
  return id;
}

// Spec: the same, "VersionKey".
Result<BranchKeyVersion> KeyStore::rotate(std::string_view id) {
  TRY(wrapping_.choice().key_for_sealing());
  TRY_ASSIGN(const auto old, record_of(id, active_type));
  TRY(wrapping_.re_encrypt(old, old));  // "Authenticating a Keystore item"; what it answers is not used.
  Record like = old;  // Its kms-arn too, whatever Region's key is configured: others may know just that one.
  like.create_time = create_time_of(clock_->now());
  TRY_ASSIGN(auto pair, make_version(like));
  const auto version = version_of(pair.version);
  const RecordWrite writes[] = {{.record = std::move(pair.version), .replaces = {}},
                                {.record = std::move(pair.active), .replaces = old.wrapped_key}};
  if (const auto written = records_->write(writes); !written) {
    if (written.error().code != ErrorCode::conflict) return written.error();
    return Error{ErrorCode::conflict,
                 "branch key " + std::string(id) + " was changed by somebody else meanwhile; nothing was changed here"};
  }
  return version;
}

Result<Record> KeyStore::record_of(std::string_view id, std::string_view type) {
  TRY(keyrings::check_branch_key_id(id));
  TRY_ASSIGN(auto found, records_->get(id, type));
  if (!found)
    return Error{ErrorCode::not_found, "the key store " + logical_name() + " has no " + std::string(type) +
                                           " of branch key " + std::string(id)};
  if (found->branch_key_id != id || found->type != type)
    return Error{ErrorCode::corrupt, "the key store answered with another record than was asked for"};
  return *std::move(found);
}

// Spec: the same, "GetActiveBranchKey", "GetBranchKeyVersion".
Result<std::shared_ptr<const BranchKey>> KeyStore::branch_key_of(std::string_view id, std::string_view type) {
  TRY_ASSIGN(const auto record, record_of(id, type));
  auto made = std::make_shared<BranchKey>();
  TRY_ASSIGN(made->key, wrapping_.unwrap(record));
  made->id = record.branch_key_id;
  made->version = version_of(record);
  made->encryption_context = custom_context_of(record);
  return std::shared_ptr<const BranchKey>(std::move(made));
}

Result<std::shared_ptr<const BranchKey>> KeyStore::active(std::string_view id) {
  TRY(wrapping_.choice().key_for_sealing());  // It will be sealed under: see KmsKeyChoice::discovery().
  return branch_key_of(id, active_type);
}

Result<std::shared_ptr<const BranchKey>> KeyStore::version(std::string_view id, const BranchKeyVersion& version) {
  return branch_key_of(id, version_type(version));
}

// Spec: the same, "GetBeaconKey".
Result<SecretBytes> KeyStore::beacon(std::string_view id) {
  TRY_ASSIGN(const auto record, record_of(id, beacon_type));
  return wrapping_.unwrap(record);
}

}  // namespace keyfold::keystore
