#pragma once
// RecordStore: the database under a key store, as little of it as it takes. SQLite (sqlite/sqlite_records.h) and
// PostgreSQL (postgresql/postgresql_records.h) implement it; one contract test holds both to what stands here.
//
// It is not trusted with secrets (keys are wrapped), nor with integrity (the KMS notices what was edited). It can lose
// records, and it can put old ones back: keep copies of it, and rights to write it few.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "keyfold/envelope/keystore/record.h"

namespace keyfold::keystore {

// Which record, as the database names it. Where a scan goes on: after this one; both empty: from the start.
struct RecordPosition {
  std::string branch_key_id, type;
};

// What a scan finds. A record that is none is `corrupt`, in its place: it keeps nobody from the others.
struct ScannedRecord {
  RecordPosition position;
  Result<Record> record;
};
ScannedRecord scanned(const RecordRow& row);

struct RecordWrite {
  Record record;
  // What the stored record must hold as its wrapped key; nothing: there must be no record of that name yet.
  std::optional<Bytes> replaces;
};

// Safe to use from several threads, and by several processes, at once. Each fails with `unavailable` when the database
// cannot be reached or is busy for too long, `access_denied` when it refuses us, `io` when it fails otherwise;
// get(), with `corrupt` when the record is none.
class RecordStore {
 public:
  virtual ~RecordStore() = default;

  virtual Result<std::optional<Record>> get(std::string_view branch_key_id, std::string_view type) = 0;

  // All of it or nothing; on disk when it returns. Fails with `conflict`, and then changed nothing, when one of the
  // conditions does not hold. After `unavailable` it is not known whether it was done.
  virtual Outcome write(std::span<const RecordWrite> writes) = 0;

  // The records after that one, in the order of the bytes of branch key id and then type: up to `limit`, which is at
  // least 1. What is written meanwhile may or may not be among them.
  virtual Result<std::vector<ScannedRecord>> scan(const RecordPosition& after, std::size_t limit) = 0;
  // Likewise, the active record of each branch key whose id comes after that one.
  virtual Result<std::vector<ScannedRecord>> scan_active(std::string_view after_id, std::size_t limit) = 0;

  // The store's name, bound into every record: given when the store was made, and again by whoever opens it.
  virtual const std::string& logical_name() const = 0;
};

// Every record of one branch key. Fails with `not_found` when there is none, or as scan() does.
Result<std::vector<ScannedRecord>> records_of(RecordStore& records, std::string_view branch_key_id);

}  // namespace keyfold::keystore
