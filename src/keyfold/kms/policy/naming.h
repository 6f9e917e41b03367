#pragma once
// How a policy or a grant names whoever asks: it matters for what limits an Allow. For the .cpp files of this room
// only.

#include <string_view>

#include "keyfold/kms/policy/grant.h"
#include "keyfold/kms/policy/request.h"

namespace keyfold::policy {

// As one of many, by account, by role, or itself.
struct Naming {
  Tri everyone = Tri::no, account = Tri::no, role = Tri::no, itself = Tri::no;

  Tri at_all() const { return either(either(everyone, account), either(role, itself)); }
};

Tri is_type(const Principal& principal, PrincipalType type);
Naming by_account(std::string_view account, const Principal& principal);
Naming by_arn(std::string_view arn, const Principal& principal);
Naming naming(const GrantPrincipal& named, const Principal& principal);
// Whether it matters how an Allow names, and is open.
bool is_open(const Naming& named);

}  // namespace keyfold::policy
