#include "keyfold/envelope/keystore/rewrap.h"

#include "keyfold/core/base/try.h"
#include "keyfold/envelope/keyrings/failures.h"

namespace keyfold::keystore {
namespace {

constexpr std::size_t page_size = 100;  // Records.
constexpr int attempts_max = 3;         // Of one record that others change meanwhile.

// When nobody answers, nobody will for the next record. `internal` stands here for an answer that no record can hold
// (what the KMS says with 5xx comes as `unavailable`): it is about this record, and the next may well go.
bool stops_all(ErrorCode code) { return code != ErrorCode::internal && keyrings::is_no_answer(code); }

Outcome rewrap_one(RecordStore& records, const RecordWrapping& wrapping, Record record) {
  for (int attempt = 1;; ++attempt) {
    RecordWrite write{.record = record, .replaces = record.wrapped_key};
    TRY_ASSIGN(write.record.wrapped_key, wrapping.re_encrypt(record, record));
    auto written = records.write({&write, 1});
    if (written || written.error().code != ErrorCode::conflict || attempt == attempts_max) return written;
    // Somebody rotated or rewrapped it: what is there now is the record to rewrap.
    TRY_ASSIGN(auto now, records.get(record.branch_key_id, record.type));
    if (!now) return Error{ErrorCode::not_found, "the record was removed meanwhile"};
    record = *std::move(now);
  }
}

}  // namespace

Result<RewrapSummary> rewrap(RecordStore& records, const RecordWrapping& wrapping,
                             const std::optional<std::string>& branch_key_id,
                             const std::function<void(const RewrapStep&)>& report) {
  RewrapSummary summary;
  RecordPosition at{.branch_key_id = branch_key_id.value_or(""), .type = {}};
  bool more = true;
  while (more) {  // Ends: each turn goes on after the last record of the one before.
    const auto page = records.scan(at, page_size);
    if (!page) {
      summary.stopped = page.error();
      return summary;
    }
    more = page->size() == page_size;
    for (const auto& [position, record] : *page) {
      more = more && (!branch_key_id || position.branch_key_id == *branch_key_id);
      if (branch_key_id && position.branch_key_id != *branch_key_id) break;
      at = position;
      const auto done = record ? rewrap_one(records, wrapping, *record) : Outcome(record.error());
      const auto error = done ? std::nullopt : std::optional(done.error());
      ++(error ? summary.failed : summary.rewrapped);
      report({.record = position, .error = error});
      if (error && stops_all(error->code)) {
        summary.stopped = error;
        return summary;
      }
    }
  }
  if (branch_key_id && summary.rewrapped + summary.failed == 0)
    return Error{ErrorCode::not_found,
                 "the key store " + records.logical_name() + " has no branch key " + *branch_key_id};
  return summary;
}

}  // namespace keyfold::keystore
