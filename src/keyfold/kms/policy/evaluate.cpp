#include <algorithm>

#include "keyfold/kms/policy/authorizer.h"
#include "keyfold/kms/policy/grants_say.h"
#include "keyfold/kms/policy/naming.h"

namespace keyfold::policy {
namespace {

template <class Range, class Match>
Tri any(const Range& range, Match&& match) {
  Tri result = Tri::no;
  for (const auto& item : range) {
    result = either(result, match(item));
    if (result == Tri::yes) break;
  }
  return result;
}

// A pattern that every value matches decides without knowing the value.
Tri matches_action(const Pattern& pattern, const Request& request) {
  if (pattern.matches_everything()) return Tri::yes;
  return request.action.known() ? pattern.matches(*request.action, request) : Tri::unknown;
}

Tri matches_resource(const ArnPattern& pattern, const Request& request) {
  if (pattern.matches_everything()) return Tri::yes;
  return request.resource.known() ? pattern.matches(*request.resource, request) : Tri::unknown;
}

// Lists of nothing are about nothing, whichever way they are read: a key policy's statement without Action.
template <class Patterns, class Match>
Tri lists(const Patterns& patterns, Listed listed, Match&& match) {
  if (patterns.empty()) return Tri::no;
  const Tri one = any(patterns, match);
  return listed == Listed::these ? one : opposite(one);
}

Naming naming(const PrincipalPattern& pattern, const Principal& principal) {
  switch (pattern.kind) {
    case PrincipalPattern::Kind::everyone:
      return {.everyone = Tri::yes};
    case PrincipalPattern::Kind::account:
      return by_account(pattern.text, principal);
    case PrincipalPattern::Kind::arn:
      return by_arn(pattern.text, principal);
    case PrincipalPattern::Kind::foreign:
      break;
  }
  return {};
}

Naming naming(const Statement& statement, const Principal& principal) {
  Naming all;
  for (const auto& pattern : statement.principals) {
    const Naming one = naming(pattern, principal);
    all = {.everyone = either(all.everyone, one.everyone),
           .account = either(all.account, one.account),
           .role = either(all.role, one.role),
           .itself = either(all.itself, one.itself)};
  }
  if (statement.listed_principals == Listed::these) return all;
  // NotPrincipal. A principal is itself, its role and its account (a root is no more than its account): a Deny spares
  // it when all of these are listed (so IAM's own documentation writes such statements), an Allow leaves it out when
  // one is.
  const Tri itself = either(all.itself, is_type(principal, PrincipalType::root));
  const Tri role = either(all.role, opposite(is_type(principal, PrincipalType::role_session)));
  const Tri in_full = both(all.account, both(itself, role));
  const Tri spared = statement.effect == Effect::deny ? either(all.everyone, in_full) : all.at_all();
  return {.everyone = opposite(spared)};
}

// An Allow about all other resources than one that a variable without a value names would be about all of them.
Tri names_what_it_leaves_out(const Statement& statement, const Request& request) {
  Tri result = Tri::yes;
  if (statement.effect == Effect::deny || statement.listed_resources == Listed::these) return result;
  for (const auto& resource : statement.resources) result = both(result, resource.has_values(request));
  return result;
}

// Whether the statement applies, whoever asks.
Tri concerns(const Statement& statement, PolicyKind kind, const Request& request) {
  Tri result = lists(statement.actions, statement.listed_actions,
                     [&](const auto& pattern) { return matches_action(pattern, request); });
  if (result == Tri::no) return result;
  if (kind != PolicyKind::trust)
    result = both(result, lists(statement.resources, statement.listed_resources,
                                [&](const auto& pattern) { return matches_resource(pattern, request); }));
  result = both(result, names_what_it_leaves_out(statement, request));
  for (const auto& condition : statement.conditions) {
    if (result == Tri::no) break;
    result = both(result, condition.holds(request, statement.effect));
  }
  return result;
}

// What one kind of policy says, and the first statement that says so for certain.
struct Saying {
  Tri holds = Tri::no;
  const Statement* statement = nullptr;
  std::size_t index = 0;

  void add(Tri applies, const Statement& by, std::size_t at) {
    if (applies == Tri::yes && holds != Tri::yes) {
      statement = &by;
      index = at;
    }
    holds = either(holds, applies);
  }
};

// What a policy says that names principals.
struct ResourcePolicySays {
  Saying denies;
  Saying allows_itself;  // The user or the session by its own ARN: no boundary and no session policy limits that.
  Saying allows_others;  // By the role's ARN, or as anyone.
  Saying delegates;      // By account.

