#include "keyfold/kms/server/iam/iam_call.h"

#include <algorithm>

#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/query_errors.h"
#include "keyfold/kms/policy/known_keys.h"
#include "keyfold/kms/server/caller_identity.h"

namespace keyfold::server {
namespace {

// At most so much of a request is recorded, so that no request makes a record too large for the log.
constexpr std::size_t parameters_recorded_max = 128;
constexpr std::size_t value_recorded_max = 12288;   // Bytes; more than any document that an operation takes.
constexpr std::size_t values_recorded_max = 65536;  // Bytes, together.

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
  if (query_.text("Version").value_or("") == api_version_of(service_)) row_ = find_iam_operation(service_, action);
  note_parameters();
  if (row_ == nullptr)
    return Error{ErrorCode::unknown_operation,
                 "Could not find operation " + std::string(action.substr(0, 128)) + " for version " +
                     std::string(query_.text("Version").value_or("NO_VERSION_SPECIFIED").substr(0, 64))};
  return ok();
}

// All that was asked, whatever becomes of it. There is no secret in what these operations take, but for codes of second
// factors, which nothing here takes.
void IamCall::note_parameters() {
  std::size_t together = 0;
  query_.each([&](std::string_view name, std::string_view value) {
    if (name == "Action" || name == "Version" || name == "TokenCode" || noted_.size() == parameters_recorded_max)
      return;
    value = value.substr(0, value_recorded_max);
    together += value.size();
    if (together > values_recorded_max) return;
    std::string& noted = noted_.emplace_back(name);
    noted[0] = policy::to_lower(noted[0]);
    parameters_.emplace_back(noted, value);
  });
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

Result<std::string> IamCall::user_resource() const {
  using identity::UserName;
  std::optional<UserName> user;
  if (row_->resource == IamResource::user_or_caller) {
    TRY_ASSIGN(user, user_or_caller());
    if (!user) return std::string(identity::root_arn(account()).text());
  } else {
    TRY_ASSIGN(user, name<UserName>(row_->parameter));
  }
  TRY_ASSIGN(const auto path, this->path());
  const auto* entry = snapshot_->find(account(), *user);
  const bool is_new = row_->resource == IamResource::new_user;
  return std::string(
      (entry != nullptr && !is_new ? entry->user.arn() : identity::user_arn(account(), path, *user)).text());
}

Result<std::string> IamCall::role_resource() const {
  TRY_ASSIGN(const auto role, name<identity::RoleName>(row_->parameter));
  TRY_ASSIGN(const auto path, this->path());
  const auto* entry = snapshot_->find(account(), role);
  const bool is_new = row_->resource == IamResource::new_role;
  return std::string(
      (entry != nullptr && !is_new ? entry->role.arn() : identity::role_arn(account(), path, role)).text());
}

Result<std::string> IamCall::group_resource() const {
  TRY_ASSIGN(const auto group, name<identity::GroupName>(row_->parameter));
  TRY_ASSIGN(const auto path, this->path());
  const auto* entry = snapshot_->find(account(), group);
  const bool is_new = row_->resource == IamResource::new_group;
  return entry != nullptr && !is_new ? entry->group.arn() : identity::group_arn(account(), path, group);
}

// What the decision is about. Of what is not there, the ARN that it would have in the path "/".
Result<std::string> IamCall::resource() const {
  switch (row_->resource) {
    case IamResource::user:
    case IamResource::user_or_caller:
    case IamResource::new_user:
      return user_resource();
    case IamResource::role:
    case IamResource::new_role:
      return role_resource();
    case IamResource::group:
    case IamResource::new_group:
      return group_resource();
    case IamResource::new_policy: {
      TRY_ASSIGN(const auto policy, name<identity::PolicyName>(row_->parameter));
      TRY_ASSIGN(const auto path, this->path());
      return identity::policy_arn(account(), path, policy);
    }
    case IamResource::policy: {
      TRY_ASSIGN(const auto arn, need(row_->parameter));
      if (!identity::parse_policy_arn(arn) && !arn.starts_with("arn:aws:iam::aws:policy/"))
        return Error{ErrorCode::validation, "ARN " + std::string(arn.substr(0, 256)) + " is not valid."};
      return std::string(arn);
    }
    case IamResource::access_key: {
      TRY_ASSIGN(const auto id, name<AccessKeyId>(row_->parameter));
      const auto* entry = snapshot_->find(account(), id);
      const auto* user = entry && entry->key.user ? snapshot_->find(account(), *entry->key.user) : nullptr;
      return user != nullptr ? std::string(user->user.arn().text()) : std::string("*");
    }
    case IamResource::account:
    case IamResource::role_to_assume:
    case IamResource::everybody:
      break;
  }
  return std::string("*");
}

// aws:ResourceTag/… and iam:PermissionsBoundary of what the decision is about.
void IamCall::add_entity_facts(std::string_view resource) {
  const std::vector<identity::Tag>* tags = nullptr;
  std::optional<std::string> boundary;
  if (row_->resource == IamResource::user || row_->resource == IamResource::user_or_caller) {
    const auto slash = resource.find_last_of('/');
    const auto user = identity::UserName::parse(resource.substr(slash + 1));
    if (const auto* entry = user ? snapshot_->find(account(), *user) : nullptr) {
      tags = &entry->user.tags;
      boundary = entry->user.boundary;
    }
  } else if (const auto* role = snapshot_->find_role(resource)) {
    tags = &role->role.tags;
    boundary = role->role.boundary;
  } else if (const auto* policy = snapshot_->find_policy(resource)) {
    tags = &policy->policy.tags;
  }
  if (tags != nullptr && row_->resource != IamResource::new_role && row_->resource != IamResource::new_policy)
    for (const auto& tag : *tags) {
      facts_.add("aws:ResourceTag/" + tag.key, tag.value);
      facts_.add("iam:ResourceTag/" + tag.key, tag.value);
    }
  if (const auto asked = query_.text("PermissionsBoundary")) boundary = std::string(*asked);
  if (boundary) facts_.add("iam:PermissionsBoundary", *boundary);
}

Result<IamFacts*> IamCall::facts() {
  TRY_ASSIGN(const auto tags, this->tags());
  TRY_ASSIGN(auto keys, texts("TagKeys"));
  if (const auto members = query_.list("Tags"); members)
    for (const auto member : *members)
      if (const auto key = query_.text_of(member, "Key")) keys.push_back(*key);
  if (!keys.empty()) facts_.add_list(policy::condition_key::tag_keys, std::move(keys));
  for (const auto& tag : tags) facts_.add("aws:RequestTag/" + tag.key, tag.value);
  const auto arn = query_.text("PolicyArn");
  if (arn && row_->resource != IamResource::policy) facts_.add("iam:PolicyARN", std::string(*arn));
  return &facts_;
}

Result<policy::ActionPermit> IamCall::authorize() {
  if (row_->resource == IamResource::everybody) return authorizer_.everybody_may(row_->action, account());
  TRY_ASSIGN(auto* const request, facts());
  if (row_->resource == IamResource::role_to_assume) {
    TRY_ASSIGN(const auto arn, need(row_->parameter));
    if (caller_.type == policy::PrincipalType::root)
      return Error{ErrorCode::access_denied, "Roles may not be assumed by root accounts."};
    if (const auto* role = snapshot_->find_role(arn)) {
      for (const auto* key : {"ExternalId", "RoleSessionName"})
        if (const auto value = query_.text(key)) request->add(std::string("sts:").append(key), std::string(*value));
      for (const auto& tag : role->role.tags) {
        request->add("aws:ResourceTag/" + tag.key, tag.value);
        request->add("iam:ResourceTag/" + tag.key, tag.value);
      }
      return authorize(row_->action, *role, *request);
    }
    // One that is not there is told as one that does not trust the caller.
    decision_ = "implicit deny";
    std::string text = "User: ";
    return Error{ErrorCode::access_denied, text.append(caller_.arn.text())
                                               .append(" is not authorized to perform: sts:AssumeRole on resource: ")
                                               .append(arn.substr(0, 2048))};
  }
  TRY_ASSIGN(const auto about, resource());
  add_entity_facts(about);
  static const OperationRow& any_row = row_of(Operation::list_keys);
  const CallFacts call_facts(any_row, http_, place_, now(), services_.keys, nullptr);
  policy::Reason reason;
  auto permit = authorizer_.authorize(caller_.for_policy(), row_->action, about, account(),
                                      {.values = request->view(), .source = &call_facts}, reason);
  note(reason, permit.has_value());
  return permit;
}

Result<policy::ActionPermit> IamCall::authorize(std::string_view action, const identity::RoleEntry& role,
                                                IamFacts& facts) {
  static const OperationRow& any_row = row_of(Operation::list_keys);
  const CallFacts call_facts(any_row, http_, place_, now(), services_.keys, nullptr);
  policy::Reason reason;
  auto permit = authorizer_.authorize(caller_.for_policy(), action, role.role.arn(), *role.trust,
                                      {.values = facts.view(), .source = &call_facts}, reason);
  note(reason, permit.has_value());
  return permit;
}

void IamCall::note(const policy::Reason& reason, bool allowed) {
  deciding_statement_ = reason.deciding_statement();
  decision_ = allowed ? "allow" : reason.cause == policy::Cause::statement ? "explicit deny" : "implicit deny";
}

Result<std::shared_ptr<const identity::Snapshot>> IamCall::look(policy::ActionPermit permit) const {
  TRY(permit.spend(row_->action, account()));
  return snapshot_;
}

Outcome IamCall::change(policy::ActionPermit permit, FunctionRef<Outcome(identity::Edit&)> edit) {
  TRY(permit.spend(row_->action, account()));
  TRY(services_.entities.change([&](identity::Edit& draft) -> Outcome {
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
      .resource_arn = {},
      .resource_account = {},
      .recipient_account = account().text()};
  std::string leaf;
  audit::encode(event, leaf);
  return leaf;
}

}  // namespace keyfold::server
