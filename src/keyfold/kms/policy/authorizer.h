#pragma once
// Decides. One evaluator, pure and three-valued, for calls and for explanations alike (IAM User Guide, "Policy
// evaluation logic"; KMS Developer Guide, "Key policies"):
//
//  1. A Deny that applies, in the key policy or in an identity policy of the caller, wins. It binds the root too, and a
//     Deny to an account binds all of it.
//  2. The key policy allows *directly* when a statement names the caller: by its own ARN (a user's, a session's), by
//  its
//     role's, or as "*". Only the first is not limited by a permissions boundary or a session policy.
//  3. It *delegates* when a statement names the caller's account (its root ARN or its id): then the caller's identity
//     policies decide. An account's root allows itself everything, so what is delegated to its account it may do.
//     A user without an identity policy may do nothing that is only delegated. What identity policies allow is limited
//     by the caller's permissions boundary and its session's policies, where there are such.
//  4. A caller of another account needs both: to be named directly or through its account, and its own identity
//     policy's (or root's) allowance.
//  5. What has no key (CreateKey, ListKeys, ListAliases, GenerateRandom, the alias half of alias operations) is decided
//     by identity policies alone, within the caller's own account.
//  6. A grant on the key allows, as a key policy does: its grantee directly, by its own ARN or by its role's, or, when
//     the grantee is an account, whom that account's identity policies let (its root always). Unlike a key policy it is
//     enough for a caller of another account. Its operation must be among the grant's and its constraint must hold; of
//     DescribeKey, RetireGrant and CreateGrant it says nothing. CreateGrant it gives for grants that are at most
//     itself (grant.h). RetireGrant it also gives to its retiring principal.
//  7. Whatever is not allowed is denied.
//
// All functions are safe to use from several threads. Deciding "allow" allocates nothing.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "keyfold/core/base/named.h"
#include "keyfold/core/base/result.h"
#include "keyfold/kms/policy/action_permit.h"
#include "keyfold/kms/policy/document.h"
#include "keyfold/kms/policy/grant.h"
#include "keyfold/kms/policy/operation.h"
#include "keyfold/kms/policy/permit.h"
#include "keyfold/kms/policy/request.h"

namespace keyfold::policy {

enum class Verdict : std::uint8_t { allow, deny, unknown };

// Why it was decided so.
enum class Cause : std::uint8_t {
  statement,                  // `statement` decided: an Allow that applies, or an explicit Deny.
  grant,                      // `grant` allowed it.
  account_root,               // The root in its own account; there is no statement, or `statement` delegated to it.
  no_resource_policy_allows,  // The key policy neither names nor delegates to the caller.
  no_identity_policy_allows,  // It would be for an identity policy to allow it, and none does.
  no_permissions_boundary_allows,
  no_session_policy_allows,
  undecided,  // It depends on what is unknown.
};

struct Reason {
  Cause cause = Cause::undecided;
  const Statement* statement = nullptr;  // In the document that was given; null where no statement decided.
  PolicyKind policy = PolicyKind::key;   // Where `statement` stands.
  std::size_t index = 0;                 // Which statement of it, from 0.
  const Grant* grant = nullptr;          // For Cause::grant: one of those that were given.

