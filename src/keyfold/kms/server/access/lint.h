#pragma once
// What allows too much, or too little, seen over all that there is: what policy::lint finds in each document, and what
// shows only when the engine is asked for everybody.

#include <string>
#include <vector>

#include "keyfold/kms/identity/snapshot.h"
#include "keyfold/kms/keys/keys.h"
#include "keyfold/kms/policy/lint.h"
#include "keyfold/kms/server/access/subject.h"

namespace keyfold::server::access {

namespace rule {
// A user or role that may put the key's policy, or delete the key, may also decrypt with it.
inline constexpr std::string_view administrator_decrypts = "administrator-decrypts";
inline constexpr std::string_view locked_out = "locked-out";                // Nobody may put the key's policy.
inline constexpr std::string_view nobody_retires = "nobody-retires";        // A grant that no one can retire.
inline constexpr std::string_view unknown_principal = "unknown-principal";  // It names nobody that there is.
}  // namespace rule

struct PlacedFinding {
  std::string where;        // The ARN of the key, user, group, role or managed policy.
  std::string policy_name;  // Of an inline policy; else empty.
  policy::Finding finding;
};

// Of each rule in one place not more than twenty, and how many more there are. In the order of `where`.

// Of users, groups, roles and managed policies of the account: their documents.
std::vector<PlacedFinding> lint_identities(const identity::Snapshot& snapshot, const AccountId& account);
// Of one key: its policy, its grants, and who of `everybody` of its account (subjects.h), or of others, may do what
// with it: four questions for each.
std::vector<PlacedFinding> lint_key(const identity::Snapshot& snapshot, const std::vector<Subject>& everybody,
                                    const keys::Keys& keys, const keys::Keys::Record& key, Timestamp now);
inline constexpr std::size_t questions_of_lint = 4;

}  // namespace keyfold::server::access
