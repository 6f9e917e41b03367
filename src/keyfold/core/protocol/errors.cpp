#include "keyfold/core/protocol/errors.h"

#include <array>

#include "keyfold/core/protocol/json.h"
#include "keyfold/core/protocol/json_writer.h"

namespace keyfold::protocol {
namespace {

constexpr std::string_view internal_name = "KMSInternalException";

// Every code that has a name of its own; decode_error looks names up here.
constexpr std::array named_codes = {
    ErrorCode::access_denied,
    ErrorCode::incomplete_signature,
    ErrorCode::invalid_signature,
    ErrorCode::missing_authentication_token,
    ErrorCode::not_authorized,
    ErrorCode::serialization,
    ErrorCode::throttling,
    ErrorCode::unknown_operation,
    ErrorCode::unrecognized_client,
    ErrorCode::validation,
    ErrorCode::expired_token,
    ErrorCode::delete_conflict,
    ErrorCode::packed_policy_too_large,
    ErrorCode::already_exists,
    ErrorCode::conflict,
    ErrorCode::custom_key_store_not_found,
    ErrorCode::dependency_timeout,
    ErrorCode::disabled,
    ErrorCode::dry_run_operation,
    ErrorCode::incorrect_key,
    ErrorCode::invalid_alias_name,
    ErrorCode::invalid_arn,
    ErrorCode::invalid_ciphertext,
    ErrorCode::invalid_grant_id,
    ErrorCode::invalid_grant_token,
    ErrorCode::invalid_key_usage,
    ErrorCode::invalid_marker,
    ErrorCode::invalid_state,
    ErrorCode::key_unavailable,
    ErrorCode::limit_exceeded,
    ErrorCode::malformed_policy_document,
    ErrorCode::not_found,
    ErrorCode::tag,
    ErrorCode::unsupported_operation,
};

// Names that real services use for what we have one code for.
struct OtherName {
  std::string_view name;
  ErrorCode code;
};
constexpr OtherName other_names[] = {
    {"KMSInternalException", ErrorCode::unavailable},  // A client may try again.
    {"InternalFailure", ErrorCode::unavailable},
    {"ServiceUnavailable", ErrorCode::unavailable},
    {"ServiceUnavailableException", ErrorCode::unavailable},
    {"AccessDenied", ErrorCode::access_denied},
    {"InvalidClientTokenId", ErrorCode::unrecognized_client},
    {"ExpiredToken", ErrorCode::expired_token},
    {"SignatureDoesNotMatch", ErrorCode::invalid_signature},
    {"RequestExpired", ErrorCode::invalid_signature},
    {"Throttling", ErrorCode::throttling},
    {"RequestLimitExceeded", ErrorCode::throttling},
    {"TooManyRequestsException", ErrorCode::throttling},
    {"ValidationError", ErrorCode::validation},
};

// The name alone: without a namespace before '#' and an address after ':'.
std::string_view bare(std::string_view name) {
  if (const auto hash = name.find('#'); hash != std::string_view::npos) name.remove_prefix(hash + 1);
  return name.substr(0, name.find(':'));
}

}  // namespace

std::string_view error_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_input:
    case ErrorCode::wrong_domain:  // The library's alone.
      return "ValidationException";
    case ErrorCode::authentication:
      return "InvalidCiphertextException";
    case ErrorCode::unavailable:
    case ErrorCode::io:
    case ErrorCode::corrupt:
    case ErrorCode::internal:
      return internal_name;
    case ErrorCode::access_denied:
      return "AccessDeniedException";
    case ErrorCode::incomplete_signature:
      return "IncompleteSignatureException";
    case ErrorCode::invalid_signature:
      return "InvalidSignatureException";
    case ErrorCode::missing_authentication_token:
      return "MissingAuthenticationTokenException";
    case ErrorCode::not_authorized:
      return "NotAuthorizedException";
    case ErrorCode::serialization:
      return "SerializationException";
    case ErrorCode::throttling:
      return "ThrottlingException";
    case ErrorCode::unknown_operation:
      return "UnknownOperationException";
    case ErrorCode::unrecognized_client:
      return "UnrecognizedClientException";
    case ErrorCode::validation:
      return "ValidationException";
    case ErrorCode::expired_token:
      return "ExpiredTokenException";
    case ErrorCode::delete_conflict:
      return "DeleteConflictException";
    case ErrorCode::packed_policy_too_large:
      return "PackedPolicyTooLargeException";
    case ErrorCode::already_exists:
      return "AlreadyExistsException";
    case ErrorCode::conflict:
      return "ConflictException";
    case ErrorCode::custom_key_store_not_found:
      return "CustomKeyStoreNotFoundException";
    case ErrorCode::dependency_timeout:
      return "DependencyTimeoutException";
    case ErrorCode::disabled:
      return "DisabledException";
    case ErrorCode::dry_run_operation:
      return "DryRunOperationException";
    case ErrorCode::incorrect_key:
      return "IncorrectKeyException";
    case ErrorCode::invalid_alias_name:
      return "InvalidAliasNameException";
    case ErrorCode::invalid_arn:
      return "InvalidArnException";
    case ErrorCode::invalid_ciphertext:
      return "InvalidCiphertextException";
    case ErrorCode::invalid_grant_id:
      return "InvalidGrantIdException";
    case ErrorCode::invalid_grant_token:
      return "InvalidGrantTokenException";
    case ErrorCode::invalid_key_usage:
      return "InvalidKeyUsageException";
    case ErrorCode::invalid_marker:
      return "InvalidMarkerException";
    case ErrorCode::invalid_state:
      return "KMSInvalidStateException";
    case ErrorCode::key_unavailable:
      return "KeyUnavailableException";
    case ErrorCode::limit_exceeded:
      return "LimitExceededException";
    case ErrorCode::malformed_policy_document:
      return "MalformedPolicyDocumentException";
    case ErrorCode::not_found:
      return "NotFoundException";
    case ErrorCode::tag:
      return "TagException";
    case ErrorCode::unsupported_operation:
      return "UnsupportedOperationException";
  }
  return internal_name;
}

