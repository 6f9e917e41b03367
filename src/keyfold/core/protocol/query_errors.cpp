#include "keyfold/core/protocol/query_errors.h"

#include <algorithm>
#include <array>

#include "keyfold/core/protocol/xml_writer.h"

namespace keyfold::protocol {
namespace {

struct QueryError {
  ErrorCode code;
  std::string_view name;
  int status;
};
constexpr std::array query_errors = {
    QueryError{ErrorCode::invalid_input, "InvalidInput", 400},
    QueryError{ErrorCode::access_denied, "AccessDenied", 403},
    QueryError{ErrorCode::not_authorized, "AccessDenied", 403},
    QueryError{ErrorCode::incomplete_signature, "IncompleteSignature", 400},
    QueryError{ErrorCode::invalid_signature, "SignatureDoesNotMatch", 403},
    QueryError{ErrorCode::missing_authentication_token, "MissingAuthenticationToken", 403},
    QueryError{ErrorCode::unrecognized_client, "InvalidClientTokenId", 403},
    QueryError{ErrorCode::expired_token, "ExpiredToken", 403},
    QueryError{ErrorCode::throttling, "Throttling", 400},
    QueryError{ErrorCode::unknown_operation, "InvalidAction", 400},
    QueryError{ErrorCode::validation, "ValidationError", 400},
    QueryError{ErrorCode::serialization, "ValidationError", 400},
    QueryError{ErrorCode::already_exists, "EntityAlreadyExists", 409},
    QueryError{ErrorCode::conflict, "ConcurrentModification", 409},
    QueryError{ErrorCode::delete_conflict, "DeleteConflict", 409},
    QueryError{ErrorCode::limit_exceeded, "LimitExceeded", 409},
    QueryError{ErrorCode::malformed_policy_document, "MalformedPolicyDocument", 400},
    QueryError{ErrorCode::packed_policy_too_large, "PackedPolicyTooLarge", 400},
    QueryError{ErrorCode::not_found, "NoSuchEntity", 404},
};
constexpr QueryError failure{ErrorCode::internal, "ServiceFailure", 500};

const QueryError& query_error(ErrorCode code) {
  const auto* found = std::ranges::find(query_errors, code, &QueryError::code);
  return found == query_errors.end() ? failure : *found;
}

}  // namespace

std::string_view query_error_name(ErrorCode code) { return query_error(code).name; }
int query_http_status(ErrorCode code) { return query_error(code).status; }

void append_query_error_body(std::string& out, std::string_view xml_namespace, const Error& error,
                             std::string_view request_id) {
  const QueryError& row = query_error(error.code);
  const bool ours = row.status == 500;
  XmlWriter(out)
      .open("ErrorResponse", xml_namespace)
      .open("Error")
      .text("Type", ours ? "Receiver" : "Sender")
      .text("Code", row.name)
      .text("Message", ours ? "An internal error occurred." : std::string_view(error.message))
      .close("Error")
      .text("RequestId", request_id)
      .close("ErrorResponse");
}

}  // namespace keyfold::protocol
