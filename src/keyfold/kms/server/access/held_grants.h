#pragma once
// The grants on a key, found by whom they name: of ten thousand principals each is judged by his own.

#include <string_view>
#include <unordered_map>
#include <vector>

#include "keyfold/kms/keys/keys.h"
#include "keyfold/kms/policy/grant.h"
#include "keyfold/kms/server/access/subject.h"

namespace keyfold::server::access {

// Immutable.
class HeldGrants {
 public:
  explicit HeldGrants(std::vector<keys::Grant> grants);

  // All that may be for the subject, as grantee or to be retired by him, as far as is known of him: the others say
  // nothing about him. In the order of the grants.
  std::vector<const policy::Grant*> naming(const Subject& subject) const;

 private:
  using Places = std::vector<std::size_t>;
  void enter(const policy::GrantPrincipal& named, std::size_t place);

  const std::vector<keys::Grant> grants_;
  std::unordered_map<std::string_view, Places> by_name_;  // By ARN or account id; places in grants_.
  Places of_sessions_;                                    // Those that name one session of a role.
};

}  // namespace keyfold::server::access
