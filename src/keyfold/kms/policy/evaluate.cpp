#include <algorithm>
#include <array>

#include "keyfold/kms/policy/authorizer.h"
#include "keyfold/kms/policy/wildcard.h"

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
Tri matches_action(const std::string& pattern, const Request& request) {
  if (pattern == "*") return Tri::yes;
  if (!request.action.known()) return Tri::unknown;
  return tri(matches_wildcard(pattern, *request.action, LetterCase::ignored));
}

Tri matches_resource(const std::string& pattern, const Request& request) {
  if (pattern == "*") return Tri::yes;
  if (!request.resource.known()) return Tri::unknown;
  return tri(matches_wildcard(pattern, *request.resource, LetterCase::matters));
}

Tri matches_principal(const PrincipalPattern& pattern, const Principal& principal) {
  switch (pattern.kind) {
    case PrincipalPattern::Kind::everyone:
      return Tri::yes;
    case PrincipalPattern::Kind::account:
      return principal.account.known() ? tri(*principal.account == pattern.text) : Tri::unknown;
    case PrincipalPattern::Kind::arn:
      if (principal.arn.known()) return tri(*principal.arn == pattern.text);
      if (principal.type.known() && *principal.type == PrincipalType::root) return Tri::no;
      if (principal.account.known() && split_arn(pattern.text)->account != *principal.account) return Tri::no;
      return Tri::unknown;
  }
  return Tri::no;
}

// The same key in several spellings: an Allow needs all of them right, a Deny needs one. So whichever spelling a
// caller adds, it never gets him more.
Tri matches_condition(const ContextCondition& condition, const Request& request, Effect effect) {
  bool found = false;
  bool all = true;
  bool one = false;
  for (const auto& pair : request.context) {
    if (!equal_ignoring_case(pair.key, condition.context_key)) continue;
    const bool holds = std::ranges::find(condition.values, pair.value) != condition.values.end();
    found = true;
    all = all && holds;
    one = one || holds;
  }
  if (!found) return request.context_extent == Extent::complete ? Tri::no : Tri::unknown;
  return tri(effect == Effect::allow ? all : one);
}

