// The pipeline's way for IAM and STS: as for KMS, with their words.
#include "keyfold/core/protocol/query_errors.h"
#include "keyfold/kms/server/iam/iam_call.h"
#include "keyfold/kms/server/pipeline.h"
#include "keyfold/kms/server/query_service.h"

namespace keyfold::server {
namespace {

constexpr std::string_view form_type = "application/x-www-form-urlencoded";

Error not_recorded() { return Error{ErrorCode::internal, "the audit record of this call could not be written"}; }

}  // namespace

void write_query_error(QueryService service, http::Reply& reply, const Error& error) {
  reply.status = protocol::query_http_status(error.code);
  reply.content_type = "text/xml";
  reply.error_type = {};
  wipe(reply.body);
  protocol::append_query_error_body(reply.body, namespace_of(service), error, reply.request_id.view());
}

std::optional<QueryService> query_service_of(const http::Request& request) {
  const std::string_view type = request.header("content-type");
  if (type.substr(0, type.find(';')) != form_type) return std::nullopt;
  return request.header("authorization").find("/sts/aws4_request") != std::string_view::npos ? QueryService::sts
                                                                                             : QueryService::iam;
}

http::Release Pipeline::serve_query(QueryService service, const http::Request& request, http::Reply& reply,
                                    std::size_t thread) {
  const auto begun = std::chrono::steady_clock::now();
  const auto authenticated = authenticate(request, name_of(service));
  if (!authenticated) {
    const Error& error = authenticated.error();
    refusals_.count(request.peer, protocol::query_error_name(error.code));
    if (protocol::query_http_status(error.code) >= 500)
      services_.log.error("a caller could not be authenticated",
                          {{"request", reply.request_id.view()}, {"error", error.message}, {"peer", request.peer}});
    metrics_.count_refused(thread);
    write_query_error(service, reply, error);
    return http::Release::at_once();
  }
  IamCall call(services_, service, authenticated->caller, authenticated->place, request, reply);
  const Outcome outcome = call.perform();
  if (!outcome) {
    if (protocol::query_http_status(outcome.error().code) >= 500)
      services_.log.error("a call failed", {{"operation", call.operation_name()},
                                            {"request", reply.request_id.view()},
                                            {"error", outcome.error().message},
                                            {"peer", request.peer}});
    write_query_error(service, reply, outcome.error());
  }
  metrics_.count(thread, call.known_row(), call_outcome(outcome), std::chrono::steady_clock::now() - begun);
  if (call.committed()) {
    if (auto drained = services_.audit.drain(services_.outbox); !drained) {
      services_.log.error("an audit event waits in the outbox", {{"error", drained.error().message}});
      write_query_error(service, reply, not_recorded());
    }
    return http::Release::at_once();
  }
  const auto id = random_uuid(services_.random);
  const auto sequence = services_.audit.append(call.leaf(outcome, id.view()));
  if (!sequence) {
    services_.log.error("no audit record, so no answer", {{"error", sequence.error().message}});
    write_query_error(service, reply, not_recorded());
    return http::Release::at_once();
  }
  return http::Release::after(*sequence);
}

}  // namespace keyfold::server
