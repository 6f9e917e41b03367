#pragma once
// A key store over records and a KMS in memory.

#include "keyfold/envelope/keyrings/fake_kms_test.h"
#include "keyfold/envelope/keystore/key_store.h"
#include "keyfold/envelope/keystore/records_test.h"

namespace keyfold::keystore::testing {

using keyrings::testing::FakeKms;

class Store : public ::testing::Test {
 protected:
  KeyStore store(KmsKeyChoice choice = *KmsKeyChoice::only(key_arn),
                 HierarchyVersion newest_read = HierarchyVersion::one) {
    return KeyStore(records_, kms_, std::move(choice), newest_read, clock_, std::make_shared<SystemRandom>());
  }
  RecordWrapping wrapping(KmsKeyChoice choice = *KmsKeyChoice::only(key_arn)) {
    return RecordWrapping(kms_, std::move(choice), "tenants");
  }
  Record record(std::string_view id, std::string_view type) { return **records_->get(id, type); }
  std::size_t count() { return records_->scan({}, 1000)->size(); }

  std::shared_ptr<MemoryRecords> records_ = std::make_shared<MemoryRecords>();
  std::shared_ptr<FakeKms> kms_ = std::make_shared<FakeKms>(key_arn);
  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
};

}  // namespace keyfold::keystore::testing
