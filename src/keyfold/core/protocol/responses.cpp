#include "keyfold/core/protocol/responses.h"

#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/json.h"
#include "keyfold/core/protocol/json_writer.h"

namespace keyfold::protocol {
namespace {

using Kind = JsonValue::Kind;

// A reply being read: its document is wiped when this goes.
class Reply {
 public:
  Outcome parse(std::string_view body) {
    TRY_ASSIGN(const auto object, json_.parse(body));
    if (!object.is(Kind::object)) return Error{ErrorCode::serialization, "the reply is not a JSON object"};
    object_ = object;
    return ok();
  }
  Result<std::string> text(std::string_view name) const {
    const auto value = object_.find(name);
    if (!value || !value->is(Kind::text)) return lacks(name);
    return std::string(value->text());
  }
  std::string text_or_empty(std::string_view name) const {
    auto value = text(name);
    return value ? *std::move(value) : std::string();
  }
  Result<Bytes> blob(std::string_view name) const {
    const auto value = object_.find(name);
    if (!value || !value->is(Kind::text)) return lacks(name);
    auto bytes = from_base64(value->text());
    if (!bytes) return lacks(name);
    return bytes;
  }
  Result<SecretBytes> secret(std::string_view name) const {
    auto bytes = blob(name);
    if (!bytes) return std::move(bytes).error();
    auto copy = SecretBytes::copy_of(*bytes);
    wipe(*bytes);
    return copy;
  }

 private:
  static Error lacks(std::string_view name) {
    return Error{ErrorCode::serialization, "the reply lacks a valid " + std::string(name)};
  }
  JsonReader json_;
  JsonValue object_;
};

Result<ReceivedDataKey> data_key_without_plaintext(const Reply& reply) {
  ReceivedDataKey received;
  TRY_ASSIGN(received.ciphertext, reply.blob("CiphertextBlob"));
  TRY_ASSIGN(received.key_id, reply.text("KeyId"));
  received.key_material_id = reply.text_or_empty("KeyMaterialId");
  return received;
}

}  // namespace

void append(std::string& out, const EncryptResponse& response) {
  JsonWriter(out)
      .begin_object()
      .base64("CiphertextBlob", response.ciphertext)
      .text("KeyId", response.key_id)
      .text("EncryptionAlgorithm", symmetric_default)
      .end_object();
}

void append(std::string& out, const DecryptResponse& response) {
  JsonWriter(out)
      .begin_object()
      .text("KeyId", response.key_id)
      .base64("Plaintext", response.plaintext)
      .text("EncryptionAlgorithm", symmetric_default)
      .text("KeyMaterialId", response.key_material_id)
      .end_object();
}

void append(std::string& out, const ReEncryptResponse& response) {
  JsonWriter(out)
      .begin_object()
      .base64("CiphertextBlob", response.ciphertext)
      .text("SourceKeyId", response.source_key_id)
      .text("KeyId", response.key_id)
      .text("SourceEncryptionAlgorithm", symmetric_default)
      .text("DestinationEncryptionAlgorithm", symmetric_default)
      .text("SourceKeyMaterialId", response.source_key_material_id)
      .text("DestinationKeyMaterialId", response.destination_key_material_id)
      .end_object();
}

void append(std::string& out, const GenerateDataKeyResponse& response) {
  JsonWriter json(out);
  json.begin_object().base64("CiphertextBlob", response.ciphertext);
  if (response.plaintext) json.base64("Plaintext", *response.plaintext);
  json.text("KeyId", response.key_id).text("KeyMaterialId", response.key_material_id).end_object();
}

void append(std::string& out, const GenerateRandomResponse& response) {
  JsonWriter(out).begin_object().base64("Plaintext", response.plaintext).end_object();
}

void append(std::string& out, const KeyMetadata& metadata) {
  JsonWriter json(out);
  json.begin_object().name("KeyMetadata").begin_object();
  json.text("AWSAccountId", metadata.account)
      .text("KeyId", metadata.key_id)
      .text("Arn", metadata.arn)
      .time("CreationDate", metadata.creation_date)
      .boolean("Enabled", metadata.enabled)
      .text("Description", metadata.description)
      .text("KeyUsage", metadata.key_usage)
      .text("KeyState", metadata.key_state);
  if (metadata.deletion_date) json.time("DeletionDate", *metadata.deletion_date);
  json.text("Origin", metadata.origin)
      .text("KeyManager", metadata.key_manager)
      .text("CustomerMasterKeySpec", metadata.key_spec)
      .text("KeySpec", metadata.key_spec);
  json.name("EncryptionAlgorithms").begin_array().text(symmetric_default).end_array();
  json.boolean("MultiRegion", metadata.multi_region);
  if (!metadata.current_key_material_id.empty()) json.text("CurrentKeyMaterialId", metadata.current_key_material_id);
  json.end_object().end_object();
}

void append(std::string& out, const ScheduleKeyDeletionResponse& response) {
  JsonWriter(out)
      .begin_object()
      .text("KeyId", response.key_id)
      .time("DeletionDate", response.deletion_date)
      .text("KeyState", response.key_state)
      .integer("PendingWindowInDays", response.pending_window_in_days)
      .end_object();
}

void append(std::string& out, const KeyRotationStatus& response) {
  JsonWriter json(out);
  json.begin_object().boolean("KeyRotationEnabled", response.enabled).text("KeyId", response.key_id);
  if (response.rotation_period_in_days) json.integer("RotationPeriodInDays", *response.rotation_period_in_days);
  if (response.next_rotation_date) json.time("NextRotationDate", *response.next_rotation_date);
  if (response.on_demand_rotation_start_date)
    json.time("OnDemandRotationStartDate", *response.on_demand_rotation_start_date);
  json.end_object();
}

void append(std::string& out, const CreateGrantResponse& response) {
  JsonWriter(out)
      .begin_object()
      .text("GrantToken", response.grant_token)
      .text("GrantId", response.grant_id)
      .end_object();
}

void append_key_id(std::string& out, std::string_view key_id) {
  JsonWriter(out).begin_object().text("KeyId", key_id).end_object();
}

Result<ReceivedEncrypt> read_encrypt_response(std::string_view body) {
  Reply reply;
  TRY(reply.parse(body));
  ReceivedEncrypt received;
  TRY_ASSIGN(received.ciphertext, reply.blob("CiphertextBlob"));
  TRY_ASSIGN(received.key_id, reply.text("KeyId"));
  return received;
}

Result<ReceivedDecrypt> read_decrypt_response(std::string_view body) {
  Reply reply;
  TRY(reply.parse(body));
  ReceivedDecrypt received;
  TRY_ASSIGN(received.key_id, reply.text("KeyId"));
  TRY_ASSIGN(received.plaintext, reply.secret("Plaintext"));
  received.key_material_id = reply.text_or_empty("KeyMaterialId");
  return received;
}

Result<ReceivedDataKey> read_data_key_without_plaintext_response(std::string_view body) {
  Reply reply;
  TRY(reply.parse(body));
  return data_key_without_plaintext(reply);
}

Result<ReceivedDataKey> read_data_key_response(std::string_view body) {
  Reply reply;
  TRY(reply.parse(body));
  TRY_ASSIGN(auto received, data_key_without_plaintext(reply));
  TRY_ASSIGN(received.plaintext, reply.secret("Plaintext"));
  return received;
}

}  // namespace keyfold::protocol
