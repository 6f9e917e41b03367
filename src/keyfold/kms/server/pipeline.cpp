#include "keyfold/kms/server/pipeline.h"

#include <algorithm>

#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/errors.h"
#include "keyfold/core/sigv4/verify.h"
#include "keyfold/kms/server/query_service.h"

namespace keyfold::server {
namespace {

constexpr std::string_view content_type = "application/x-amz-json-1.1";
constexpr std::string_view service_name = "kms";

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

sigv4::RequestView view_of(const http::Request& request) {
  const std::string_view path = path_of(request.target);
  const bool has_query = path.size() < request.target.size();
  return {.method = to_text(request.method),
          .path = path,
          .query = has_query ? request.target.substr(path.size() + 1) : std::string_view(),
          .headers = request.headers,
          .body = request.body};
}

void write_error(http::Reply& reply, const Error& error) {
  reply.status = protocol::http_status(error.code);
  reply.error_type = protocol::error_name(error.code);
  wipe(reply.body);
  protocol::append_error_body(reply.body, error);
}

// In the words of the service that was asked.
void write_error(const http::Request& request, http::Reply& reply, const Error& error) {
  if (const auto query = query_service_of(request)) return write_query_error(*query, reply, error);
  write_error(reply, error);
}

Error not_recorded() { return Error{ErrorCode::internal, "the audit record of this call could not be written"}; }

// AWS knows one method and one path here.
bool is_call(const http::Request& request) {
  return request.method == http::Method::post && path_of(request.target) == "/";
}

// The row of an operation that is not in the table, for the audit record of the refusal.
const OperationRow unknown_row = {.operation = Operation::list_keys,
                                  .name = "UnknownOperation",
                                  .actions = {},
                                  .resource = policy::ResourceKind::account,
                                  .states = keys::StateRule::any_state,
                                  .identifiers = Identifiers::none,
                                  .accounts = keys::Keys::Accounts::own,
                                  .condition_keys = {},
                                  .access = audit::Access::read_only,
                                  .lane = http::Lane::fast};

Outcome perform(const http::Request& request, const OperationRow* row, Call& call) {
  const std::string_view type = request.header("content-type");
  if (row == nullptr || type.substr(0, type.find(';')) != content_type) return Error{ErrorCode::unknown_operation, ""};
  return run(row->operation, call);
}

}  // namespace

Pipeline::Pipeline(Services services, Scope scope, audit::RefusalCounter& refusals, Metrics& metrics,
                   std::size_t threads)
    : services_(services), scope_(std::move(scope)), refusals_(refusals), metrics_(metrics) {
  for (std::size_t i = 0; i < threads; ++i) scratch_.push_back(std::make_unique<Scratch>());
}
Pipeline::~Pipeline() = default;

http::Lane Pipeline::lane_of(const http::Request& request) {
  if (is_call(request) && query_service_of(request)) return http::Lane::slow;
  const OperationRow* row = find_operation(request.header("x-amz-target"));
  return row == nullptr || !is_call(request) ? http::Lane::fast : row->lane;
}

// What every reply has, whatever it says.
void Pipeline::begin(http::Reply& reply) const {
  reply.content_type = content_type;
  reply.request_id = InlineString<64>(random_uuid(services_.random).view());
}

http::Release Pipeline::serve(const http::Request& request, http::Reply& reply, std::size_t thread) {
  const auto begun = std::chrono::steady_clock::now();
  begin(reply);
  if (const auto query = query_service_of(request)) return serve_query(*query, request, reply, thread);

  const auto authenticated = authenticate(request, service_name);
  if (!authenticated) {
    // A stranger's refusals are counted, and recorded in summary: he must not be able to fill the disk.
    refusals_.count(request.peer, protocol::error_name(authenticated.error().code));
    if (protocol::http_status(authenticated.error().code) >= 500)
      services_.log.error(
          "a caller could not be authenticated",
          {{"request", reply.request_id.view()}, {"error", authenticated.error().message}, {"peer", request.peer}});
    metrics_.count_refused(thread);
    write_error(reply, authenticated.error());
    if (!is_call(request)) reply.status = request.method == http::Method::post ? 404 : 405;
    return http::Release::at_once();
  }

  Scratch& scratch = *scratch_[thread];
  scratch.record.clear();
  const OperationRow* row = find_operation(request.header("x-amz-target"));
  Call call(services_, row == nullptr ? unknown_row : *row, authenticated->caller, authenticated->place, request, reply,
            scratch);
  const Outcome outcome = perform(request, row, call);
  const CallOutcome result = call_outcome(outcome);
  const http::Release release = record(request, call, outcome, reply);
  scratch.reader.wipe();
  metrics_.count(thread, row, result, std::chrono::steady_clock::now() - begun);
  return release;
}

// Who is asking, and where. Whatever is wrong with the signature, nothing of the body has been looked at.
Result<Pipeline::Authenticated> Pipeline::authenticate(const http::Request& request, std::string_view service) const {
  if (!is_call(request)) return Error{ErrorCode::unknown_operation, ""};
  const sigv4::RequestView view = view_of(request);
  TRY_ASSIGN(const auto presented, sigv4::present(view, service));
  // What is global may be signed for any Region.
  if (service == service_name && !scope_.regions.empty() &&
      std::ranges::find(scope_.regions, presented.region) == scope_.regions.end())
    return Error{ErrorCode::invalid_signature, "Credential should be scoped to a valid region."};
  const Timestamp now = services_.signature_clock.now();
  auto caller = services_.callers.find(presented.access_key_id, presented.security_token);
  TRY_ASSIGN(const auto signing_key,
             services_.callers.signing_key(presented.access_key_id, presented.date, presented.region, presented.service,
                                           presented.security_token));
  const bool known =
      caller.has_value() &&
      (scope_.accounts.empty() || std::ranges::find(scope_.accounts, caller->account) != scope_.accounts.end());
  if (!known) return sigv4::refuse_unknown_key(presented, view, now);
  TRY(sigv4::verify(presented, view, now, *signing_key));
  // A token belongs to a session's key. What a session may do ends when it expires.
  if (!caller->session && !presented.security_token.empty())
    return Error{ErrorCode::unrecognized_client, "The security token included in the request is invalid."};
  if (const auto expires = caller->expires(); expires && *expires <= services_.clock.now())
    return Error{ErrorCode::expired_token, "The security token included in the request is expired"};
  services_.callers.note_use(presented.access_key_id, presented.region, presented.service);
  const keys::Place place{.account = caller->account, .region = presented.region};
  return Authenticated{.caller = *std::move(caller), .place = place};
}

// No record, no answer: the reply waits for its record, and is replaced when there will be none.
http::Release Pipeline::record(const http::Request& request, Call& call, const Outcome& outcome, http::Reply& reply) {
  if (!outcome) {
    if (protocol::http_status(outcome.error().code) >= 500)
      services_.log.error("a call failed", {{"operation", call.row().name},
                                            {"request", reply.request_id.view()},
                                            {"error", outcome.error().message},
                                            {"peer", request.peer}});
    write_error(reply, outcome.error());
  }
  if (call.record().committed) {
    // The event stands in the store beside the change that it tells of; now it goes to the log.
    if (auto drained = services_.audit.drain(services_.outbox); !drained) {
      services_.log.error("an audit event waits in the outbox", {{"error", drained.error().message}});
      write_error(reply, not_recorded());
    }
    return http::Release::at_once();
  }
  const auto id = random_uuid(services_.random);
  const auto sequence = services_.audit.append(call.leaf(outcome, id.view()));
  if (!sequence) {
    services_.log.error("no audit record, so no answer", {{"error", sequence.error().message}});
    write_error(reply, not_recorded());
    return http::Release::at_once();
  }
  return http::Release::after(*sequence);
}

// One commit for all that was ready, instead of one for the first and another for the rest.
void Pipeline::caught_up() { services_.audit.begin_commit(); }

void Pipeline::refuse(const http::Request& request, http::Reply& reply) {
  begin(reply);
  write_error(request, reply, not_recorded());
}

void Pipeline::overloaded(const http::Request& request, http::Lane, http::Reply& reply) {
  begin(reply);
  write_error(request, reply,
              Error{ErrorCode::throttling,
                    "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls."});
}

// In AWS's shape, as every other error: a client reads the reason from there.
void Pipeline::malformed(std::string_view reason, http::Reply& reply) {
  begin(reply);
  reply.error_type = protocol::http_error_name(reply.status);
  protocol::append_http_error_body(reply.body, reply.status, reason);
}

void ReleaseOnRecord::refused_up_to(audit::Sequence sequence, const Error& error) {
  log_.error("audit records could not be written; their replies are refused", {{"error", error.message}});
  server_.refuse_up_to(sequence);
}

}  // namespace keyfold::server
