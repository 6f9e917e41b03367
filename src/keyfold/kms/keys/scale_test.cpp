// 100,000 keys in one process: that it works, and what a look-up and a write then cost (printed, not gated).

#include <gtest/gtest.h>

#include <chrono>
#include <iostream>

#include "keyfold/kms/keys/directory.h"
#include "keyfold/kms/keys/keys_world.h"

namespace keyfold::keys {
namespace {

template <class Work>
double microseconds(std::size_t times, Work&& work) {
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < times; ++i) work(i);
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count() /
         static_cast<double>(times);
}

TEST(Directory, HoldsAHundredThousandKeys) {
  constexpr std::size_t count = 100'000;
  World world;
  const auto model = world.create();
  Directory directory;
  std::vector<Directory::Key> keys;
  for (std::size_t i = 0; i < count; ++i) {
    auto key = *model;
    key.id = world.keys->new_key_id(MultiRegion::no);
    key.arn = key_arn(key.place.region, key.place.account, key.id);
    keys.push_back(std::make_shared<const KeyRecord>(std::move(key)));
  }
  const auto load = microseconds(count, [&](std::size_t i) { directory.put(keys[i]); });
  EXPECT_EQ(directory.size(), count);
  std::size_t found = 0;
  const auto find = microseconds(count, [&](std::size_t i) {
    found += directory.find(keys[i * 7919 % count]->arn) == keys[i * 7919 % count] ? 1 : 0;
  });
  EXPECT_EQ(found, count);
  const auto write = microseconds(1000, [&](std::size_t i) {
    auto next = *keys[i];
    ++next.epoch;
    directory.put(std::make_shared<const KeyRecord>(std::move(next)));
  });
  EXPECT_EQ(directory.size(), count);
  EXPECT_EQ(directory.find(keys[0]->arn)->epoch, keys[0]->epoch + 1);
  EXPECT_EQ(directory.list_keys(world.place, std::nullopt, count + 1).size(), count);
  std::cout << "100,000 keys: load " << load << " us a key, find " << find << " us, replace " << write << " us\n";
}

}  // namespace
}  // namespace keyfold::keys
