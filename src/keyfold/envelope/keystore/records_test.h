#pragma once
// Records to test with, and a database in memory.

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <mutex>

#include "keyfold/envelope/keystore/record_store.h"

namespace keyfold::keystore::testing {

inline constexpr std::string_view version_a = "83eec007-5659-4554-bf11-699b90f41ac6";
inline constexpr std::string_view version_b = "0c1d2e3f-1111-4222-8333-444455556666";
inline const std::string key_arn = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";

template <class T>
ErrorCode code(const Result<T>& result) {
  EXPECT_FALSE(result);
  return result ? ErrorCode::internal : result.error().code;
}

inline Record version_record(std::string_view id, std::string_view version = version_a,
                             std::string_view wrapped = "wrapped") {
  return {.branch_key_id = std::string(id),
          .type = std::string(version_type_prefix) + std::string(version),
          .version = {},
          .create_time = "2026-06-03T19:03:29.358000Z",
          .kms_arn = key_arn,
          .hierarchy_version = "1",
          .attributes = {{"aws-crypto-ec:department", "admin"}},
          .wrapped_key = to_bytes(wrapped)};
}
inline Record active_record(std::string_view id, std::string_view version = version_a,
                            std::string_view wrapped = "wrapped") {
  auto record = version_record(id, version, wrapped);
  record.version = record.type;
  record.type = active_type;
  return record;
}
inline Record beacon_record(std::string_view id) {
  auto record = version_record(id);
  record.type = beacon_type;
  return record;
}

// What a scan has found, whose records are all good.
inline std::vector<Record> good(const Result<std::vector<ScannedRecord>>& found) {
  std::vector<Record> records;
  EXPECT_TRUE(found) << found.error().message;
  if (!found) return records;
  for (const auto& [position, record] : *found) {
    EXPECT_TRUE(record) << record.error().message;
    if (record) records.push_back(*record);
  }
  return records;
}

// Keeps the promises of RecordStore, but for the disk.
class MemoryRecords final : public RecordStore {
 public:
  std::function<void()> before_write = [] {};  // To step in between.

  Result<std::optional<Record>> get(std::string_view branch_key_id, std::string_view type) override {
    const std::lock_guard lock(mutex_);
    const auto found = records_.find({std::string(branch_key_id), std::string(type)});
    if (found == records_.end()) return std::optional<Record>();
    auto checked = scanned_of(found->second).record;
    return checked ? Result<std::optional<Record>>(*std::move(checked)) : checked.error();
  }
  Outcome write(std::span<const RecordWrite> writes) override {
    const auto step = before_write;  // It may put another in its place.
    step();
    const std::lock_guard lock(mutex_);
    for (const auto& [record, replaces] : writes) {
      if (auto checked = check_record(record); !checked) return checked;
      const auto found = records_.find({record.branch_key_id, record.type});
      const bool holds =
          replaces ? found != records_.end() && found->second.wrapped_key == *replaces : found == records_.end();
      if (!holds) return Error{ErrorCode::conflict, "changed meanwhile"};
    }
    for (const auto& write : writes) records_[{write.record.branch_key_id, write.record.type}] = write.record;
    return ok();
  }
  Result<std::vector<ScannedRecord>> scan(const RecordPosition& after, std::size_t limit) override {
    const std::lock_guard lock(mutex_);
    std::vector<ScannedRecord> found;
    auto at = records_.upper_bound({after.branch_key_id, after.type});
    for (; at != records_.end() && found.size() < limit; ++at) found.push_back(scanned_of(at->second));
    return found;
  }
  Result<std::vector<ScannedRecord>> scan_active(std::string_view after_id, std::size_t limit) override {
    const std::lock_guard lock(mutex_);
    std::vector<ScannedRecord> found;
    for (const auto& [name, record] : records_)
      if (name.second == active_type && name.first > after_id && found.size() < limit)
        found.push_back(scanned_of(record));
    return found;
  }
  const std::string& logical_name() const override { return name_; }

  // As somebody with the database in hand: no condition, no check.
  void put(Record record) {
    const std::lock_guard lock(mutex_);
    records_[{record.branch_key_id, record.type}] = std::move(record);
  }

 private:
  static ScannedRecord scanned_of(const Record& record) {
    const auto checked = check_record(record);
    return {.position = {.branch_key_id = record.branch_key_id, .type = record.type},
            .record = checked ? Result<Record>(record) : checked.error()};
  }

  const std::string name_ = "tenants";
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Record> records_;
};

}  // namespace keyfold::keystore::testing
