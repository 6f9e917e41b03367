#pragma once
// Everybody who may have access to a key: all users and roles of its account, its root, whoever the key's policy or a
// grant on it names besides, and an outsider. Of other accounts nothing is told, though they may be served here: their
// users and policies are not this account's to know.

#include <vector>

#include "keyfold/kms/identity/snapshot.h"
#include "keyfold/kms/keys/keys.h"
#include "keyfold/kms/server/access/subject.h"

namespace keyfold::server::access {

// All users and roles of the account, and its root. By ARN.
std::vector<Subject> everybody(const identity::Snapshot& snapshot, const AccountId& account);
// Whom the key's policy or its grants name and who is not among everybody of its account; and an outsider. By ARN.
std::vector<Subject> others_of(const identity::Snapshot& snapshot, const keys::Keys& keys, const keys::KeyRecord& key);
// Both, by ARN.
std::vector<Subject> people_of(const identity::Snapshot& snapshot, const keys::Keys& keys, const keys::KeyRecord& key);
// The one with this ARN: a stranger when he is of another account than this; a role's session is known by its role.
// Fails with `validation` when it is no principal's ARN, and with `not_found` when there is no such user or role in the
// account.
Result<Subject> subject_of(const identity::Snapshot& snapshot, const AccountId& account, std::string_view arn);

}  // namespace keyfold::server::access
