#pragma once
// `keyfold admin` without a server: the same commands (server/admin.h), on the data itself. The data directory's lock
// sees to it that no server runs meanwhile.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "keyfold/core/base/named.h"
#include "keyfold/kms/vault/root_key.h"
#include "keyfold/kms/vault/sealed_store.h"

namespace keyfold::app {

struct AdminTarget {
  std::filesystem::path data;
  vault::RootKeySource root_key;
  std::vector<AccountId> accounts;  // Empty: those that the data has. With one, commands need not say which.
  vault::Mode mode = vault::Mode::production;
};

// The reply's line to one command's line; both as server/admin.h has them. It may hold a secret access key: wipe it
// after use. Fails as Data::open does: `unavailable`, naming the process, while a server runs; `authentication` for a
// wrong root key; `not_found` when there is no data. Makes no data of its own.
Result<std::string> run_admin(AdminTarget target, std::string_view command);

}  // namespace keyfold::app
