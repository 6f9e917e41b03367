#pragma once
// Errors as IAM and STS put them on the wire: names, HTTP statuses, XML bodies. Facts: AWS's API models, and "Common
// Errors" of its API references.

#include <string>
#include <string_view>

#include "keyfold/core/base/result.h"

namespace keyfold::protocol {

inline constexpr std::string_view iam_namespace = "https://iam.amazonaws.com/doc/2010-05-08/";
inline constexpr std::string_view sts_namespace = "https://sts.amazonaws.com/doc/2011-06-15/";

std::string_view query_error_name(ErrorCode code);  // "NoSuchEntity"
int query_http_status(ErrorCode code);

// <ErrorResponse xmlns="…"><Error><Type>Sender</Type><Code>…</Code><Message>…</Message></Error><RequestId>…. What
// happened inside is for our log, as in append_error_body().
void append_query_error_body(std::string& out, std::string_view xml_namespace, const Error& error,
                             std::string_view request_id);

}  // namespace keyfold::protocol
