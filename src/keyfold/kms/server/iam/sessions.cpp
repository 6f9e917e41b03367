// STS: who one is, and becoming somebody for a while.
#include "keyfold/kms/identity/session.h"

#include "keyfold/core/base/utf8.h"
#include "keyfold/kms/server/iam/kinds.h"

namespace keyfold::server {
namespace {

using identity::SessionClaims;

constexpr std::int64_t role_seconds_min = 900, role_seconds_usual = 3600;
constexpr std::int64_t chained_seconds_max = 3600;  // A role's session that becomes another one.
constexpr std::int64_t user_seconds_min = 900, user_seconds_usual = 43200, user_seconds_max = 129600;

Error validation(std::string text) { return {ErrorCode::validation, std::move(text)}; }

// Seals the session and writes it, in the order of AWS's model. The reply holds a secret.
Outcome give(IamCall& call, const SessionClaims& claims) {
  TRY_ASSIGN(const auto credentials, call.entities().seal_session(claims, call.random()));
  call.reserve_secret();
  call.note_response("accessKeyId", credentials.id.text());
  call.note_response("expiration", to_iso8601(claims.expires));
  call.xml()
      .open("Credentials")
      .text("AccessKeyId", credentials.id.text())
      .text("SecretAccessKey", as_text(credentials.secret.reveal()))
      .text("SessionToken", credentials.token)
      .time("Expiration", claims.expires)
      .close("Credentials");
  return ok();
}

// What is not served is refused, not passed over: it would have limited the session, or said more of it.
Outcome refuse_unserved(const IamCall& call) {
  for (const auto* parameter : {"SerialNumber", "TokenCode"})
    if (call.text(parameter))
      return Error{ErrorCode::access_denied, "MultiFactorAuthentication failed: there are no MFA devices here."};
  for (const auto* parameter : {"SourceIdentity", "TransitiveTagKeys", "ProvidedContexts", "MinimumSessionTokenSize"})
    if (call.has(parameter)) return validation(std::string(parameter) + " is not supported by this service.");
  return ok();
}

Outcome add_session_policies(IamCall& call, const AccountId& account, const Snapshot& snapshot, SessionClaims& claims) {
  if (const auto text = call.text("Policy")) {
    if (text->empty() || utf8_characters(*text) > identity::session_policy_size_max)
      return IamCall::malformed("Policy", *text);
    TRY(policy::Document::parse(*text, policy::PolicyKind::session));
    claims.policy = *text;
  }
  TRY_ASSIGN(const auto arns, call.texts("PolicyArns", "arn"));
  if (arns.size() > identity::session_policy_arns_max)
    return Error{ErrorCode::packed_policy_too_large,
                 "Packed size of session policies consumes more than the limit: "
                 "at most 10 managed policies can be given."};
  for (const auto arn : arns) {
    const auto* policy = snapshot.find_policy(arn);
    if (policy == nullptr || policy->policy.account != account)
      return validation("Policy " + std::string(cut_utf8(arn, 2048)) + " does not exist or is not attachable.");
    claims.managed.push_back({.arn = std::string(arn), .id = std::string(policy->policy.id.text())});
  }
  return ok();
}

Result<std::int64_t> packed_percent(const SessionClaims& claims) {
  const std::size_t percent =
      (claims.packed_size() * 100 + identity::session_packed_size_max - 1) / identity::session_packed_size_max;
  if (percent > 100)
    return Error{ErrorCode::packed_policy_too_large,
                 "Packed size of session tags consumes " + std::to_string(percent) + "% of allotted space."};
  return static_cast<std::int64_t>(percent);
}

Result<std::int64_t> role_seconds(const IamCall& call, const identity::Role& role) {
  TRY_ASSIGN(const auto seconds, call.number("DurationSeconds", std::min(role_seconds_usual, role.session_seconds),
                                             role_seconds_min, identity::session_seconds_max));
  if (seconds > role.session_seconds)
    return validation("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  if (call.caller().type == policy::PrincipalType::role_session && seconds > chained_seconds_max)
    return validation(
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining");
  return seconds;
}

}  // namespace

template <>
Outcome run<IamOperation::get_caller_identity>(IamCall& call, ActionPermit permit) {
  TRY(permit.spend(call.row().action(), call.account()));
  call.xml()
      .text("Arn", call.caller().arn.text())
      .text("UserId", call.caller().principal_id())
      .text("Account", call.account().text());
  return ok();
}

template <>
Outcome run<IamOperation::get_session_token>(IamCall& call, ActionPermit permit) {
  TRY(permit.spend(call.row().action(), call.account()));
  const auto& caller = call.caller();
  if (caller.type != policy::PrincipalType::user || caller.session)
    return Error{ErrorCode::access_denied, "Cannot call GetSessionToken with session credentials, or as the root"};
  TRY(refuse_unserved(call));
  TRY_ASSIGN(const auto seconds,
             call.number("DurationSeconds", user_seconds_usual, user_seconds_min, user_seconds_max));
  const Timestamp now = call.now();
  return give(call, {.kind = SessionClaims::Kind::user,
                     .account = call.account(),
                     .access_key = caller.access_key_id,
                     .name = std::string(caller.user_name->text()),
                     .id = std::string(caller.user_id->text()),
                     .issued = now,
                     .expires = now + std::chrono::seconds(seconds)});
}

template <>
Outcome run<IamOperation::assume_role>(IamCall& call, ActionPermit permit) {
  // What was decided on, and no later state of it.
  TRY_ASSIGN(const auto named, identity::parse_role_arn(permit.resource()));
  TRY_ASSIGN(const auto snapshot, call.look(std::move(permit), named.account));
  const identity::Role& role = snapshot->find(named.account, named.name)->role;
  TRY(refuse_unserved(call));
  TRY_ASSIGN(const auto session_name, call.name<identity::SessionName>("RoleSessionName"));
  TRY_ASSIGN(const auto seconds, role_seconds(call, role));
  const Timestamp now = call.now();
  SessionClaims claims{.kind = SessionClaims::Kind::role,
                       .account = role.account,
                       .access_key = call.caller().access_key_id,
                       .name = std::string(role.name.text()),
                       .id = std::string(role.id.text()),
                       .session_name = std::string(session_name.text()),
                       .issued = now,
                       .expires = now + std::chrono::seconds(seconds)};
  TRY_ASSIGN(claims.tags, call.tags());
  TRY(identity::check_tags(claims.tags));
  TRY(add_session_policies(call, role.account, *snapshot, claims));
  TRY_ASSIGN(const auto percent, packed_percent(claims));
  const auto arn = identity::session_arn(role.account, role.name, session_name);
  const std::string id = claims.id + ":" + claims.session_name;
  call.note_response("assumedRoleId", id);
  call.note_response("assumedRoleArn", arn.text());
  TRY(give(call, claims));
  call.xml().open("AssumedRoleUser").text("AssumedRoleId", id).text("Arn", arn.text()).close("AssumedRoleUser");
  if (claims.packed_size() > 0) call.xml().integer("PackedPolicySize", percent);
  return ok();
}

}  // namespace keyfold::server
