#include "keyfold/kms/server/access/held_grants.h"

#include <algorithm>

namespace keyfold::server::access {

HeldGrants::HeldGrants(std::vector<keys::Grant> grants) : grants_(std::move(grants)) {
  for (std::size_t place = 0; place < grants_.size(); ++place) {
    const policy::Grant& grant = grants_[place]->for_policy();
    enter(grant.grantee, place);
    if (grant.retiring) enter(*grant.retiring, place);
  }
}

void HeldGrants::enter(const policy::GrantPrincipal& named, std::size_t place) {
  by_name_[named.text].push_back(place);
  if (named.kind == policy::GrantPrincipal::Kind::arn && stranger(named.text).kind == SubjectKind::session)
    of_sessions_.push_back(place);
}

std::vector<const policy::Grant*> HeldGrants::naming(const Subject& subject) const {
  Places places;
  const auto add = [&](const Places& more) { places.insert(places.end(), more.begin(), more.end()); };
  const auto principal = subject.principal();
  if (principal.account.known() && principal.role.known()) {
    const auto add_named = [&](const policy::Attribute<std::string_view>& name) {
      if (!name.known()) return;
      if (const auto at = by_name_.find(*name); at != by_name_.end()) add(at->second);
    };
    add_named(principal.account);
    add_named(principal.role);
    add_named(principal.arn);
    if (!principal.arn.known()) add(of_sessions_);
  } else {
    for (std::size_t place = 0; place < grants_.size(); ++place) places.push_back(place);
  }
  std::ranges::sort(places);
  const auto repeated = std::ranges::unique(places);
  places.erase(repeated.begin(), repeated.end());
  std::vector<const policy::Grant*> grants;
  grants.reserve(places.size());
  for (const auto place : places) grants.push_back(&grants_[place]->for_policy());
  return grants;
}

}  // namespace keyfold::server::access
