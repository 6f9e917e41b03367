#pragma once
// Subject: somebody who may have access to a key, as far as is known of him.

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "keyfold/kms/policy/authorizer.h"

namespace keyfold::server::access {

enum class SubjectKind : std::uint8_t {
  root,      // An account's.
  user,      //
  role,      // Whoever has assumed it: any of its sessions.
  session,   // One session of a role, by its ARN.
  outsider,  // Anyone of an account that is not served here.
};
std::string_view to_text(SubjectKind kind);  // "root", "user", …

struct Subject {
  SubjectKind kind = SubjectKind::user;
  std::string arn;      // "*" of an outsider.
  std::string account;  // Of an outsider: what no account is called.
  std::string role;     // Of a session: its role's ARN; empty: unknown.
  // Unknown of whoever is of another account than those served here.
  policy::Attribute<policy::Documents> identity{};
  policy::Attribute<policy::Documents> boundary{};
  std::span<const policy::ConditionValue> facts{};  // His tags and id.
  bool has_all_tags = false;                        // That he has no tags but those among `facts`.
  std::span<const std::string> policy_names{};      // Of each of `identity`, in its order; none of a stranger's.
  std::shared_ptr<const void> keeps{};              // What the above are views of.

  // Of the identity policy that the statement stands in; empty: in none of them.
  std::string_view name_of_policy(const policy::Statement& statement) const;
  bool is_known() const { return identity.known(); }
  // As a request has him. Views.
  policy::Principal principal() const;
};

// By its ARN alone: nothing is known of his policies. Of a text that is no principal's ARN, an outsider.
Subject stranger(std::string_view arn);
Subject outsider();

}  // namespace keyfold::server::access
