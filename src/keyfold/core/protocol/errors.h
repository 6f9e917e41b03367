#pragma once
// Errors as KMS puts them on the wire: names, HTTP statuses, bodies; both ends. HTTP 400 for every client error, 500
// for ours.

#include <optional>
#include <string>
#include <string_view>

#include "keyfold/core/base/result.h"

namespace keyfold::protocol {

// The AWS name of an error: "NotFoundException". Ours (io, corrupt, internal, unavailable) are KMSInternalException.
std::string_view error_name(ErrorCode code);
int http_status(ErrorCode code);  // 400 or 500.
// Whether AWS sends this one without a message, whatever ours says (InvalidCiphertextException tells nothing).
bool carries_message(ErrorCode code);

// The body of an error reply: {"__type":"NotFoundException","message":"…"}; AccessDeniedException says "Message".
// Without a member for an empty message. What happened inside (io, corrupt, internal) is for our log: the caller reads
// that it failed.
void append_error_body(std::string& out, const Error& error);

// The same for what was not a request that could be served: what AWS calls an HTTP status other than the two above.
// Source: "Common Error Types" of AWS's API references, those "at the HTTP level".
std::string_view http_error_name(int status);
void append_http_error_body(std::string& out, int status, std::string_view message);

// The reverse, for a client. `type_header` is x-amzn-ErrorType, or empty; the body's __type serves when it is. A reply
// that names no error we know becomes, by its status: `throttling` (429), `unavailable` (5xx), else `validation`, with
// the name in its message. Bodies are not trusted: any bytes do.
Error decode_error(int status, std::string_view type_header, std::string_view body);
// "com.amazonaws.kms#NotFoundException:http://…" → not_found. Nothing: a name we do not know.
std::optional<ErrorCode> error_code(std::string_view name);

}  // namespace keyfold::protocol
