#include "keyfold/core/protocol/requests.h"

#include "keyfold/core/protocol/json_writer.h"

namespace keyfold::protocol {
namespace {

void append_optional(JsonWriter& json, std::string_view name, const Text& value) {
  if (value) json.text(name, *value);
}
void append_context(JsonWriter& json, std::string_view name, const ContextView& context) {
  if (!context.empty()) json.context(name, context);
}
void append_dry_run(JsonWriter& json, bool dry_run) {
  if (dry_run) json.boolean("DryRun", true);
}
void append_ignore_ciphertext(JsonWriter& json, bool ignore) {
  if (ignore) json.name("DryRunModifiers").begin_array().text("IGNORE_CIPHERTEXT").end_array();
}

}  // namespace

void append(std::string& out, const EncryptRequest& request) {
  JsonWriter json(out);
  json.begin_object().text("KeyId", request.key_id).base64("Plaintext", request.plaintext);
  append_context(json, "EncryptionContext", request.context);
  append_optional(json, "EncryptionAlgorithm", request.algorithm);
  append_dry_run(json, request.dry_run);
  json.end_object();
}

void append(std::string& out, const DecryptRequest& request) {
  JsonWriter json(out);
  json.begin_object();
  if (!request.ciphertext.empty()) json.base64("CiphertextBlob", request.ciphertext);
  append_context(json, "EncryptionContext", request.context);
  append_optional(json, "KeyId", request.key_id);
  append_optional(json, "EncryptionAlgorithm", request.algorithm);
  append_dry_run(json, request.dry_run);
  append_ignore_ciphertext(json, request.ignore_ciphertext);
  json.end_object();
}

void append(std::string& out, const ReEncryptRequest& request) {
  JsonWriter json(out);
  json.begin_object();
  if (!request.ciphertext.empty()) json.base64("CiphertextBlob", request.ciphertext);
  append_context(json, "SourceEncryptionContext", request.source_context);
  append_optional(json, "SourceKeyId", request.source_key_id);
  json.text("DestinationKeyId", request.destination_key_id);
  append_context(json, "DestinationEncryptionContext", request.destination_context);
  append_optional(json, "SourceEncryptionAlgorithm", request.source_algorithm);
  append_optional(json, "DestinationEncryptionAlgorithm", request.destination_algorithm);
  append_dry_run(json, request.dry_run);
  append_ignore_ciphertext(json, request.ignore_ciphertext);
  json.end_object();
}

void append(std::string& out, const GenerateDataKeyRequest& request) {
  JsonWriter json(out);
  json.begin_object().text("KeyId", request.key_id);
  append_context(json, "EncryptionContext", request.context);
  if (request.number_of_bytes) json.integer("NumberOfBytes", *request.number_of_bytes);
  append_optional(json, "KeySpec", request.key_spec);
  append_dry_run(json, request.dry_run);
  json.end_object();
}

void append(std::string& out, const DescribeKeyRequest& request) {
  JsonWriter(out).begin_object().text("KeyId", request.key_id).end_object();
}

}  // namespace keyfold::protocol
