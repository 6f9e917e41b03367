#pragma once
// What grants say to a request, beside what policies do. For the .cpp files of this room only.

#include <vector>

#include "keyfold/kms/policy/authorizer.h"
#include "keyfold/kms/policy/naming.h"

namespace keyfold::policy {

struct GrantsSaying {
  Tri holds = Tri::no;
  const Grant* grant = nullptr;  // The first that says so for certain.

  void add(Tri applies, const Grant& by) {
    if (applies == Tri::yes && holds != Tri::yes) grant = &by;
    holds = either(holds, applies);
  }
};

// By the ways they name, as what a key policy says.
struct GrantsSay {
  GrantsSaying allow_itself, allow_role, delegate;

  Tri name() const { return either(allow_itself.holds, either(allow_role.holds, delegate.holds)); }
  void add(Tri applies, const Naming& named, const Grant& by) {
    allow_itself.add(both(applies, named.itself), by);
    allow_role.add(both(applies, named.role), by);
    delegate.add(both(applies, named.account), by);
  }
};

GrantsSay ask_grants(const Attribute<Grants>& grants, const Request& request);

// What of them is still open.
void add_remaining(std::vector<Remaining>& out, const Attribute<Grants>& grants, const Request& request);

}  // namespace keyfold::policy
