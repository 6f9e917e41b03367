#pragma once
// AuditEvent: what one record of the audit log says, with CloudTrail's field names, and its form as a leaf: one line of
// JSON, fields in a fixed order, no line break inside. There is no place in it for plaintext, ciphertext or a secret,
// and none may be put into the free fields. Every text is a view of the caller's: encoding copies it and keeps nothing.

#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/clock.h"
#include "keyfold/core/base/encryption_context.h"
#include "keyfold/core/base/random.h"

namespace keyfold::audit {

inline constexpr std::string_view event_version = "1.11";  // CloudTrail's record version whose field names these are.

struct EventTag {
  std::string_view key, value;
};

// A field beyond those that have a member of their own. Its name is CloudTrail's: "keySpec", "pendingWindowInDays".
class EventField {
 public:
  EventField(std::string_view name, std::string_view text) : name_(name), value_(text) {}
  EventField(std::string_view name, const char* text) : EventField(name, std::string_view(text)) {}
  EventField(std::string_view name, const std::string& text) : EventField(name, std::string_view(text)) {}
  static EventField number(std::string_view name, std::int64_t value) { return {name, Value(value)}; }
  static EventField boolean(std::string_view name, bool value) { return {name, Value(value)}; }
  static EventField texts(std::string_view name, std::span<const std::string_view> value) {
    return {name, Value(value)};  // A list of them.
  }
  static EventField tags(std::string_view name, std::span<const EventTag> value) {
    return {name, Value(value)};  // [{"tagKey": …, "tagValue": …}, …]
  }
  static EventField context(std::string_view name, const ContextView& value) { return {name, Value(value)}; }
  static EventField fields(std::string_view name, std::span<const EventField> value) {
    return {name, Value(value)};  // An object of them. Lives as long as the field is used.
  }

 private:
  friend class EventWriter;
  using Value = std::variant<std::string_view, std::int64_t, bool, std::span<const std::string_view>,
                             std::span<const EventTag>, ContextView, std::span<const EventField>>;
  EventField(std::string_view name, Value value) : name_(name), value_(value) {}
  std::string_view name_;
  Value value_;
};

// Whose session it is that called, and since when. Empty members are left out of the record.
struct SessionContext {
  std::string_view issuer_type;  // "Role"
  std::string_view issuer_principal_id, issuer_arn, issuer_account_id, issuer_user_name;
  std::string_view creation_date;  // "2026-11-24T05:50:00Z"
};

// Who called. Empty members are left out of the record.
struct UserIdentity {
  std::string_view
      type;  // "IAMUser", "AssumedRole", "Root", "AWSService" (our scheduler), "AWSAccount" (of another account).
  std::string_view principal_id, arn, account_id, access_key_id, user_name;
  const SessionContext* session = nullptr;  // Of temporary credentials.
};

struct RequestParameters {
  std::string_view key_id;  // As the caller gave it: an alias stays an alias.
  ContextView encryption_context;
  std::string_view encryption_algorithm;
  std::span<const EventField> others;
};

// Of ReEncrypt: the side that is opened. The event's own key, context, algorithm, material and resource are then those
// of the side that is sealed, and the record names both as CloudTrail does.
struct ReEncryptSource {
  std::string_view key_id;  // As the caller gave it; empty: he left it to the ciphertext.
  ContextView encryption_context;
  std::string_view encryption_algorithm;
  std::string_view key_material_id;  // Empty: it was not opened.
  // What let the call go on to the side that is sealed; the event's own are of the decision that was the last. Empty:
  // it was refused here, so that was the last.
  std::string_view decision, deciding_statement;
  std::string_view resource_arn, resource_account;
};

// What the decision was: ours, so under additionalEventData.
struct EventDetails {
  std::string_view key_material_id;     // Hex; the material that was used.
  std::string_view decision;            // "allow", "explicit deny", "implicit deny"
  std::string_view deciding_statement;  // Its Sid, or which policy and which statement.
  std::span<const EventField> others;
};

struct TlsDetails {
  std::string_view version;  // Empty: no TLS, and the record says nothing of it.
  std::string_view cipher_suite;
  std::string_view host;  // As the caller wrote it.
};

enum class EventType : std::uint8_t {
  aws_api_call,       // "AwsApiCall": somebody called the API.
  aws_service_event,  // "AwsServiceEvent": the service did it: scheduled rotation, deletion of a key whose time has
                      // come.
  keyfold_admin,      // "KeyfoldAdmin": an administrator did it, offline or through the admin socket.
  keyfold_server,     // "KeyfoldServer": the server about itself: start, stop, suppressed refusals.
};
enum class Access : std::uint8_t { read_only, write };  // CloudTrail's readOnly.

// Names of the events that are no API calls.
namespace event_name {
inline constexpr std::string_view server_start = "ServerStart";
inline constexpr std::string_view server_stop = "ServerStop";
inline constexpr std::string_view rotate_key = "RotateKey";  // As CloudTrail names a rotation, automatic or on demand.
inline constexpr std::string_view delete_key = "DeleteKey";  // As CloudTrail names the end of a waiting period.
inline constexpr std::string_view delete_imported_key_material = "DeleteImportedKeyMaterial";
inline constexpr std::string_view create_user = "CreateUser";
inline constexpr std::string_view create_access_key = "CreateAccessKey";
inline constexpr std::string_view reset_root = "ResetRoot";
inline constexpr std::string_view restore = "Restore";
inline constexpr std::string_view refused_before_authentication = "RefusedBeforeAuthentication";
}  // namespace event_name

struct AuditEvent {
  Timestamp time;
  UserIdentity user;
  std::string_view source = "kms.amazonaws.com";
  std::string_view name;    // "Decrypt"; for events that are no API calls, one of event_name.
  std::string_view region;  // Empty for what concerns no Region.
  std::string_view source_ip;
  std::string_view user_agent;
  std::string_view error_code;  // The protocol's name, "AccessDenied"; empty: it went well.
  std::string_view error_message;
  RequestParameters request;
  std::span<const EventField> response;  // responseElements; never a secret. CloudTrail: null for read-only calls.
  EventDetails details;
  TlsDetails tls = {};
  const ReEncryptSource* re_encrypted = nullptr;
  std::string_view request_id;
  std::string_view event_id;  // Unique (random_uuid); the outbox is drained once per event id.
  Access access = Access::read_only;
  EventType type = EventType::aws_api_call;
  std::string_view resource_arn;  // The key, or the role that was to be assumed; empty: none was found.
  std::string_view resource_account;
  std::string_view resource_type = "AWS::KMS::Key";
  std::string_view recipient_account;
};

// Replaces `leaf` by the event's line of JSON (without a newline at its end). Allocates only when `leaf` must grow.
// Control characters are escaped and bytes that are not UTF-8 become U+FFFD, so that no caller can break or forge a
// line; the user agent and the host are cut after 1,024 bytes and the error message after 2,048, at a character.
void encode(const AuditEvent& event, std::string& leaf);

// The value of "eventID" in a leaf that encode() wrote, or empty. A view into `leaf`.
std::string_view event_id_of(std::string_view leaf);

}  // namespace keyfold::audit
