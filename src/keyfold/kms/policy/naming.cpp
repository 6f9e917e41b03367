#include "keyfold/kms/policy/naming.h"

#include "keyfold/core/base/named.h"

namespace keyfold::policy {
namespace {

// Whether a principal of this type, and of this role, can have an ARN with this resource at all.
bool can_be(std::string_view resource, const Principal& principal) {
  constexpr std::string_view session = "assumed-role/";
  if (!principal.type.known()) return true;
  if (*principal.type != PrincipalType::role_session)
    return *principal.type == PrincipalType::user && resource.starts_with("user/");
  if (!resource.starts_with(session)) return false;
  if (!principal.role.known()) return true;
  resource.remove_prefix(session.size());
  return resource.substr(0, resource.find('/')) == principal.role->substr(principal.role->find_last_of('/') + 1);
}

// The ARN of a user or a session that is written out, against one that may not be known yet.
Tri is_itself(std::string_view wanted, const Principal& principal) {
  if (principal.arn.known()) return tri(*principal.arn == wanted);
  const auto parts = split_arn(wanted);
  if (principal.account.known() && parts->account != *principal.account) return Tri::no;
  return can_be(parts->resource, principal) ? Tri::unknown : Tri::no;
}

Tri is_role(std::string_view wanted, const Principal& principal) {
  if (principal.role.known()) return tri(*principal.role == wanted);
  const auto parts = split_arn(wanted);
  if (principal.account.known() && parts->account != *principal.account) return Tri::no;
  return parts->resource.starts_with("role/") ? Tri::unknown : Tri::no;
}

}  // namespace

Tri is_type(const Principal& principal, PrincipalType type) {
  return principal.type.known() ? tri(*principal.type == type) : Tri::unknown;
}

Naming by_account(std::string_view account, const Principal& principal) {
  return {.account = principal.account.known() ? tri(*principal.account == account) : Tri::unknown};
}

Naming by_arn(std::string_view arn, const Principal& principal) {
  return {.role = both(is_type(principal, PrincipalType::role_session), is_role(arn, principal)),
          .itself = is_itself(arn, principal)};
}

Naming naming(const GrantPrincipal& named, const Principal& principal) {
  return named.kind == GrantPrincipal::Kind::account ? by_account(named.text, principal)
                                                     : by_arn(named.text, principal);
}

bool is_open(const Naming& named) {
  return named.everyone == Tri::unknown || named.account == Tri::unknown || named.role == Tri::unknown ||
         named.itself == Tri::unknown;
}

}  // namespace keyfold::policy