int http_status(ErrorCode code) {
  const std::string_view name = error_name(code);
  const bool fault =
      name == internal_name || code == ErrorCode::dependency_timeout || code == ErrorCode::key_unavailable;
  return fault ? 500 : 400;
}

bool carries_message(ErrorCode code) {
  return error_name(code) != "InvalidCiphertextException" && code != ErrorCode::not_authorized;
}

void append_error_body(std::string& out, const Error& error) {
  const std::string_view name = error_name(error.code);
  JsonWriter json(out);
  json.begin_object().text("__type", name);
  if (name == internal_name) {
    json.text("message", "An internal error occurred.");
  } else if (carries_message(error.code) && !error.message.empty()) {
    json.text(error.code == ErrorCode::access_denied ? "Message" : "message", error.message);
  }
  json.end_object();
}

std::string_view http_error_name(int status) {
  switch (status) {
    case 408:
      return "RequestTimeoutException";
    case 413:
      return "RequestEntityTooLargeException";
    case 503:
      return "ServiceUnavailableException";
    default:
      return "MalformedHttpRequestException";
  }
}

void append_http_error_body(std::string& out, int status, std::string_view message) {
  JsonWriter(out).begin_object().text("__type", http_error_name(status)).text("message", message).end_object();
}

std::optional<ErrorCode> error_code(std::string_view name) {
  name = bare(name);
  for (const ErrorCode code : named_codes)
    if (error_name(code) == name) return code;
  for (const auto& other : other_names)
    if (other.name == name) return other.code;
  return std::nullopt;
}

Error decode_error(int status, std::string_view type_header, std::string_view body) {
  constexpr std::size_t shown_max = 1024;  // Bytes of a message that somebody else wrote.
  JsonReader json;
  std::string_view name = bare(type_header);
  std::string_view message;
  if (const auto parsed = json.parse(body); parsed && parsed->is(JsonValue::Kind::object)) {
    if (name.empty()) name = bare(parsed->text_of("__type"));
    message = parsed->text_of("message");
    if (message.empty()) message = parsed->text_of("Message");
  }
  message = message.substr(0, shown_max);
  name = name.substr(0, shown_max);
  if (const auto code = error_code(name)) return Error{*code, std::string(message)};
  const ErrorCode code = status == 429   ? ErrorCode::throttling
                         : status >= 500 ? ErrorCode::unavailable
                                         : ErrorCode::validation;
  std::string text = "HTTP status " + std::to_string(status);
  if (!name.empty()) text.append(", ").append(name);
  if (!message.empty()) text.append(": ").append(message);
  return Error{code, std::move(text)};
}

}  // namespace keyfold::protocol