  Tri names() const { return either(allows_itself.holds, either(allows_others.holds, delegates.holds)); }
};

ResourcePolicySays ask_resource_policy(const Document& document, const Request& request) {
  ResourcePolicySays says;
  std::size_t index = 0;
  for (const auto& statement : document.statements()) {
    const std::size_t at = index++;
    const Tri concerned = concerns(statement, document.kind(), request);
    if (concerned == Tri::no) continue;
    const Naming named = naming(statement, request.principal);
    if (statement.effect == Effect::deny) {
      says.denies.add(both(concerned, named.at_all()), statement, at);
      continue;
    }
    says.allows_itself.add(both(concerned, named.itself), statement, at);
    says.allows_others.add(both(concerned, either(named.role, named.everyone)), statement, at);
    says.delegates.add(both(concerned, named.account), statement, at);
  }
  return says;
}

// What a set of policies says that belong to the principal.
struct IdentitySays {
  Saying denies, allows;
};

IdentitySays ask_identity(const Attribute<Documents>& documents, const Request& request) {
  IdentitySays says;
  if (!documents.known()) {
    says.denies.holds = says.allows.holds = Tri::unknown;
    return says;
  }
  for (const Document* document : *documents) {
    std::size_t index = 0;
    for (const auto& statement : document->statements()) {
      auto& saying = statement.effect == Effect::deny ? says.denies : says.allows;
      saying.add(concerns(statement, document->kind(), request), statement, index++);
    }
  }
  return says;
}

// A limit that is not there limits nothing.
IdentitySays ask_limit(const Attribute<Documents>& documents, const Request& request) {
  IdentitySays says = ask_identity(documents, request);
  if (documents.known() && documents->empty()) says.allows.holds = Tri::yes;
  return says;
}

// Everything the decision is made of.
struct Findings {
  ResourcePolicySays key;
  GrantsSay grants;
  IdentitySays identity, boundary, session;
  Tri is_root = Tri::unknown;
  Tri same_account = Tri::unknown;

