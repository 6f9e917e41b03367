#pragma once
// Which of the services at the endpoint a request is for: KMS speaks JSON, IAM and STS speak the query protocol.

#include <optional>

#include "keyfold/core/http/service.h"
#include "keyfold/kms/server/iam/iam_table.h"

namespace keyfold::server {

// None: KMS. Goes by content type, and by the service that the signature claims to be for, which is verified later.
std::optional<QueryService> query_service_of(const http::Request& request);

// Replaces what is in the reply.
void write_query_error(QueryService service, http::Reply& reply, const Error& error);

}  // namespace keyfold::server
