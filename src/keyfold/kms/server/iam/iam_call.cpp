#include "keyfold/kms/server/iam/iam_call.h"

#include <algorithm>

#include "keyfold/core/base/try.h"
#include "keyfold/core/base/utf8.h"
#include "keyfold/core/protocol/query_errors.h"
#include "keyfold/kms/server/caller_identity.h"

namespace keyfold::server {
namespace {

// At most so much of a request is recorded, so that no request makes a record too large for the log. What has more is
// refused.
constexpr std::size_t parameters_recorded_max = 256;  // More than any operation takes.
constexpr std::size_t value_recorded_max = policy::document_size_max;
constexpr std::size_t values_recorded_max = std::size_t{128} << 10;  // Bytes, together.

constexpr std::string_view content_type = "text/xml";

std::string_view error_code_of(const Outcome& outcome) {
  return outcome ? std::string_view() : protocol::query_error_name(outcome.error().code);
}

}  // namespace

void IamFacts::add_list(std::string_view key, std::vector<std::string_view> values) {
  lists.push_back(std::move(values));
  all.push_back({.key = key, .values = policy::Values(lists.back())});
}

std::span<const policy::ConditionValue> IamFacts::view() {
  for (const auto& fact : owned.view().subspan(std::min(owned.view().size(), taken))) all.push_back(fact);
  taken = owned.view().size();
  return all;
}

IamCall::IamCall(Services& services, QueryService service, const identity::Caller& caller, const keys::Place& place,
                 const http::Request& http, http::Reply& reply)
    : services_(services),
      service_(service),
      caller_(caller),
      place_(place),
      http_(http),
      reply_(reply),
      xml_(reply.body),
      snapshot_(services.entities.snapshot()) {
  reply.content_type = content_type;
}

Outcome IamCall::perform() {
  TRY(read());
  TRY(check_session());
  TRY_ASSIGN(auto permit, authorize());
  const std::string response = std::string(row_->name) + "Response";
  const std::string result = std::string(row_->name) + "Result";
  xml_.open(response, namespace_of(service_));
  if (row_->replies == Replies::result) xml_.open(result);
  TRY(run(row_->operation, *this, std::move(permit)));
  if (row_->replies == Replies::result) xml_.close(result);
  xml_.open("ResponseMetadata").text("RequestId", reply_.request_id.view()).close("ResponseMetadata").close(response);
  return ok();
}

Outcome IamCall::read() {
  TRY(query_.parse(as_text(http_.body)));
  const auto action = query_.text("Action").value_or("");
  const auto version = query_.text("Version").value_or("NO_VERSION_SPECIFIED");
  if (version == api_version_of(service_)) row_ = find_iam_operation(service_, action);
  const bool whole = note_parameters();
  if (row_ == nullptr)
    return Error{ErrorCode::unknown_operation, "Could not find operation " + std::string(cut_utf8(action, 128)) +
                                                   " for version " + std::string(cut_utf8(version, 64))};
  TRY(check_parameters());
  if (!whole) return Error{ErrorCode::validation, "The request has more in its parameters than can be recorded of it."};
  return ok();
}

// All that was asked, whatever becomes of it; false when that is more than can be recorded, so nothing may come of it.
// There is no secret in what these operations take, but for codes of second factors, which nothing here takes.
bool IamCall::note_parameters() {
  std::size_t together = 0;
  bool whole = true;
  query_.each([&](std::string_view name, std::string_view value) {
    if (name == "Action" || name == "Version" || name == "TokenCode") return;
    const std::string_view recorded = cut_utf8(value, value_recorded_max);
    together += recorded.size();
    whole = whole && recorded == value && noted_.size() < parameters_recorded_max && together <= values_recorded_max;
    if (noted_.size() == parameters_recorded_max || together > values_recorded_max) return;
    std::string& noted = noted_.emplace_back(name);
    noted[0] = policy::to_lower(noted[0]);
    parameters_.emplace_back(noted, recorded);
  });
  return whole;
}

// "You cannot call any IAM API operations unless MFA authentication information is included", and of STS only two (STS
// API Reference, GetSessionToken).
Outcome IamCall::check_session() const {
  if (caller_.session == nullptr || caller_.session->role) return ok();
  if (service_ == QueryService::iam)
    return Error{ErrorCode::unrecognized_client, "The security token included in the request is invalid"};
  if (row_->operation == IamOperation::get_session_token)
    return Error{ErrorCode::access_denied, "Cannot call GetSessionToken with session credentials"};
  return ok();
}

Result<std::shared_ptr<const identity::Snapshot>> IamCall::look(policy::ActionPermit permit,
                                                                const AccountId& account) const {
  TRY(permit.spend(row_->action(), account));
  return snapshot_;
}

Outcome IamCall::change(policy::ActionPermit permit, FunctionRef<Outcome(identity::Edit&)> edit) {
  TRY(permit.spend(row_->action(), account()));
  TRY(services_.entities.change([&](identity::Edit& draft) -> Outcome {
    TRY_ASSIGN(const auto about, this->about(draft.snapshot()));
    if (about != about_ || about.arn != permit.resource())
      return Error{ErrorCode::conflict, "The entity has just been changed by another request. Please try again."};
    TRY(edit(draft));
    draft.record(event());
    return ok();
  }));
  committed_ = true;
  return ok();
}

void IamCall::note_response(std::string_view name, std::string_view value) {
  response_.emplace_back(name, noted_.emplace_back(value));
}

storage::OutboxRecord IamCall::event() const {
  const auto id = random_uuid(services_.random);
  return {.event_id = std::string(id.view()), .body = to_bytes(leaf(ok(), id.view()))};
}

std::string IamCall::leaf(const Outcome& outcome, std::string_view event_id) const {
  const CallerIdentity who(caller_);
  const audit::AuditEvent event{
      .time = now(),
      .user = who.user(),
      .source = event_source_of(service_),
      .name = operation_name(),
      .region = place_.region.text(),
      .source_ip = http_.peer,
      .user_agent = http_.header("user-agent"),
      .error_code = error_code_of(outcome),
      .error_message = outcome ? std::string_view() : std::string_view(outcome.error().message),
      .request = {.key_id = {}, .encryption_context = {}, .encryption_algorithm = {}, .others = parameters_},
      .response = outcome ? std::span<const audit::EventField>(response_) : std::span<const audit::EventField>(),
      .details = {.key_material_id = {},
                  .decision = decision_,
                  .deciding_statement = deciding_statement_,
                  .others = {}},
      .tls = {.version = http_.tls_version, .cipher_suite = http_.cipher_suite, .host = http_.header("host")},
      .request_id = reply_.request_id.view(),
      .event_id = event_id,
      .access = row_ == nullptr ? audit::Access::read_only : row_->access,
      .type = audit::EventType::aws_api_call,
      .resource_arn = role_ ? role_->arn.text() : std::string_view(),
      .resource_account = role_ ? role_->account.text() : std::string_view(),
      .resource_type = "AWS::IAM::Role",
      .recipient_account = account().text()};
  std::string leaf;
  audit::encode(event, leaf);
  return leaf;
}

}  // namespace keyfold::server
