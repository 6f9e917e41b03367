#pragma once
// Document: a policy, parsed, checked and compiled once. Immutable, so it may be shared between threads; whoever keeps
// many of the same text keeps one.
//
// The language is IAM's (IAM User Guide, "Grammar of the IAM JSON policy language"):
//   Version    "2012-10-17" or "2008-10-17", or absent, which is the older: it has no policy variables.
//   Id, Sid    text.
//   Statement  an object or an array of them.
//   Effect     "Allow" or "Deny".
//   Principal, NotPrincipal  in key and trust policies only, and one of them demanded there: "*" or {"AWS": …}: "*", an
//              account id, an account's root ARN, which is the same, the ARN of a user, a role or a role's session.
//              {"Service": …}, {"Federated": …} and {"CanonicalUser": …} are read, and are nobody that calls here.
//   Action, NotAction      a text or an array: "kms:Encrypt", with * and ?, without case.
//   Resource, NotResource  a text or an array: "*" or an ARN, field by field with * and ?, and policy variables. In a
//   key
//              policy "*" is the key it belongs to. Not in trust policies.
//   Condition  {operator: {key: value or array}}: see condition.h. Values may be numbers and truth values.
// A statement of a key policy without Action or without Resource is kept and has no effect, as on AWS. Everything else
// is refused by name, never half-understood: so whatever is stored decides exactly as it reads.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "keyfold/core/base/named.h"
#include "keyfold/core/base/result.h"
#include "keyfold/kms/policy/condition.h"
#include "keyfold/kms/policy/pattern.h"

namespace keyfold::policy {

inline constexpr std::size_t document_size_max = std::size_t{32} << 10;  // Bytes: AWS's quota for a key policy.
inline constexpr int document_depth_max = 32;

enum class PolicyKind : std::uint8_t {
  key,       // Belongs to a key and says who (AWS: "resource-based policy").
  identity,  // Belongs to a user, group or role and does not name a principal.
  boundary,  // Likewise: the most that a user's or role's identity policies can allow.
  session,   // Likewise: the most that a session can do of what its role may.
  trust,     // Belongs to a role and says who may assume it.
};

std::string_view to_text(PolicyKind kind);  // "key policy", "identity policy", "permissions boundary", …

struct PrincipalPattern {
  enum class Kind : std::uint8_t {
    everyone,  // "*"
    account,   // `text` is the account id.
    arn,       // `text` is the ARN of a user, a role or a session.
    foreign,   // A service or a federated identity: nobody that calls here.
  };
  Kind kind = Kind::everyone;
  std::string text;
};

enum class Listed : std::uint8_t { these, all_others };  // NotAction and its like are about all others.

struct Statement {
  std::string label;  // Its Sid, or "statement 2 of the key policy" (counting from 1): what audit records say.
  std::string sid;    // Empty: none.
  Effect effect = Effect::deny;
  Listed listed_principals = Listed::these;
  std::vector<PrincipalPattern> principals;  // Empty in policies that have none.
  Listed listed_actions = Listed::these;
  std::vector<Pattern> actions;
  Listed listed_resources = Listed::these;
  std::vector<ArnPattern> resources;  // Empty in trust policies: they are about their role.
  std::vector<Condition> conditions;  // All must hold.
};

// Whether it is about this action, in some request: of those that it lists, or not of those that it leaves out.
bool is_about(const Statement& statement, std::string_view action);

class Document {
 public:
  // Total on any bytes. Fails with `limit_exceeded` above document_size_max, and with `malformed_policy_document`,
  // naming the element, on everything that the language above does not have.
  static Result<Document> parse(std::string_view text, PolicyKind kind = PolicyKind::key);

  PolicyKind kind() const { return kind_; }
  std::string_view id() const { return id_; }
  std::span<const Statement> statements() const { return statements_; }

 private:
  Document(PolicyKind kind, std::string id, std::vector<Statement> statements)
      : kind_(kind), id_(std::move(id)), statements_(std::move(statements)) {}
  PolicyKind kind_;
  std::string id_;
  std::vector<Statement> statements_;
};

// What a key gets that is created without a policy: everything to the account, which delegates to its identity
// policies. As GetKeyPolicy prints it on AWS.
std::string default_key_policy(const AccountId& account);

// The identity policy of users made with `--administrator`: everything but cryptography. (Whoever may put key policies
// can of course allow himself more; the audit log then says so.)
extern const std::string_view administrator_policy;

}  // namespace keyfold::policy
