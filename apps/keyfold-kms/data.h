#pragma once
// Data: everything a KMS holds, opened in the one order that is safe: directory and lock, store, root key, sealed store
// (which verifies every record), callers, keys, audit log, outbox. Closed in the reverse order.

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "keyfold/core/base/clock.h"
#include "keyfold/core/base/log.h"
#include "keyfold/core/base/random.h"
#include "keyfold/kms/audit/log.h"
#include "keyfold/kms/identity/directory.h"
#include "keyfold/kms/keys/keys.h"
#include "keyfold/kms/storage/data_directory.h"
#include "keyfold/kms/storage/store.h"
#include "keyfold/kms/vault/root_key.h"
#include "keyfold/kms/vault/sealed_store.h"

namespace keyfold::app {

struct DataOptions {
  std::filesystem::path directory;               // Empty: in memory, with an audit log in a temporary directory.
  std::optional<vault::RootKeySource> root_key;  // Needed with a directory.
  vault::Mode mode = vault::Mode::production;
  audit::Sync sync = audit::Sync::always;
  std::vector<AccountId> accounts;  // The first is a development server's own.
};

// What everything is handed. Outlives all of it.
struct World {
  const Clock& clock;
  Random& random;
  Log& log;
};

class Data {
 public:
  // Fails, with nothing changed, as the parts do: the message names file and reason.
  static Result<std::unique_ptr<Data>> open(DataOptions options, World world);
  ~Data();
  Data(const Data&) = delete;
  Data& operator=(const Data&) = delete;

  keys::Keys& keys() { return *keys_; }
  audit::AuditLog& audit() { return *audit_; }
  storage::Outbox& outbox() { return *sealed_; }
  identity::Directory& callers() { return *callers_; }
  // Null in memory.
  const storage::DataDirectory* directory() const { return directory_ ? &*directory_ : nullptr; }
  // The accounts that have access keys, in order. Fails with `io`.
  Result<std::vector<AccountId>> accounts() const;
  bool empty() const { return empty_; }  // Nothing was in it when it was opened.

 private:
  explicit Data(DataOptions options) : options_(std::move(options)) {}
  Outcome open_store(World world);
  Outcome open_audit(World world);
  Result<audit::LogId> own_log_id(Random& random);

  const DataOptions options_;
  std::optional<storage::DataDirectory> directory_;
  std::filesystem::path temporary_;  // To be removed.
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<vault::SealedStore> sealed_;
  std::unique_ptr<identity::Directory> callers_;
  std::unique_ptr<keys::Keys> keys_;
  std::unique_ptr<audit::AuditLog> audit_;
  bool empty_ = false;
};

}  // namespace keyfold::app
