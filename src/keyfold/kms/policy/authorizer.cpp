#include "keyfold/kms/policy/authorizer.h"

#include <span>

#include "keyfold/kms/policy/caller_facts.h"

namespace keyfold::policy {
namespace {

Request request_of(const Caller& caller, std::string_view action, std::string_view resource,
                   std::string_view resource_account) {
  Request request;
  request.principal = {.arn = caller.arn, .account = caller.account.text(), .type = caller.type, .role = caller.role};
  request.action = action;
  request.resource = resource;
  request.resource_account = resource_account;
  return request;
}

// What is said of the caller and of his call.
class AllFacts final : public ConditionSource {
 public:
  AllFacts(const Caller& caller, const Facts& call) : caller_(caller.facts), call_(call) {}
  void each_spelling(std::string_view key, Visit visit) const override {
    for (const auto& values : {caller_, call_.values})
      for (const auto& condition : values)
        if (equal_ignoring_case(condition.key, key)) visit(condition.values);
    if (call_.source != nullptr) call_.source->each_spelling(key, visit);
  }

 private:
  std::span<const ConditionValue> caller_;
  Facts call_;
};

Policies policies_of(const Caller& caller, const Document* key, Grants grants) {
  return {.key = key,
          .identity = caller.identity,
          .boundary = caller.boundary,
          .session = caller.session,
          .grants = grants};
}

Outcome conclude(Request& request, const Caller& caller, const Document* key, const Facts& facts, Reason& reason,
                 Grants grants = {}) {
  const CallerFacts of_caller(request);
  const AllFacts all(caller, facts);
  request.conditions = of_caller.view();
  request.more_conditions = &all;
  const Decision decision = evaluate(request, policies_of(caller, key, grants));
  reason = decision.reason;
  // Nothing of a call is unknown; were it otherwise, unknown is not allowed.
  if (decision.verdict == Verdict::allow) return ok();
  return Error{ErrorCode::access_denied, denial_text(request, decision)};
}

std::string not_authorized(std::string_view principal, std::string_view action, std::string_view resource) {
  std::string text = "User: ";
  text.append(principal).append(" is not authorized to perform: ").append(action);
  return text.append(" on resource: ").append(resource);
}

// As AWS's refusals do, with the end of the article.
std::string_view called(PolicyKind kind) {
  switch (kind) {
    case PolicyKind::key:
    case PolicyKind::trust:
      return " resource-based policy";
    case PolicyKind::identity:
      return "n identity-based policy";
    case PolicyKind::boundary:
      return " permissions boundary";
    case PolicyKind::session:
      return " session policy";
  }
  return {};
}

// A KeyArn is well-formed: its account is the fifth field. No need to parse it anew for each call.
std::string_view account_text(const KeyArn& key) { return split_arn(key.text())->account; }

}  // namespace

std::string_view Reason::deciding_statement() const {
  if (grant != nullptr) return grant->label;
  if (statement != nullptr) return statement->label;
  return cause == Cause::account_root ? "account root" : std::string_view{};
}

std::string denial_text(const Request& request, const Decision& decision) {
  const auto text_of = [](const Attribute<std::string_view>& attribute) {
    return attribute.known() ? *attribute : std::string_view("(unknown)");
  };
  std::string text = not_authorized(text_of(request.principal.arn), text_of(request.action), text_of(request.resource));
  switch (decision.reason.cause) {
    case Cause::statement:
    case Cause::grant:
    case Cause::account_root:
      text.append(" with an explicit deny in a").append(called(decision.reason.policy));
      break;
    case Cause::no_resource_policy_allows:
      text.append(" because no resource-based policy allows the ").append(text_of(request.action)).append(" action");
      break;
    case Cause::no_identity_policy_allows:
      text.append(" because no identity-based policy allows the ").append(text_of(request.action)).append(" action");
      break;
    case Cause::no_permissions_boundary_allows:
      text.append(" because no permissions boundary allows the ").append(text_of(request.action)).append(" action");
      break;
    case Cause::no_session_policy_allows:
      text.append(" because no session policy allows the ").append(text_of(request.action)).append(" action");
      break;
    case Cause::undecided:
      text.append(" as far as the request is known");
      break;
  }
  return text;
}

std::string denial_text_for_stranger(std::string_view principal, std::string_view action, std::string_view resource) {
  return not_authorized(principal, action, resource)
      .append(" because the resource does not exist in this Region, no resource-based policies allow access, or a ")
      .append("resource-based policy explicitly denies access");
}

Result<ActionPermit> Authorizer::authorize(const Caller& caller, std::string_view action, std::string_view resource,
                                           const AccountId& account, const Facts& facts, Reason& reason) const {
  auto allowed = decide(caller, action, resource, account, facts, reason);
  if (!allowed) return std::move(allowed).error();
  return ActionPermit(action, account, resource);
}

Result<ActionPermit> Authorizer::authorize(const Caller& caller, std::string_view action, const PrincipalArn& role,
                                           const Document& trust, const Facts& facts, Reason& reason) const {
  const auto account = AccountId::parse(split_arn(role.text())->account);
  KEYFOLD_CHECK(account.has_value());
  Request request = request_of(caller, action, role.text(), account->text());
  auto allowed = conclude(request, caller, &trust, facts, reason);
  // AWS says no more to whoever is not trusted.
  if (!allowed) return Error{ErrorCode::access_denied, not_authorized(caller.arn, action, role.text())};
  return ActionPermit(action, *account, role.text());
}

AccountId Authorizer::account_of(const AliasArn& alias) {
  const auto account = AccountId::parse(split_arn(alias.text())->account);
  KEYFOLD_CHECK(account.has_value());
  return *account;
}

Outcome Authorizer::decide(const Caller& caller, std::string_view action, const KeyAccess& access, Reason& reason) {
  Request request = request_of(caller, action, access.key.text(), account_text(access.key));
  request.context = access.context;
  request.creates = access.creates;
  return conclude(request, caller, &access.policy, access.facts, reason, access.grants);
}

Outcome Authorizer::decide(const Caller& caller, std::string_view action, std::string_view resource,
                           const AccountId& account, const Facts& facts, Reason& reason) {
  Request request = request_of(caller, action, resource, account.text());
  return conclude(request, caller, nullptr, facts, reason);
}

Outcome keeps_put_key_policy(const Document& document, const Caller& caller, const KeyArn& key) {
  Request request = request_of(caller, op::PutKeyPolicy::action, key.text(), account_text(key));
  const CallerFacts of_caller(request);
  const AllFacts all(caller, {});
  request.conditions = of_caller.view();
  request.more_conditions = &all;
  request.conditions_extent = Extent::partial;  // When, from where and how he will ask, nobody knows.
  Policies policies = policies_of(caller, &document, {});
  policies.identity = {};  // Left unknown, so that "deny" means: whatever they say.
  const auto decision = evaluate(request, policies);
  if (decision.verdict != Verdict::deny) return ok();
  return Error{ErrorCode::malformed_policy_document,
               "The new key policy will not allow you to update the key policy in the future."};
}

}  // namespace keyfold::policy