  Tri named() const { return either(key.names(), grants.name()); }
  // A root has no policies of its own: it may do everything that is its account's to allow.
  Tri identity_allows() const { return either(is_root, identity.allows.holds); }
  Tri limits_allow() const { return either(is_root, both(boundary.allows.holds, session.allows.holds)); }
  Tri denied() const {
    const Tri own = either(identity.denies.holds, either(boundary.denies.holds, session.denies.holds));
    return either(key.denies.holds, both(own, opposite(is_root)));
  }
};

Findings find(const Request& request, const Policies& policies) {
  Findings findings;
  if (policies.key != nullptr) {
    findings.key = ask_resource_policy(*policies.key, request);
    findings.grants = ask_grants(policies.grants, request);
  }
  findings.identity = ask_identity(policies.identity, request);
  findings.boundary = ask_limit(policies.boundary, request);
  findings.session = ask_limit(policies.session, request);
  const auto& [arn, account, type, role] = request.principal;
  if (type.known()) findings.is_root = tri(*type == PrincipalType::root);
  if (account.known() && request.resource_account.known())
    findings.same_account = tri(*account == *request.resource_account);
  return findings;
}

Tri allowed_by_policies(const Findings& f, const Policies& policies) {
  const Tri by_identity = both(f.identity_allows(), f.limits_allow());
  if (policies.key == nullptr) return both(f.same_account, by_identity);
  const Tri at_home = either(f.key.allows_itself.holds, both(f.key.allows_others.holds, f.limits_allow()));
  return either(both(f.same_account, at_home),
                both(f.key.names(), both(by_identity, either(opposite(f.same_account), f.key.delegates.holds))));
}

// Whichever account the grantee is of: a grant is enough.
Tri allowed_by_grants(const Findings& f) {
  const Tri by_account = both(f.grants.delegate.holds, both(f.identity_allows(), f.limits_allow()));
  return either(f.grants.allow_itself.holds, either(both(f.grants.allow_role.holds, f.limits_allow()), by_account));
}

Reason by(const Saying& saying, PolicyKind policy, Cause cause = Cause::statement) {
  return {.cause = cause, .statement = saying.statement, .policy = policy, .index = saying.index};
}

Reason why_denied(const Findings& f, const Policies& policies) {
  if (f.key.denies.holds == Tri::yes) return by(f.key.denies, PolicyKind::key);
  if (f.is_root != Tri::yes) {
    if (f.identity.denies.holds == Tri::yes) return by(f.identity.denies, PolicyKind::identity);
    if (f.boundary.denies.holds == Tri::yes) return by(f.boundary.denies, PolicyKind::boundary);
    if (f.session.denies.holds == Tri::yes) return by(f.session.denies, PolicyKind::session);
  }
  if (policies.key != nullptr && f.named() == Tri::no) return {.cause = Cause::no_resource_policy_allows};
  const bool only_limits_do_not = f.identity_allows() != Tri::no || f.grants.allow_role.holds != Tri::no ||
                                  (f.same_account == Tri::yes && f.key.allows_others.holds != Tri::no);
  if (only_limits_do_not && f.boundary.allows.holds == Tri::no) return {.cause = Cause::no_permissions_boundary_allows};
  if (only_limits_do_not && f.session.allows.holds == Tri::no) return {.cause = Cause::no_session_policy_allows};
  return {.cause = Cause::no_identity_policy_allows};
}

Reason why_allowed_by_grants(const Findings& f) {
  const GrantsSaying& direct = f.grants.allow_itself.holds == Tri::yes ? f.grants.allow_itself : f.grants.allow_role;
  const bool only_through_account =
      direct.holds != Tri::yes || (&direct == &f.grants.allow_role && f.limits_allow() != Tri::yes);
  return {.cause = Cause::grant, .grant = only_through_account ? f.grants.delegate.grant : direct.grant};
}

Reason why_allowed(const Findings& f, const Policies& policies) {
  if (allowed_by_policies(f, policies) != Tri::yes) return why_allowed_by_grants(f);
  if (f.key.allows_itself.holds == Tri::yes) return by(f.key.allows_itself, PolicyKind::key);
  if (f.key.allows_others.holds == Tri::yes) return by(f.key.allows_others, PolicyKind::key);
  if (f.is_root == Tri::yes) return by(f.key.delegates, PolicyKind::key, Cause::account_root);
  if (f.identity.allows.holds == Tri::yes) return by(f.identity.allows, PolicyKind::identity);
  return by(f.key.delegates, PolicyKind::key);
}

bool is_open(const Naming& named, Effect effect) {
  return effect == Effect::deny ? named.at_all() == Tri::unknown : is_open(named);
}

// What of this statement is still open.
void add_remaining(std::vector<Remaining>& out, const Statement& statement, PolicyKind policy, std::size_t index,
                   const Request& request) {
  using What = Remaining::What;
  if (concerns(statement, policy, request) == Tri::no) return;
  const auto add = [&](What what, const Condition* condition = nullptr) {
    out.push_back({.what = what, .policy = policy, .index = index, .statement = &statement, .condition = condition});
  };
  if (policy == PolicyKind::key) {
    const Naming who = naming(statement, request.principal);
    if (who.at_all() == Tri::no) return;
    if (is_open(who, statement.effect)) add(What::principal);
  }
  if (lists(statement.actions, statement.listed_actions, [&](const auto& p) { return matches_action(p, request); }) ==
      Tri::unknown)
    add(What::action);
  if (both(lists(statement.resources, statement.listed_resources,
                 [&](const auto& p) { return matches_resource(p, request); }),
           names_what_it_leaves_out(statement, request)) == Tri::unknown)
    add(What::resource);
  for (const auto& condition : statement.conditions)
    if (condition.holds(request, statement.effect) == Tri::unknown) add(What::condition, &condition);
}

std::vector<Remaining> remaining(const Request& request, const Policies& policies, const Findings& findings) {
  using What = Remaining::What;
  std::vector<Remaining> out;
  const auto add_all = [&](const Document& document) {
    std::size_t index = 0;
    for (const auto& statement : document.statements())
      add_remaining(out, statement, document.kind(), index++, request);
  };
  if (policies.key != nullptr) {
    add_all(*policies.key);
    add_remaining(out, policies.grants, request);
  }
  if (findings.is_root == Tri::unknown || !request.principal.account.known())
    out.push_back({.what = What::principal, .policy = PolicyKind::identity});
  if (!request.resource_account.known()) out.push_back({.what = What::resource, .policy = PolicyKind::identity});
  if (findings.is_root == Tri::yes) return out;
  for (const auto& [documents, kind] : {std::pair{policies.identity, PolicyKind::identity},
                                        {policies.boundary, PolicyKind::boundary},
                                        {policies.session, PolicyKind::session}}) {
    if (!documents.known()) {
      out.push_back({.what = What::identity_policies, .policy = kind});
      continue;
    }
    for (const Document* document : *documents) add_all(*document);
  }
  return out;
}

}  // namespace

Decision evaluate(const Request& request, const Policies& policies) {
  const Findings findings = find(request, policies);
  const Tri verdict =
      both(opposite(findings.denied()), either(allowed_by_policies(findings, policies), allowed_by_grants(findings)));
  switch (verdict) {
    case Tri::yes:
      return {.verdict = Verdict::allow, .reason = why_allowed(findings, policies), .remaining = {}};
    case Tri::no:
      return {.verdict = Verdict::deny, .reason = why_denied(findings, policies), .remaining = {}};
    case Tri::unknown:
      break;
  }
  return {.verdict = Verdict::unknown, .reason = {}, .remaining = remaining(request, policies, findings)};
}

}  // namespace keyfold::policy