// Whether the statement applies, whoever asks.
Tri concerns(const Statement& statement, const Request& request) {
  Tri result = any(statement.actions, [&](const auto& pattern) { return matches_action(pattern, request); });
  if (result == Tri::no) return result;
  result = both(result, any(statement.resources, [&](const auto& p) { return matches_resource(p, request); }));
  for (const auto& condition : statement.conditions) {
    if (result == Tri::no) break;
    result = both(result, matches_condition(condition, request, statement.effect));
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

struct KeyPolicySays {
  Saying denies, allows_directly, delegates;
};

KeyPolicySays ask_key_policy(const Document& document, const Request& request) {
  KeyPolicySays says;
  std::size_t index = 0;
  for (const auto& statement : document.statements()) {
    const std::size_t at = index++;
    const Tri concerned = concerns(statement, request);
    if (concerned == Tri::no) continue;
    for (const auto& pattern : statement.principals) {
      const Tri applies = both(concerned, matches_principal(pattern, request.principal));
      if (statement.effect == Effect::deny) {
        says.denies.add(applies, statement, at);
      } else if (pattern.kind == PrincipalPattern::Kind::account) {
        says.delegates.add(applies, statement, at);
      } else {
        says.allows_directly.add(applies, statement, at);
      }
    }
  }
  return says;
}

struct IdentitySays {
  Saying denies, allows;
  Tri is_root = Tri::no;
};

IdentitySays ask_identity(const Policies& policies, const Request& request) {
  const auto& type = request.principal.type;
  IdentitySays says;
  says.is_root = type.known() ? tri(*type == PrincipalType::root) : Tri::unknown;
  if (!policies.identity.known()) {
    says.denies.holds = says.allows.holds = Tri::unknown;
  } else {
    for (const Document* document : *policies.identity) {
      std::size_t index = 0;
      for (const auto& statement : document->statements()) {
        auto& saying = statement.effect == Effect::deny ? says.denies : says.allows;
        saying.add(concerns(statement, request), statement, index++);
      }
    }
  }
  // A root has no identity policies: it may do everything that is its account's to allow.
  says.denies.holds = both(says.denies.holds, opposite(says.is_root));
  return says;
}

// Everything the decision is made of.
struct Findings {
  KeyPolicySays key;
  IdentitySays identity;
  Tri same_account = Tri::unknown;

  Tri identity_allows() const { return either(identity.is_root, identity.allows.holds); }
  Tri denied() const { return either(key.denies.holds, identity.denies.holds); }
};

Findings find(const Request& request, const Policies& policies) {
  Findings findings;
  if (policies.key != nullptr) findings.key = ask_key_policy(*policies.key, request);
  findings.identity = ask_identity(policies, request);
  const auto& account = request.principal.account;
  if (account.known() && request.resource_account.known())
    findings.same_account = tri(*account == *request.resource_account);
  return findings;
}

Tri allowed(const Findings& f, const Policies& policies) {
  if (policies.key == nullptr) return both(f.same_account, f.identity_allows());
  const Tri directly = both(f.key.allows_directly.holds, either(f.same_account, f.identity_allows()));
  return either(directly, both(f.key.delegates.holds, f.identity_allows()));
}

Reason by(const Saying& saying, PolicyKind policy, Cause cause = Cause::statement) {
  return {.cause = cause, .statement = saying.statement, .policy = policy, .index = saying.index};
}

Reason why_denied(const Findings& f, const Policies& policies) {
  if (f.key.denies.holds == Tri::yes) return by(f.key.denies, PolicyKind::key);
  if (f.identity.denies.holds == Tri::yes) return by(f.identity.denies, PolicyKind::identity);
  const bool nobody =
      policies.key != nullptr && f.key.allows_directly.holds == Tri::no && f.key.delegates.holds == Tri::no;
  return {.cause = nobody ? Cause::no_resource_policy_allows : Cause::no_identity_policy_allows};
}

Reason why_allowed(const Findings& f) {
  if (f.key.allows_directly.holds == Tri::yes) return by(f.key.allows_directly, PolicyKind::key);
  if (f.identity.is_root == Tri::yes) return by(f.key.delegates, PolicyKind::key, Cause::account_root);
  if (f.identity.allows.holds == Tri::yes) return by(f.identity.allows, PolicyKind::identity);
  return by(f.key.delegates, PolicyKind::key);
}

// Whom a statement names. For an Allow it matters how, by name or by account: so that is open where either is.
struct Naming {
  Tri named = Tri::no;
  bool open = false;
};

Naming naming(const Statement& statement, const Principal& principal) {
  Tri by_name = Tri::no;
  Tri by_account = Tri::no;
  for (const auto& pattern : statement.principals) {
    Tri& so_far = pattern.kind == PrincipalPattern::Kind::account ? by_account : by_name;
    so_far = either(so_far, matches_principal(pattern, principal));
  }
  const Tri named = either(by_name, by_account);
  const bool open =
      statement.effect == Effect::deny ? named == Tri::unknown : by_name == Tri::unknown || by_account == Tri::unknown;
  return {.named = named, .open = open};
}

// What of this statement is still open.
void add_remaining(std::vector<Remaining>& out, const Statement& statement, PolicyKind policy, std::size_t index,
                   const Request& request) {
  using What = Remaining::What;
  if (concerns(statement, request) == Tri::no) return;
  const Naming who = policy == PolicyKind::key ? naming(statement, request.principal) : Naming{.named = Tri::yes};
  if (who.named == Tri::no) return;
  const auto add = [&](What what, const ContextCondition* condition = nullptr) {
    out.push_back({.what = what, .policy = policy, .index = index, .statement = &statement, .condition = condition});
  };
  if (who.open) add(What::principal);
  if (any(statement.actions, [&](const auto& p) { return matches_action(p, request); }) == Tri::unknown)
    add(What::action);
  if (any(statement.resources, [&](const auto& p) { return matches_resource(p, request); }) == Tri::unknown)
    add(What::resource);
  for (const auto& condition : statement.conditions)
    if (matches_condition(condition, request, statement.effect) == Tri::unknown) add(What::condition, &condition);
}

std::vector<Remaining> remaining(const Request& request, const Policies& policies, const Findings& findings) {
  using What = Remaining::What;
  std::vector<Remaining> out;
  const auto add_all = [&](const Document& document) {
    std::size_t index = 0;
    for (const auto& statement : document.statements())
      add_remaining(out, statement, document.kind(), index++, request);
  };
  if (policies.key != nullptr) add_all(*policies.key);
  if (findings.identity.is_root == Tri::unknown || !request.principal.account.known())
    out.push_back({.what = What::principal, .policy = PolicyKind::identity});
  if (!request.resource_account.known()) out.push_back({.what = What::resource, .policy = PolicyKind::identity});
  if (findings.identity.is_root == Tri::yes) return out;
  if (!policies.identity.known()) {
    out.push_back({.what = What::identity_policies, .policy = PolicyKind::identity});
    return out;
  }
  for (const Document* document : *policies.identity) add_all(*document);
  return out;
}

}  // namespace

Decision evaluate(const Request& request, const Policies& policies) {
  const Findings findings = find(request, policies);
  const Tri verdict = both(opposite(findings.denied()), allowed(findings, policies));
  switch (verdict) {
    case Tri::yes:
      return {.verdict = Verdict::allow, .reason = why_allowed(findings), .remaining = {}};
    case Tri::no:
      return {.verdict = Verdict::deny, .reason = why_denied(findings, policies), .remaining = {}};
    case Tri::unknown:
      break;
  }
  return {.verdict = Verdict::unknown, .reason = {}, .remaining = remaining(request, policies, findings)};
}

}  // namespace keyfold::policy
