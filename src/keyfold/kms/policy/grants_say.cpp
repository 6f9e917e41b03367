#include "keyfold/kms/policy/grants_say.h"

namespace keyfold::policy {
namespace {

// Whether this grant gives its grantee what is asked, whoever asks.
Tri gives(const Grant& grant, const Request& request) {
  if (!request.action.known()) return grant.terms.operations.empty() ? Tri::no : Tri::unknown;
  const auto operation = grant_operation_of_action(*request.action);
  if (!operation || !grant.terms.operations.has(*operation)) return Tri::no;
  if (*operation == GrantOperation::create_grant) {
    if (!request.creates.known()) return Tri::unknown;
    return tri(*request.creates != nullptr && (*request.creates)->at_most(grant.terms));
  }
  return has_no_context(*operation) ? Tri::yes : grant.terms.constraint.holds(request);
}

// Whether it lets its retiring principal do what is asked.
Tri lets_retire(const Grant& grant, const Request& request) {
  if (!grant.retiring) return Tri::no;
  return request.action.known() ? tri(*request.action == op::RetireGrant::action) : Tri::unknown;
}

}  // namespace

GrantsSay ask_grants(const Attribute<Grants>& grants, const Request& request) {
  GrantsSay say;
  if (!grants.known()) {
    say.allow_itself.holds = say.allow_role.holds = say.delegate.holds = Tri::unknown;
    return say;
  }
  for (const Grant* grant : *grants) {
    if (const Tri given = gives(*grant, request); given != Tri::no)
      say.add(given, naming(grant->grantee, request.principal), *grant);
    if (const Tri retire = lets_retire(*grant, request); retire != Tri::no)
      say.add(retire, naming(*grant->retiring, request.principal), *grant);
  }
  return say;
}

void add_remaining(std::vector<Remaining>& out, const Attribute<Grants>& grants, const Request& request) {
  using What = Remaining::What;
  if (!grants.known()) {
    out.push_back({.what = What::grants});
    return;
  }
  for (const Grant* grant : *grants) {
    const auto add = [&](What what) { out.push_back({.what = what, .grant = grant}); };
    const auto add_open = [&](Tri applies, const Naming& named) {
      if (applies == Tri::no || named.at_all() == Tri::no) return;
      if (is_open(named)) add(What::principal);
      if (applies != Tri::unknown) return;
      const bool creates = request.action.known() && *request.action == op::CreateGrant::action;
      add(!request.action.known() ? What::action : creates ? What::new_grant : What::constraint);
    };
    add_open(gives(*grant, request), naming(grant->grantee, request.principal));
    if (grant->retiring) add_open(lets_retire(*grant, request), naming(*grant->retiring, request.principal));
  }
}

}  // namespace keyfold::policy
