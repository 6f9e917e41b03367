#pragma once
// Everybody who may have access to a key: all users, roles and roots that are served here, whoever the key's policy or
// a grant on it names besides, and an outsider.

#include <vector>

#include "keyfold/kms/identity/snapshot.h"
#include "keyfold/kms/keys/keys.h"
#include "keyfold/kms/server/access/subject.h"

namespace keyfold::server::access {

// All users, roles, and the roots of their accounts and of `account`. By ARN.
std::vector<Subject> everybody(const identity::Snapshot& snapshot, const AccountId& account);
// And those whom the key's policy or its grants name. By ARN.
std::vector<Subject> subjects_of(const identity::Snapshot& snapshot, const keys::Keys& keys,
                                 const keys::KeyRecord& key);
// The one with this ARN; a role's session is known by its role. Fails with `validation` when it is none, and with
// `not_found` when it is of an account that is served here and there is no such user or role.
Result<Subject> subject_of(const identity::Snapshot& snapshot, const AccountId& account, std::string_view arn);

}  // namespace keyfold::server::access
