#pragma once
// Rewrapping: when a KMS key was rotated, its branch keys are re-encrypted to the current material, record by record;
// the messages under them stay as they are. Each record is compared and swapped on its wrapped key: run it twice, break
// it off, or run it beside a rotation, and every record is still whole, under the old material or the new.
//
// Whoever does it needs to write the database, and kms:ReEncryptFrom and kms:ReEncryptTo on the KMS key. Not Decrypt:
// no branch key is seen in clear.

#include <functional>
#include <optional>
#include <string>

#include "keyfold/envelope/keystore/record_store.h"
#include "keyfold/envelope/keystore/record_wrapping.h"

namespace keyfold::keystore {

// What became of one record.
struct RewrapStep {
  const RecordPosition& record;       // Which.
  const std::optional<Error>& error;  // Nothing: it was rewrapped.
};

struct RewrapSummary {
  std::uint64_t rewrapped = 0;  // Records.
  std::uint64_t failed = 0;
  // Nobody answered (`unavailable` and the like), or the database failed: the records after that were not tried.
  std::optional<Error> stopped;
};

// All records of the store, or of one branch key; `report` hears of each as it is done. A record that was refused, or
// that is none, does not keep the others from being tried. Fails with `not_found` when there is no such branch key.
Result<RewrapSummary> rewrap(RecordStore& records, const RecordWrapping& wrapping,
                             const std::optional<std::string>& branch_key_id,
                             const std::function<void(const RewrapStep&)>& report);

}  // namespace keyfold::keystore
