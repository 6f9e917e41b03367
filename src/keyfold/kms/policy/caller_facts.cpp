#include "keyfold/kms/policy/caller_facts.h"

#include "keyfold/kms/policy/known_keys.h"

namespace keyfold::policy {
namespace {

using Text = Attribute<std::string_view>;

std::string_view name_of(PrincipalType type) {
  switch (type) {
    case PrincipalType::root:
      return "Account";
    case PrincipalType::user:
      return "User";
    case PrincipalType::role_session:
      return "AssumedRole";
  }
  return {};
}

// A session's is its role's.
Text arn_of(const Principal& principal) {
  if (!principal.type.known()) return {};
  const bool has_role =
      *principal.type == PrincipalType::role_session && (!principal.role.known() || !principal.role->empty());
  return has_role ? principal.role : principal.arn;
}

// A user's name is what comes last: paths are not part of it.
Text username_of(const Principal& principal) {
  if (!principal.arn.known()) return {};
  return principal.arn->substr(principal.arn->find_last_of('/') + 1);
}

}  // namespace

CallerFacts::CallerFacts(const Request& request) {
  const auto& caller = request.principal;
  facts_.add(condition_key::caller_account, caller.account);
  facts_.add(condition_key::principal_account, caller.account);
  facts_.add(condition_key::principal_arn, arn_of(caller));
  facts_.add(condition_key::principal_type, caller.type.known() ? Text(name_of(*caller.type)) : Text());
  facts_.add(condition_key::resource_account, request.resource_account);
  if (!caller.type.known()) facts_.add(condition_key::username, Text());
  if (caller.type.known() && *caller.type == PrincipalType::user)
    facts_.add(condition_key::username, username_of(caller));
}

}  // namespace keyfold::policy
