// Records: what they must have, and the contexts that they are bound to.

#include "keyfold/envelope/keystore/record.h"

#include "keyfold/envelope/keystore/records_test.h"

namespace keyfold::keystore {
namespace {

using namespace keyfold::keystore::testing;

Result<Record> read_back(const Record& record, const std::optional<Bytes>& attributes = {}) {
  const auto written = attributes ? *attributes : *write_attributes(record.attributes);
  return read_record({.branch_key_id = record.branch_key_id,
                      .type = record.type,
                      .version = record.version,
                      .create_time = record.create_time,
                      .kms_arn = record.kms_arn,
                      .hierarchy_version = record.hierarchy_version,
                      .attributes = written,
                      .wrapped_key = record.wrapped_key});
}

TEST(Record, IsReadAsItIsWritten) {
  for (const auto& record : {active_record("a"), version_record("a"), beacon_record("a")}) {
    const auto again = read_back(record);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(*again, record);
  }
}

TEST(Record, IsRefusedWhenAnythingInItIsNotAsTheSpecificationSays) {
  const auto refused = [](auto change, Record record = active_record("a")) {
    change(record);
    const auto read = read_back(record);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::corrupt);
  };
  refused([](Record& r) { r.branch_key_id.clear(); });
  refused([](Record& r) { r.branch_key_id = "\xff"; });
  refused([](Record& r) { r.branch_key_id.assign(keyrings::branch_key_id_size_max + 1, 'a'); });
  for (const auto* type :
       {"", "branch:active", "branch:version:", "branch:version:x", "beacon:", "branch:MUTATION_INDEX"})
    refused([&](Record& r) { r.type = type; });
  refused([](Record& r) { r.version.clear(); });
  refused([](Record& r) { r.version = version_a; });
  refused([](Record& r) { r.version = std::string(version_type_prefix) + "83EEC007-5659-4554-bf11-699b90f41ac6"; });
  refused([](Record& r) { r.version = std::string(version_type_prefix) + std::string(version_a); },
          version_record("a"));
  refused([](Record& r) { r.version = std::string(version_type_prefix) + std::string(version_a); }, beacon_record("a"));
  refused([](Record& r) { r.create_time.clear(); });
  refused([](Record& r) { r.create_time.assign(65, '0'); });
  refused([](Record& r) { r.create_time = "\xff"; });
  for (const auto* arn :
       {"", "alias/a", "arn:aws:kms:eu-central-1:123456789012:alias/a", "1234abcd-12ab-34cd-56ef-1234567890ab"})
    refused([&](Record& r) { r.kms_arn = arn; });
  for (const auto* version : {"", "0", "3", "1.0", "01", "one"})
    refused([&](Record& r) { r.hierarchy_version = version; });
  refused([](Record& r) { r.wrapped_key.clear(); });
  refused([](Record& r) { r.wrapped_key.resize(wrapped_key_size_max + 1); });
  // A field among the attributes would shadow the real one.
  for (const auto* name :
       {"branch-key-id", "type", "version", "create-time", "kms-arn", "hierarchy-version", "tablename", "enc", ""})
    refused([&](Record& r) { r.attributes = {{name, "x"}}; });
  auto at_the_limit = active_record("a");
  at_the_limit.wrapped_key.resize(wrapped_key_size_max);
  at_the_limit.branch_key_id.assign(keyrings::branch_key_id_size_max, 'a');
  EXPECT_TRUE(read_back(at_the_limit));
}

TEST(Record, IsRefusedWithAttributesThatAreCutShortOrGoOn) {
  const auto record = active_record("a");
  auto bytes = *write_attributes(record.attributes);
  for (std::size_t size = 1; size < bytes.size(); ++size)
    EXPECT_FALSE(read_back(record, Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)))) << size;
  bytes.push_back(std::byte{0});
  EXPECT_FALSE(read_back(record, bytes));
}

// Spec: framework/branch-key-store.md, "Encryption Context", and the example at the end of that page.
TEST(Record, IsBoundToEverythingInItButTheWrappedKey) {
  const EncryptionContext version_context = {
      {"branch-key-id", "bbb9baf1-03e6-4716-a586-6bf29995314b"},
      {"type", "branch:version:83eec007-5659-4554-bf11-699b90f41ac6"},
      {"create-time", "2026-06-03T19:03:29.358000Z"},
      {"tablename", "tenants"},
      {"kms-arn", key_arn},
      {"hierarchy-version", "1"},
      {"aws-crypto-ec:department", "admin"},
  };
  const std::string_view id = "bbb9baf1-03e6-4716-a586-6bf29995314b";
  EXPECT_EQ(context_of(version_record(id), "tenants"), version_context);
  // As docs/formats/branch-key-records.md has it.
  EXPECT_EQ(to_hex(*write_attributes(version_record(id).attributes)),
            "000100186177732d63727970746f2d65633a6465706172746d656e74000561646d696e");
  auto active = version_context;
  active.set("type", "branch:ACTIVE");
  active.set("version", "branch:version:83eec007-5659-4554-bf11-699b90f41ac6");
  EXPECT_EQ(context_of(active_record(id), "tenants"), active);
  auto beacon = version_context;
  beacon.set("type", "beacon:ACTIVE");
  EXPECT_EQ(context_of(beacon_record(id), "tenants"), beacon);
  // Any attribute beside is in it too, as it stands.
  auto more = version_record(id);
  more.attributes.set("note", "made by hand");
  auto more_context = version_context;
  more_context.set("note", "made by hand");
  EXPECT_EQ(context_of(more, "tenants"), more_context);
  EXPECT_EQ(custom_context_of(more), (EncryptionContext{{"department", "admin"}}));
}

TEST(Record, NamesItsVersion) {
  EXPECT_EQ(keyrings::to_string(version_of(active_record("a"))), version_a);
  EXPECT_EQ(keyrings::to_string(version_of(version_record("a", version_b))), version_b);
  EXPECT_EQ(kind_of(active_record("a")), RecordKind::active);
  EXPECT_EQ(kind_of(version_record("a")), RecordKind::version);
  EXPECT_EQ(kind_of(beacon_record("a")), RecordKind::beacon);
}

TEST(Record, WritesTheTimeToTheMicrosecond) {
  const Timestamp second(std::chrono::seconds(1'780'513'409));
  EXPECT_EQ(create_time_of(second), "2026-06-03T19:03:29.000000Z");
  EXPECT_EQ(create_time_of(second + Duration(7)), "2026-06-03T19:03:29.000007Z");
  EXPECT_EQ(create_time_of(second + Duration(358'000)), "2026-06-03T19:03:29.358000Z");
  EXPECT_EQ(create_time_of(second + Duration(999'999)), "2026-06-03T19:03:29.999999Z");
}

}  // namespace
}  // namespace keyfold::keystore
