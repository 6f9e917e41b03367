#pragma once
// The replies of the KMS API, as values: the server appends their JSON; the client reads those of the cryptographic
// calls. Members stand in the order of AWS's API model.

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/clock.h"
#include "keyfold/core/base/secret.h"
#include "keyfold/core/protocol/requests.h"

namespace keyfold::protocol {

inline constexpr std::string_view symmetric_default = "SYMMETRIC_DEFAULT";

struct EncryptResponse {
  BytesView ciphertext;
  std::string_view key_id;  // The key's ARN, as in every reply that does not say otherwise.
};

struct DecryptResponse {
  std::string_view key_id;
  BytesView plaintext;  // Secret: reserve before appending.
  std::string_view key_material_id;
};

struct ReEncryptResponse {
  BytesView ciphertext;
  std::string_view source_key_id;
  std::string_view key_id;
  std::string_view source_key_material_id;
  std::string_view destination_key_material_id;
};

struct GenerateDataKeyResponse {
  BytesView ciphertext;
  std::optional<BytesView> plaintext;  // Secret. Nothing: …WithoutPlaintext.
  std::string_view key_id;
  std::string_view key_material_id;
};

struct GenerateRandomResponse {
  BytesView plaintext;
};

struct KeyMetadata {
  std::string_view account;
  std::string_view key_id;  // The id, not the ARN.
  std::string_view arn;
  Timestamp creation_date;
  bool enabled;
  std::string_view description;
  std::string_view key_usage;
  std::string_view key_state;
  std::optional<Timestamp> deletion_date;
  std::string_view origin;
  std::string_view key_manager;
  std::string_view key_spec;
  bool multi_region = false;
  std::string_view current_key_material_id;
};

struct ScheduleKeyDeletionResponse {
  std::string_view key_id;
  Timestamp deletion_date;
  std::string_view key_state;
  std::int64_t pending_window_in_days;
};

struct KeyRotationStatus {
  bool enabled;
  std::string_view key_id;
  std::optional<std::int64_t> rotation_period_in_days;
  std::optional<Timestamp> next_rotation_date;
  std::optional<Timestamp> on_demand_rotation_start_date;
};

struct CreateGrantResponse {
  std::string_view grant_token;
  std::string_view grant_id;
};

void append(std::string& out, const EncryptResponse& response);
void append(std::string& out, const DecryptResponse& response);
void append(std::string& out, const ReEncryptResponse& response);
void append(std::string& out, const GenerateDataKeyResponse& response);
void append(std::string& out, const GenerateRandomResponse& response);
void append(std::string& out, const KeyMetadata& metadata);  // {"KeyMetadata":{…}}
void append(std::string& out, const ScheduleKeyDeletionResponse& response);
void append(std::string& out, const KeyRotationStatus& response);
void append(std::string& out, const CreateGrantResponse& response);
void append_key_id(std::string& out, std::string_view key_id);  // {"KeyId":…}, all that some operations reply.

// A client's side. Owning: what was received is wiped and gone. Each fails with `serialization` when the body is not
// JSON or lacks a member. The texts of a reply are not trusted: whoever compares key ids does so after this.
struct ReceivedEncrypt {
  Bytes ciphertext;
  std::string key_id;
};
struct ReceivedDecrypt {
  std::string key_id;
  SecretBytes plaintext;
  std::string key_material_id;  // Empty from old services.
};
struct ReceivedDataKey {
  Bytes ciphertext;
  SecretBytes plaintext;  // Empty from …WithoutPlaintext.
  std::string key_id;
  std::string key_material_id;
};
Result<ReceivedEncrypt> read_encrypt_response(std::string_view body);
Result<ReceivedDecrypt> read_decrypt_response(std::string_view body);
Result<ReceivedDataKey> read_data_key_response(std::string_view body);
Result<ReceivedDataKey> read_data_key_without_plaintext_response(std::string_view body);

}  // namespace keyfold::protocol
