#pragma once
// SealedStore: a Store whose records are sealed, whole, and bound to their names, versions and to one another. Whoever
// can read the store learns names and sizes; whoever can write to it is found out when it is opened, and the records
// are named. docs/formats/sealed-record.md and sealed-head.md have the formats and the reasons.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/random.h"
#include "keyfold/core/base/result.h"
#include "keyfold/core/base/secret.h"
#include "keyfold/kms/storage/outbox.h"
#include "keyfold/kms/storage/store.h"
#include "keyfold/kms/vault/ids.h"
#include "keyfold/kms/vault/record_name.h"
#include "keyfold/kms/vault/root_key.h"
#include "keyfold/kms/vault/sealed_token.h"

namespace keyfold::vault {

// Who may open a data directory: a development server's is not a production server's, nor the other way round.
enum class Mode : std::uint8_t { production = 1, dev = 2 };

// A record as it lies in the store. Not secret: may be kept in memory, and opened when it is needed.
struct SealedRecord {
  RecordName name;
  std::uint64_t version = 0;
  Bytes sealed;
};

// A record's value, opened. `value` lives as long as the call that hands it over, and is wiped after it.
struct OpenedRecord {
  const RecordName& name;
  std::uint64_t version;
  BytesView value;
};

// One record's part in a commit.
struct Change {
  RecordName name;
  std::uint64_t expected_version = 0;  // As read; 0: the record must be absent.
  std::optional<BytesView> value;      // None: the record is removed. Must live until commit() returns; is not kept.
};

struct Committed {
  std::uint64_t revision = 0;         // The version of everything that was written.
  std::vector<SealedRecord> records;  // What was written, in the order of the changes that have a value.
};

// Safe to use from several threads. Commits happen one after another.
class SealedStore : public storage::Outbox {
 public:
  // Opens what `store` holds, verifying every record; makes it when the store is empty. `store` and `random` must
  // outlive it. Fails, having changed nothing, with
  //  `authentication`  when it is not this root key's store;
  //  `invalid_input`   when it was made in the other mode, or by a newer version;
  //  `corrupt`         when records were edited, exchanged, dropped, put back or added: the message names them.
  static Result<std::unique_ptr<SealedStore>> open(storage::Store& store, RootKey root, Random& random, Mode mode);

  // Hands every record of a type over, by name; stops at the first failure and returns it. `corrupt` when a record is
  // no longer the one that was verified or written here.
  virtual Outcome scan(RecordType type, const std::function<Outcome(const OpenedRecord&)>& visit) = 0;
  virtual Outcome scan_sealed(RecordType type, const std::function<Outcome(SealedRecord)>& visit) = 0;
  // The record's sealed form, or none.
  virtual Result<std::optional<SealedRecord>> get(const RecordName& name) = 0;

  // Opens a record that this store handed out. Allocates nothing but the secret's cell. Takes no lock that a commit
  // holds while it waits for the disk. Fails with `authentication` when it was altered, `unavailable` when the secret
  // arena is full.
  virtual Result<SecretBytes> open_secret(const SealedRecord& record) const = 0;

  // Seals and writes `changes`, and `events` to the outbox, in one Store transaction. On disk when it returns. The
  // events of one commit leave the outbox in the order of their ids. Fails with `conflict`, naming the record, when one
  // does not have its expected version; with whatever the health check fails with; with `io` as Store::commit. Then
  // nothing has changed.
  virtual Result<Committed> commit(std::span<const Change> changes, std::span<const storage::OutboxRecord> events) = 0;
  // With one event, or none.
  Result<Committed> commit(std::span<const Change> changes, const storage::OutboxRecord* event) {
    return commit(changes, std::span(event, event == nullptr ? 0 : 1));
  }
  // Called before every commit that has an event, under the commit lock: "is the audit log healthy?". It must not call
  // the store. Set once, before the store is shared.
  virtual void set_health_check(std::function<Outcome()> check) = 0;

  // Seals a token that says `value`, for whoever holds it to bring back. `label` says what for and is a constant of the
  // caller's: "keyfold/session-token/v1". The scope's storage key is made, in a commit of its own, when there is none.
  // Fails with `invalid_input` when `value` is too large, else as commit().
  virtual Result<Bytes> seal_token(std::string_view label, const TokenScope& scope, BytesView value) = 0;
  // What a token of this store says that was sealed under this label. Takes no lock that a commit holds. `token` may be
  // anything: fails with `invalid_input` when it is no token, `authentication` when it was altered or is of another
  // store or label, `unavailable` when the secret arena is full.
  virtual Result<SecretBytes> open_token(std::string_view label, BytesView token) const = 0;

  // Completes a destruction: after the commit that removed key material, makes its (sealed) bytes leave the store's
  // files. Opening a store does the same, so that a crash in between leaves nothing behind for long. Fails as
  // Store::truncate_log.
  virtual Outcome truncate_log() = 0;

  virtual std::uint64_t revision() const = 0;
  virtual const StoreId& id() const = 0;
  virtual Mode mode() const = 0;
};

}  // namespace keyfold::vault
