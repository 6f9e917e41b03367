#include "keyfold/kms/keys/material.h"

#include <gtest/gtest.h>

#include "keyfold/kms/keys/keys_world.h"

namespace keyfold::keys {
namespace {

Outcome look(BytesView material) {
  return material.size() == material_size ? ok() : Outcome(Error{ErrorCode::internal, "size"});
}

TEST(MaterialCache, HoldsAtMostItsCapacityAndDropsWhatItIsTold) {
  World world;
  Directory directory;
  MaterialCache cache(*world.store, directory);
  std::vector<Keys::Record> keys;
  for (std::size_t i = 0; i < MaterialCache::capacity + 200; ++i) {
    keys.push_back(world.create());
    directory.put(keys.back());
    ASSERT_TRUE(cache.with(*keys.back(), keys.back()->current(), look));
    EXPECT_LE(cache.size(), MaterialCache::capacity);
  }
  EXPECT_GT(cache.size(), MaterialCache::capacity / 2);
  const auto before = cache.size();
  cache.drop(*keys.back());
  EXPECT_EQ(cache.size(), before - 1);
  for (const auto& key : keys) cache.drop(*key);
  EXPECT_EQ(cache.size(), 0U);
}

TEST(MaterialCache, KeepsNothingOfAKeyThatIsGoneOrHasChanged) {
  World world;
  Directory directory;
  MaterialCache cache(*world.store, directory);
  const auto key = world.create();
  ASSERT_TRUE(cache.with(*key, key->current(), look));  // The directory does not have it.
  EXPECT_EQ(cache.size(), 0U);
  auto next = *key;
  ++next.epoch;
  directory.put(std::make_shared<const KeyRecord>(next));
  ASSERT_TRUE(cache.with(*key, key->current(), look));
  EXPECT_EQ(cache.size(), 0U);
}

TEST(MaterialCache, RefusesAMaterialThatIsNotTheOneItsIdNames) {
  World world;
  Directory directory;
  MaterialCache cache(*world.store, directory);
  const auto key = world.create();
  directory.put(key);
  auto renamed = *key;
  renamed.materials[0].id[0] ^= std::byte{1};
  const auto outcome = cache.with(renamed, renamed.materials[0], look);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::corrupt);
  EXPECT_EQ(cache.size(), 0U);
}

TEST(MaterialId, BindsTheKeyId) {
  const auto material = must(SecretBytes::copy_of(Bytes(32, std::byte{1})));
  EXPECT_NE(must(material_id_of(material, *KeyId::parse("00000000-0000-0000-0000-000000000000"))),
            must(material_id_of(material, *KeyId::parse("00000000-0000-0000-0000-000000000001"))));
}

}  // namespace
}  // namespace keyfold::keys