  // What the audit record says: the statement's label, "grant <id>" or "account root"; empty when nothing allowed it.
  // Lives as long as the document or the grant.
  std::string_view deciding_statement() const;
};

// Something that the decision still depends on.
struct Remaining {
  enum class What : std::uint8_t {
    principal,
    action,
    resource,
    condition,
    identity_policies,
    grants,      // Which there are.
    constraint,  // A grant's.
    new_grant,   // What the grant that is to be created is to give.
  };
  What what;
  PolicyKind policy = PolicyKind::key;
  std::size_t index = 0;                 // Which statement asks for it.
  const Statement* statement = nullptr;  // Null for identity_policies, and where `grant` is set.
  const Condition* condition = nullptr;  // For What::condition.
  const Grant* grant = nullptr;          // The grant that asks for it, where it is no statement.
};

struct Decision {
  Verdict verdict = Verdict::deny;
  Reason reason;
  std::vector<Remaining> remaining;  // When the verdict is unknown: what would settle it. Otherwise empty.
};

using Documents = std::span<const Document* const>;

// The policies that apply. The documents are views: they live as long as the decision is looked at.
struct Policies {
  const Document* key = nullptr;  // Null: the request is not about a key.
  // The caller's: what allows, and what limits that. No boundary, no session policy: no such limit.
  Attribute<Documents> identity = Documents{};
  Attribute<Documents> boundary = Documents{};
  Attribute<Documents> session = Documents{};
  // Those on the key that may name the caller. For kms:RetireGrant: the one that is to be retired.
  Attribute<Grants> grants = Grants{};
};

// Replacing any attribute of a request by unknown turns no allow into a deny, nor a deny into an allow.
Decision evaluate(const Request& request, const Policies& policies);

// "User: … is not authorized to perform: kms:Decrypt on resource: … because no resource-based policy allows the
// kms:Decrypt action", and AWS's other endings, for a decision that is not allow.
std::string denial_text(const Request& request, const Decision& decision);
// What a caller of another account than the resource's is told instead: AWS's text, which depends neither on the reason
// nor on whether there is such a resource.
std::string denial_text_for_stranger(std::string_view principal, std::string_view action, std::string_view resource);

// Who calls, all of it known: views.
struct Caller {
  std::string_view arn;
  AccountId account;
  PrincipalType type = PrincipalType::user;
  std::string_view role{};  // Of a role's session: the role's ARN.
  // As in Policies. A user's are his own and his groups'; a session's those of its role or user.
  Documents identity{};
  Documents boundary{};
  Documents session{};
  // What is said of him besides the above: "aws:userid", "aws:PrincipalTag/team", "aws:TokenIssueTime" …
  std::span<const ConditionValue> facts{};
};

// What is known of a call as condition values, its caller and its encryption context excepted: views.
struct Facts {
  std::span<const ConditionValue> values{};
  const ConditionSource* source = nullptr;  // Null: none.
};

// What a call wants of a key: views and values of the snapshot that the decision is made on.
struct KeyAccess {
  const KeyArn& key;
  const Document& policy;
  SnapshotEpoch epoch;
  ContextView context;   // Empty for operations that take none.
  ContextDigest digest;  // Of the same context.
  Facts facts{};
  // As in Policies and Request.
  Grants grants{};
  const GrantTerms* creates = nullptr;
};

// The only maker of permits. Each call fails with `access_denied` and AWS's text; `reason` is set whatever the outcome.
class Authorizer {
 public:
  template <KeyOperation Op>
  Result<Permit<Op>> authorize(const Caller& caller, const KeyAccess& access, Reason& reason) const {
    auto allowed = decide(caller, Op::action, access, reason);
    if (!allowed) return std::move(allowed).error();
    return Permit<Op>(access.key, access.digest, access.epoch);
  }
  // In the caller's own account.
  template <AccountOperation Op>
  Result<AccountPermit<Op>> authorize(const Caller& caller, Reason& reason, const Facts& facts = {}) const {
    auto allowed = decide(caller, Op::action, "*", caller.account, facts, reason);
    if (!allowed) return std::move(allowed).error();
    return AccountPermit<Op>(caller.account, "*");
  }
  // Of ListRetirableGrants, whose resource is the principal that is named, in the caller's own account ("The authorized
  // resource in ListRetirableGrants calls is the retiring principal specified in the request").
  Outcome authorize_listing(const Caller& caller, std::string_view principal, const AccountId& account, Reason& reason,
                            const Facts& facts = {}) const {
    return decide(caller, op::ListRetirableGrants::action, principal, account, facts, reason);
  }
  // The alias half of an alias operation; the key half is authorize(caller, access, reason).
  template <AliasOperation Op>
  Result<AccountPermit<Op>> authorize(const Caller& caller, const AliasArn& alias, Reason& reason,
                                      const Facts& facts = {}) const {
    const AccountId account = account_of(alias);
    auto allowed = decide(caller, Op::action, alias.text(), account, facts, reason);
    if (!allowed) return std::move(allowed).error();
    return AccountPermit<Op>(account, alias.text());
  }

  // An action of IAM or STS in this account: by identity policies.
  Result<ActionPermit> authorize(const Caller& caller, std::string_view action, std::string_view resource,
                                 const AccountId& account, const Facts& facts, Reason& reason) const;
  // On a role, which its trust policy allows or delegates (sts:AssumeRole, sts:TagSession).
  Result<ActionPermit> authorize(const Caller& caller, std::string_view action, const PrincipalArn& role,
                                 const Document& trust, const Facts& facts, Reason& reason) const;
  // For the few that AWS lets everybody do, whatever policies say (sts:GetCallerIdentity).
  ActionPermit everybody_may(std::string_view action, const AccountId& account) const { return {action, account, "*"}; }

 private:
  static AccountId account_of(const AliasArn& alias);
  static Outcome decide(const Caller& caller, std::string_view action, const KeyAccess& access, Reason& reason);
  static Outcome decide(const Caller& caller, std::string_view action, std::string_view resource,
                        const AccountId& account, const Facts& facts, Reason& reason);
};

// Whether, with `document` as the policy of `key`, the caller could put another one: himself, or, because the document
// delegates to his account, whoever the account lets. When, from where and how he would ask is left open. Where not,
// PutKeyPolicy and CreateKey refuse, unless told to bypass the check: fails with `malformed_policy_document` and AWS's
// text.
Outcome keeps_put_key_policy(const Document& document, const Caller& caller, const KeyArn& key);

}  // namespace keyfold::policy
