#pragma once
// Document: a policy, parsed, checked and compiled once. Immutable, so it may be shared between threads; whoever keeps
// many of the same text keeps one.
//
// The language, of IAM's (IAM User Guide, "Grammar of the IAM JSON policy language"):
//   Version    "2012-10-17" or "2008-10-17", or absent: they differ in policy variables only, which are refused.
//   Id, Sid    text.
//   Statement  an object or an array of them.
//   Effect     "Allow" or "Deny".
//   Principal  key policies only, and demanded there: "*" or {"AWS": …}: "*", an account id, an account's root ARN,
//              which is the same, the ARN of a user or of a role.
//   Action     a text or an array: "kms:Encrypt", with * and ?, without case.
//   Resource   a text or an array: "*" or an ARN, with * and ?. In a key policy "*" is the key it belongs to.
//   Condition  {"StringEquals": {"kms:EncryptionContext:<key>": text or array}}. <key> is compared without case, as
//              AWS does; the value exactly.
// A statement without Action or without Resource is kept and has no effect, as on AWS. Anything else is refused by
// name, never half-understood: so whatever is stored decides exactly as it reads.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "keyfold/core/base/named.h"
#include "keyfold/core/base/result.h"

namespace keyfold::policy {

inline constexpr std::size_t document_size_max = std::size_t{32} << 10;  // Bytes: AWS's quota for a key policy.
inline constexpr int document_depth_max = 32;

enum class PolicyKind : std::uint8_t {
  key,       // Belongs to a key and says who (AWS: "resource-based policy").
  identity,  // Belongs to a user and does not name a principal.
};
enum class Effect : std::uint8_t { allow, deny };

struct PrincipalPattern {
  enum class Kind : std::uint8_t {
    everyone,  // "*"
    account,   // `text` is the account id.
    arn,       // `text` is the ARN of a user or role.
  };
  Kind kind = Kind::everyone;
  std::string text;
};

// "StringEquals": {"kms:EncryptionContext:<context_key>": values}. Holds when the request's context has the key and its
// value is one of these. Keys that differ in case only are one key to a policy: then every one of them must hold for an
// Allow, and any one suffices for a Deny.
struct ContextCondition {
  std::string context_key;  // In lower case.
  std::string name;         // As written, for explanations.
  std::vector<std::string> values;
};

struct Statement {
  std::string label;  // Its Sid, or "statement 2 of the key policy" (counting from 1): what audit records say.
  std::string sid;    // Empty: none.
  Effect effect = Effect::deny;
  std::vector<PrincipalPattern> principals;  // Empty in identity policies.
  std::vector<std::string> actions;          // In lower case.
  std::vector<std::string> resources;
  std::vector<ContextCondition> conditions;  // All must hold.
};

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
