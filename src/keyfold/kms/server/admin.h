#pragma once
// Administration of callers: users, their access keys, the accounts' roots. One command is one line of JSON, and so is
// its reply:
//   {"command":"user-add","account":"123456789012","user":"ledger-writer","administrator":false}
//   → {"ok":true,"account":…,"user":…,"arn":…,"access_key_id":"AKIA…","secret_access_key":"…"}   (shown this once)
//   user-list, key-list    → {"ok":true,"users":[…]} / {"ok":true,"keys":[{"access_key_id","user","status","created"}]}
//   user-remove            user
//   key-add                user (without: the root's)      → as user-add
//   key-activate, key-deactivate, key-remove               access_key_id
//   reset-root             offline only                    → as user-add; all former root keys are gone
// A failure is {"ok":false,"error":"…"}. "account" may be left out when the server has one account.
// Every command that changes something is audited as an event of type KeyfoldAdmin, in the same transaction.

#include <string>
#include <string_view>
#include <vector>

#include "keyfold/core/base/clock.h"
#include "keyfold/core/base/random.h"
#include "keyfold/kms/audit/event.h"
#include "keyfold/kms/audit/log.h"
#include "keyfold/kms/identity/directory.h"
#include "keyfold/kms/keys/keys.h"

namespace keyfold::server {

// Who administers: the operating system's word for it. It stands in the audit record.
struct Administrator {
  std::string name;  // "uid 1000"
  enum class Where : std::uint8_t { socket, offline } where = Where::socket;
};

// Safe to use from several threads.
class Admin {
 public:
  // Everything given outlives it.
  Admin(identity::Administration& directory, audit::AuditLog& audit, storage::Outbox& outbox, const Clock& clock,
        Random& random, std::vector<AccountId> accounts)
      : directory_(directory),
        audit_(audit),
        outbox_(outbox),
        clock_(clock),
        random_(random),
        accounts_(std::move(accounts)) {}

  // The reply to one command, without a newline at its end. It may hold a secret access key: wipe it after use.
  std::string execute(std::string_view command, const Administrator& by);

 private:
  struct Command;
  struct Target;
  Result<std::string> perform(const Command& command, const Administrator& by);
  Result<std::string> add_user(const Command& command, const Administrator& by);
  Result<std::string> add_key(const Command& command, const Administrator& by);
  Result<std::string> reset_root(const Command& command, const Administrator& by);
  std::string list_users(const AccountId& account) const;
  std::string list_keys(const AccountId& account) const;
  keys::OutboxRecord event(const Command& command, std::string_view name, std::string_view access_key,
                           const Administrator& by);
  keys::OutboxRecord event(const Command& command, std::string_view name, std::string_view access_key,
                           const Administrator& by, std::string_view id) const;
  Outcome record();  // What was just committed.

  identity::Administration& directory_;
  audit::AuditLog& audit_;
  storage::Outbox& outbox_;
  const Clock& clock_;
  Random& random_;
  const std::vector<AccountId> accounts_;
};

}  // namespace keyfold::server
