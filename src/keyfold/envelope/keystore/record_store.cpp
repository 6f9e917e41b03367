#include "keyfold/envelope/keystore/record_store.h"

#include "keyfold/core/base/try.h"

namespace keyfold::keystore {
namespace {

constexpr std::size_t page_size = 100;  // Records.

}  // namespace

ScannedRecord scanned(const RecordRow& row) {
  return {.position = {.branch_key_id = std::string(row.branch_key_id), .type = std::string(row.type)},
          .record = read_record(row)};
}

Result<std::vector<ScannedRecord>> records_of(RecordStore& records, std::string_view branch_key_id) {
  TRY(keyrings::check_branch_key_id(branch_key_id));
  std::vector<ScannedRecord> found;
  RecordPosition at{.branch_key_id = std::string(branch_key_id), .type = {}};
  for (bool more = true; more;) {  // Ends: each turn goes on after the last record of the one before.
    TRY_ASSIGN(auto page, records.scan(at, page_size));
    more = page.size() == page_size && page.back().position.branch_key_id == branch_key_id;
    if (more) at = page.back().position;
    for (auto& row : page)
      if (row.position.branch_key_id == branch_key_id) found.push_back(std::move(row));
  }
  if (found.empty())
    return Error{ErrorCode::not_found,
                 "the key store " + records.logical_name() + " has no branch key " + std::string(branch_key_id)};
  return found;
}

}  // namespace keyfold::keystore
