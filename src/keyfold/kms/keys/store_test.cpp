// What stays in the store, and what does not.

#include <gtest/gtest.h>

#include <algorithm>

#include "keyfold/kms/keys/keys_world.h"
#include "keyfold/kms/keys/record_codec.h"

namespace keyfold::keys {
namespace {

// Hands out material that can be recognised.
class PlantedRandom final : public Random {
 public:
  void fill(std::span<std::byte> out) override {
    if (out.size() == 32)
      std::ranges::fill(out, std::byte{0x5a});
    else
      source_.fill(out);
  }

 private:
  SeededRandom source_{7};
};

void expect_same(const KeyRecord& a, const KeyRecord& b) {
  EXPECT_EQ(a.arn, b.arn);
  EXPECT_EQ(a.place, b.place);
  EXPECT_EQ(a.epoch, b.epoch);
  EXPECT_EQ(write_key(a), write_key(b));
  ASSERT_EQ(a.materials.size(), b.materials.size());
  for (std::size_t i = 0; i < a.materials.size(); ++i) {
    EXPECT_EQ(a.materials[i].sealed->sealed, b.materials[i].sealed->sealed);
    EXPECT_EQ(a.materials[i].rotation_index, b.materials[i].rotation_index);
  }
}

TEST(Store, ReopensToTheSameState) {
  World world;
  auto plain = world.create();
  auto busy = world.create(world.place, {{.key = "t\xc3\xa4g", .value = "v"}}, MultiRegion::primary);
  const auto blob = world.encrypt(*busy, "kept");
  must(world.create_alias("alias/busy", *busy));
  busy = world.rotate(*world.rotate(*busy));
  busy = must(world.keys->enable_rotation(world.permit<op::EnableKeyRotation>(*busy), 100, world.event()));
  busy = must(world.keys->update_description(world.permit<op::UpdateKeyDescription>(*busy), "busy", world.event()));
  plain = world.schedule_deletion(*plain, 11);
  const auto alias = must(world.keys->find_alias(world.place, world.alias("alias/busy")));
  world.reopen();
  EXPECT_EQ(world.keys->size(), 2U);
  expect_same(*plain, *world.now(*plain));
  expect_same(*busy, *world.now(*busy));
  const auto alias_now = must(world.keys->find_alias(world.place, world.alias("alias/busy")));
  EXPECT_EQ(write_alias(alias_now), write_alias(alias));
  EXPECT_EQ(alias_now.epoch, alias.epoch);
  busy = world.now(*busy);
  EXPECT_EQ(must(world.decrypt(*busy, blob)), "kept");
  world.clock.advance(std::chrono::days(100));
  EXPECT_EQ(world.keys->due_rotations(10), std::vector<KeyArn>{busy->arn});
  EXPECT_EQ(world.keys->due_deletions(10), std::vector<KeyArn>{plain->arn});
  // And goes on being written.
  world.disable(*busy);
}

TEST(Store, NowhereHoldsAMaterialInTheClear) {
  World world;
  PlantedRandom random;
  world.keys = must(Keys::open(*world.store, world.clock, random));
  auto key = world.create();
  key = world.rotate(*key);
  must(world.create_alias("alias/x", *key));
  Bytes blob;
  must(world.keys->generate_data_key(world.permit<op::GenerateDataKey>(*key), 32, {}, blob));
  must(world.keys->keep_witnessed_time());
  const Bytes planted(16, std::byte{0x5a});
  const auto records = must(world.memory->scan("", "", 1000));
  EXPECT_GE(records.size(), 4U);
  for (const auto& record : records) EXPECT_TRUE(std::ranges::search(record.value, planted).empty()) << record.name;
  EXPECT_TRUE(std::ranges::search(blob, planted).empty());
}

TEST(Store, RefusesEveryTruncationOfARecord) {
  World world;
  auto key = world.create(world.place, {{.key = "a", .value = "b"}});
  key = world.schedule_deletion(*key);
  must(world.create_alias("alias/x", *world.create()));
  const auto alias = must(world.keys->find_alias(world.place, world.alias("alias/x")));
  const auto key_value = write_key(*key), alias_value = write_alias(alias), witness_value = write_witness({});
  for (std::size_t length = 0; length < key_value.size(); ++length)
    EXPECT_EQ(code_of(read_key(key_name(*key), 1, BytesView(key_value).first(length))), ErrorCode::corrupt);
  for (std::size_t length = 0; length < alias_value.size(); ++length)
    EXPECT_EQ(code_of(read_alias(alias_name(alias.place, alias.name), 1, BytesView(alias_value).first(length))),
              ErrorCode::corrupt);
  for (std::size_t length = 0; length < witness_value.size(); ++length)
    EXPECT_EQ(code_of(read_witness(BytesView(witness_value).first(length))), ErrorCode::corrupt);
  auto longer = key_value;
  longer.push_back(std::byte{0});
  EXPECT_EQ(code_of(read_key(key_name(*key), 1, longer)), ErrorCode::corrupt);
}

TEST(Store, RefusesRecordsOfEveryOtherFormatVersion) {
  World world;
  const auto key = world.create();
  must(world.create_alias("alias/x", *key));
  const auto alias = must(world.keys->find_alias(world.place, world.alias("alias/x")));
  auto key_value = write_key(*key), alias_value = write_alias(alias), witness_value = write_witness({});
  for (int version = 0; version < 256; ++version) {
    key_value[0] = alias_value[0] = witness_value[0] = static_cast<std::byte>(version);
    EXPECT_EQ(read_key(key_name(*key), 1, key_value).has_value(), version == 1) << version;
    EXPECT_EQ(read_alias(alias_name(alias.place, alias.name), 1, alias_value).has_value(), version == 1) << version;
    EXPECT_EQ(read_witness(witness_value).has_value(), version == 1) << version;
  }
}

}  // namespace
}  // namespace keyfold::keys
