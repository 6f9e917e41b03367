// The shapes of requests, in the order of AWS's API model (botocore, kms/2014-11-01/service-2.json), with its limits.

#include "keyfold/core/protocol/request_reader.h"

#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/members.h"

namespace keyfold::protocol {
namespace {

constexpr std::size_t plaintext_max = 4096;
constexpr std::size_t ciphertext_max = 6144;
constexpr TextLimits description_limits{.max = 8192};
constexpr TextLimits custom_key_store_id_limits{.min = 1, .max = 64};

TextLimits policy_limits() { return {.min = 1, .max = 131072, .pattern = &policy_pattern}; }
TextLimits alias_limits() { return {.min = 1, .max = 256, .pattern = &alias_pattern}; }

Text algorithm(Members& in, std::string_view name) {
  return in.one_of(name, {"SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE"});
}
Integer limit(Members& in) { return in.integer("Limit", 1, 1000); }
Text marker(Members& in) { return in.text("Marker", {.min = 1, .max = 1024, .pattern = &marker_pattern}); }
Text policy_name(Members& in) { return in.text("PolicyName", {.min = 1, .max = 128, .pattern = &policy_name_pattern}); }
bool ignore_ciphertext(Members& in) {
  return in.list_has("DryRunModifiers", "IGNORE_CIPHERTEXT", {"IGNORE_CIPHERTEXT"});
}

}  // namespace

Result<JsonValue> RequestReader::parse(std::string_view body) {
  object_.reset();
  TRY_ASSIGN(const auto object, json_.parse(body));
  if (!object.is(JsonValue::Kind::object)) return Error{ErrorCode::serialization, "not a JSON object"};
  object_ = object;
  return object;
}

std::string_view RequestReader::text_of(std::string_view member) const {
  return object_ ? object_->text_of(member) : std::string_view();
}

void RequestReader::wipe() {
  object_.reset();
  json_.wipe();
  keyfold::wipe(std::span(scratch_.blob));
  scratch_.blob.clear();
}

template <>
Result<EncryptRequest> RequestReader::decode(const JsonValue& object) {
  Members in(object);
  EncryptRequest request;
  request.key_id = in.required_text("KeyId", key_id_limits);
  request.plaintext = in.blob("Plaintext", scratch_.blob, plaintext_max, Need::required);
  request.context = in.context("EncryptionContext", scratch_.context);
  request.grant_tokens = in.grant_tokens(scratch_.grant_tokens);
  request.algorithm = algorithm(in, "EncryptionAlgorithm");
  request.dry_run = in.boolean("DryRun");
  TRY(in.finish());
  return request;
}

template <>
Result<DecryptRequest> RequestReader::decode(const JsonValue& object) {
  Members in(object);
  DecryptRequest request;
  request.ignore_ciphertext = ignore_ciphertext(in);
  request.ciphertext = in.blob("CiphertextBlob", scratch_.blob, ciphertext_max,
                               request.ignore_ciphertext ? Need::optional : Need::required);
  request.context = in.context("EncryptionContext", scratch_.context);
  request.grant_tokens = in.grant_tokens(scratch_.grant_tokens);
  request.key_id = in.text("KeyId", key_id_limits);
  request.algorithm = algorithm(in, "EncryptionAlgorithm");
  request.unserved.recipient = in.recipient();
  request.dry_run = in.boolean("DryRun");
  TRY(in.finish());
  return request;
}

template <>
Result<ReEncryptRequest> RequestReader::decode(const JsonValue& object) {
  Members in(object);
  ReEncryptRequest request;
  request.ignore_ciphertext = ignore_ciphertext(in);
  request.ciphertext = in.blob("CiphertextBlob", scratch_.blob, ciphertext_max,
                               request.ignore_ciphertext ? Need::optional : Need::required);
  request.source_context = in.context("SourceEncryptionContext", scratch_.context);
  request.source_key_id = in.text("SourceKeyId", key_id_limits);
  request.destination_key_id = in.required_text("DestinationKeyId", key_id_limits);
  request.destination_context = in.context("DestinationEncryptionContext", scratch_.second_context);
  request.source_algorithm = algorithm(in, "SourceEncryptionAlgorithm");
  request.destination_algorithm = algorithm(in, "DestinationEncryptionAlgorithm");
  request.grant_tokens = in.grant_tokens(scratch_.grant_tokens);
  request.dry_run = in.boolean("DryRun");
  TRY(in.finish());
  return request;
}

template <>
Result<GenerateDataKeyRequest> RequestReader::decode(const JsonValue& object) {
  Members in(object);
  GenerateDataKeyRequest request;
  request.key_id = in.required_text("KeyId", key_id_limits);
  request.context = in.context("EncryptionContext", scratch_.context);
  request.number_of_bytes = in.integer("NumberOfBytes", 1, 1024);
  request.key_spec = in.one_of("KeySpec", {"AES_256", "AES_128"});
  request.grant_tokens = in.grant_tokens(scratch_.grant_tokens);
  request.unserved.recipient = in.recipient();
  request.dry_run = in.boolean("DryRun");
  TRY(in.finish());
  return request;
}

template <>
Result<GenerateRandomRequest> RequestReader::decode(const JsonValue& object) {
  Members in(object);
  GenerateRandomRequest request;
  request.number_of_bytes = in.integer("NumberOfBytes", 1, 1024);
  request.custom_key_store_id = in.text("CustomKeyStoreId", custom_key_store_id_limits);
  request.unserved.recipient = in.recipient();
  TRY(in.finish());
  return request;
}

template <>
Result<CreateKeyRequest> RequestReader::decode(const JsonValue& object) {
  Members in(object);
  CreateKeyRequest request;
  request.policy = in.text("Policy", policy_limits());
  request.description = in.text("Description", description_limits);
  request.key_usage = in.one_of("KeyUsage", {"SIGN_VERIFY", "ENCRYPT_DECRYPT", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT"});
  request.customer_master_key_spec =
      in.one_of("CustomerMasterKeySpec",
                {"RSA_2048", "RSA_3072", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521",
                 "ECC_SECG_P256K1", "SYMMETRIC_DEFAULT", "HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512", "SM2"});
  request.key_spec =
      in.one_of("KeySpec", {"RSA_2048", "RSA_3072", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521",
                            "ECC_SECG_P256K1", "SYMMETRIC_DEFAULT", "HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512",
                            "SM2", "ML_DSA_44", "ML_DSA_65", "ML_DSA_87", "ECC_NIST_EDWARDS25519"});
  request.origin = in.one_of("Origin", {"AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"});
  request.custom_key_store_id = in.text("CustomKeyStoreId", custom_key_store_id_limits);
  request.bypass_policy_lockout_safety_check = in.boolean("BypassPolicyLockoutSafetyCheck");
  request.tags = in.tags("Tags", scratch_.tags, Need::optional);
  request.multi_region = in.boolean("MultiRegion");
  request.xks_key_id = in.text("XksKeyId", {.min = 1, .max = 128, .pattern = &xks_key_id_pattern});
  TRY(in.finish());
  return request;
}

template <>
Result<DescribeKeyRequest> RequestReader::decode(const JsonValue& object) {
  Members in(object);
  DescribeKeyRequest request;
  request.key_id = in.required_text("KeyId", key_id_limits);
  request.grant_tokens = in.grant_tokens(scratch_.grant_tokens);
  TRY(in.finish());
  return request;
}

template <>
Result<KeyIdRequest> RequestReader::decode(const JsonValue& object) {
  Members in(object);
  KeyIdRequest request{.key_id = in.required_text("KeyId", key_id_limits)};
  TRY(in.finish());
  return request;
}

template <>
Result<ListKeysRequest> RequestReader::decode(const JsonValue& object) {
  Members in(object);
  ListKeysRequest request;
  request.limit = limit(in);
  request.marker = marker(in);
  const bool own = in.list_has("ResourceOwners", "SELF", {"SELF", "OTHER_ACCOUNTS_VIA_RAM"});
  request.other_accounts_only = !own && in.list_size("ResourceOwners") > 0;
  TRY(in.finish());
  return request;
}

template <>
Result<UpdateKeyDescriptionRequest> RequestReader::decode(const JsonValue& object) {
  Members in(object);
  UpdateKeyDescriptionRequest request;
  request.key_id = in.required_text("KeyId", key_id_limits);
  request.description = in.required_text("Description", description_limits);
  TRY(in.finish());
  return request;
}

template <>
Result<ScheduleKeyDeletionRequest> RequestReader::decode(const JsonValue& object) {
  Members in(object);
  ScheduleKeyDeletionRequest request;
  request.key_id = in.required_text("KeyId", key_id_limits);
  request.pending_window_in_days = in.integer("PendingWindowInDays", 1, 365);
  TRY(in.finish());
  return request;
}

template <>
Result<AliasRequest> RequestReader::decode(const JsonValue& object) {
  Members in(object);
  AliasRequest request;
  request.alias_name = in.required_text("AliasName", alias_limits());
  request.target_key_id = in.required_text("TargetKeyId", key_id_limits);
  TRY(in.finish());
  return request;
}

template <>
Result<DeleteAliasRequest> RequestReader::decode(const JsonValue& object) {
  Members in(object);
  DeleteAliasRequest request{.alias_name = in.required_text("AliasName", alias_limits())};
  TRY(in.finish());
  return request;
}

template <>
Result<ListAliasesRequest> RequestReader::decode(const JsonValue& object) {
  Members in(object);
  ListAliasesRequest request;
  request.key_id = in.text("KeyId", key_id_limits);
  request.limit = limit(in);
  request.marker = marker(in);
  TRY(in.finish());
  return request;
}

template <>
Result<TagResourceRequest> RequestReader::decode(const JsonValue& object) {
  Members in(object);
  TagResourceRequest request;
  request.key_id = in.required_text("KeyId", key_id_limits);
  request.tags = in.tags("Tags", scratch_.tags, Need::required);
  TRY(in.finish());
  return request;
}

template <>
Result<UntagResourceRequest> RequestReader::decode(const JsonValue& object) {
  Members in(object);
  UntagResourceRequest request;
  request.key_id = in.required_text("KeyId", key_id_limits);
  request.tag_keys = in.texts("TagKeys", scratch_.texts, {.min = 1, .max = 128}, Need::required);
  TRY(in.finish());
  return request;
}

template <>
Result<ListOfKeyRequest> RequestReader::decode(const JsonValue& object) {
  Members in(object);
  ListOfKeyRequest request;
  request.key_id = in.required_text("KeyId", key_id_limits);
  request.limit = limit(in);
  request.marker = marker(in);
  TRY(in.finish());
  return request;
}

template <>
Result<GetKeyPolicyRequest> RequestReader::decode(const JsonValue& object) {
  Members in(object);
  GetKeyPolicyRequest request;
  request.key_id = in.required_text("KeyId", key_id_limits);
  request.policy_name = policy_name(in);
  TRY(in.finish());
  return request;
}

template <>
Result<PutKeyPolicyRequest> RequestReader::decode(const JsonValue& object) {
  Members in(object);
  PutKeyPolicyRequest request;
  request.key_id = in.required_text("KeyId", key_id_limits);
  request.policy_name = policy_name(in);
  request.policy = in.required_text("Policy", policy_limits());
  request.bypass_policy_lockout_safety_check = in.boolean("BypassPolicyLockoutSafetyCheck");
  TRY(in.finish());
  return request;
}

template <>
Result<EnableKeyRotationRequest> RequestReader::decode(const JsonValue& object) {
  Members in(object);
  EnableKeyRotationRequest request;
  request.key_id = in.required_text("KeyId", key_id_limits);
  request.rotation_period_in_days = in.integer("RotationPeriodInDays", 90, 2560);
  TRY(in.finish());
  return request;
}

template <>
Result<ListKeyRotationsRequest> RequestReader::decode(const JsonValue& object) {
  Members in(object);
  ListKeyRotationsRequest request;
  request.key_id = in.required_text("KeyId", key_id_limits);
  request.all_key_material =
      in.one_of("IncludeKeyMaterial", {"ALL_KEY_MATERIAL", "ROTATIONS_ONLY"}).value_or("") == "ALL_KEY_MATERIAL";
  request.limit = limit(in);
  request.marker = marker(in);
  TRY(in.finish());
  return request;
}

}  // namespace keyfold::protocol
